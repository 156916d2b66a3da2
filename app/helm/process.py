"""Child processes without a fork of ours: `subprocess` starts them by vfork, in a fifth of a millisecond.

uvloop and asyncio's watchers copy the page tables of a process of 250 MB first: ten milliseconds of CPU time, in which
nothing else runs, for each Helm run.
"""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO


class Process:
    """A running program, in a session of its own: it outlives us when we are killed."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        return self._child.returncode

    async def wait(self) -> int:
        """The exit code, once it has ended."""
        if not hasattr(os, "pidfd_open"):  # other than Linux
            return await asyncio.to_thread(self._child.wait)
        if self._child.poll() is None:
            descriptor = os.pidfd_open(self._child.pid)
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(descriptor, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
        return self._child.wait()


def start(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    stdin: IO[bytes],
    stdout: IO[bytes],
    stderr: IO[bytes],
) -> Process:
    """Starts a program. It takes less time than to hand it to a thread would."""
    return Process(
        subprocess.Popen(
            command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment, cwd=folder, start_new_session=True
        )
    )
