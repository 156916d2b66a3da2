"""The folders in which Helm runs. Helm may write there, and no file of Polyhelm is in them."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from app.core.threads import in_thread

_LOCK = "lock"


class Runs:
    """Each process has a folder within `root`, with a lock that ends with the process, and in it a folder for each
    run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._own: Path | None = None
        self._lock = -1

    @asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """A folder for one run."""
        folder = Path(tempfile.mkdtemp(dir=self._home()))
        try:
            yield folder
        finally:
            # A member's discovery can fill it with files. A caller that is cancelled again does not leave them behind.
            await asyncio.shield(in_thread(shutil.rmtree, folder, ignore_errors=True))

    def _home(self) -> Path:
        if self._own is None:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _locked(self._root / _LOCK):  # no other process mistakes a folder that has no lock yet for a leftover
                own = Path(tempfile.mkdtemp(dir=self._root))
                self._lock = os.open(own / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._own = own
        return self._own

    def close(self) -> None:
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            os.close(self._lock)
            self._own = None

    def sweep(self) -> None:
        """Removes the folders of processes that have ended."""
        if not self._root.exists():
            return
        with _locked(self._root / _LOCK):
            for folder in self._root.iterdir():
                if folder.is_dir() and _is_left_behind(folder):
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_left_behind(folder: Path) -> bool:
    """Whether no process holds the folder's lock. A folder of an older version of Polyhelm has no lock."""
    with suppress(FileNotFoundError):
        descriptor = os.open(folder / _LOCK, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
    return True
