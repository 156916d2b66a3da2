"""Processes of Polyhelm's, forked from one that has everything imported: to import it is most of their start."""

import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from app.program.cli import main

_WRITE = os.O_WRONLY | os.O_CREAT
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        *(__name__, "app.durable.engine", "app.program.processes", "tests.reconcilers.crashing_worker"),
        *("cli.client", "cli.manifest", "cli.progress", "encodings.idna", "rich.live", "semver", "typer._adapters"),
        "tests.preloaded",
    ]
)


class Fork:
    """As `asyncio.subprocess.Process`, as far as tests need it."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Raises ProcessLookupError where it has ended."""
        if self._process.exitcode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int | None:
        if self._process.exitcode is None:
            loop, has_ended = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(self._process.sentinel, has_ended.set)
            try:
                await has_ended.wait()
            finally:
                loop.remove_reader(self._process.sentinel)
        return self._process.exitcode


def forked(target: Callable[..., None], *arguments: Any, environment: Mapping[str, str]) -> Fork:
    """Runs a function of a module in a process that has this environment and no other."""
    process = _FORKS.Process(target=_run, args=(dict(environment), target, arguments))
    process.start()
    return Fork(process)


def polyhelm(*arguments: str, environment: Mapping[str, str]) -> Fork:
    """Runs the program."""
    return forked(_main, *arguments, environment=environment)


async def finished(
    *arguments: str, environment: Mapping[str, str], folder: Path, stdin: bytes = b""
) -> tuple[int, bytes, bytes]:
    """Runs the program in a folder to its end; gives its exit code and what it wrote to both outputs."""
    with tempfile.TemporaryDirectory() as kept:
        streams = [Path(kept, name) for name in ("in", "out", "err")]
        streams[0].write_bytes(stdin)
        process = await asyncio.to_thread(forked, _main_in, folder, streams, *arguments, environment=environment)
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        assert code is not None
        return code, streams[1].read_bytes(), streams[2].read_bytes()


def _run(environment: Mapping[str, str], target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)


def _main(*arguments: str) -> None:
    sys.argv = ["polyhelm", *arguments]
    main()


def _main_in(folder: Path, streams: Sequence[Path], *arguments: str) -> None:
    os.chdir(folder)
    for number, (path, flags) in enumerate(zip(streams, (os.O_RDONLY, _WRITE, _WRITE), strict=True)):
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = map(open, range(3), "rww")
    _main(*arguments)
