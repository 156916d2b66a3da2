"""Starts child processes without a fork: `subprocess` uses vfork, which takes a fifth of a millisecond.

uvloop and asyncio's watchers first copy the page tables of a process of 250 MB, which blocks the event loop for ten
milliseconds for each Helm run.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from app.sandbox.limits import Limits, hold, reaching


class KillPipe:
    """A pipe that kills a process group when this process ends, however it ends: the kernel sends SIGKILL to the group
    when the last writer of the pipe is gone. Linux only."""

    def __init__(self) -> None:
        self.read_end, self._write_end = os.pipe()

    def arm(self, group: int) -> None:
        """Sets the process group to kill. The child must have inherited the read end."""
        if hasattr(fcntl, "F_SETSIG"):  # Linux
            fcntl.fcntl(self.read_end, fcntl.F_SETOWN, -group)
            fcntl.fcntl(self.read_end, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(self.read_end, fcntl.F_SETFL, os.O_ASYNC)
        os.close(self.read_end)

    def close(self) -> None:
        """Ends the group if it is still running."""
        os.close(self._write_end)


class Process:
    """A running program in a session of its own, which ends with this process. Call `close` after it has ended."""

    def __init__(self, child: subprocess.Popen[bytes], kill_pipe: KillPipe) -> None:
        self._child = child
        self._kill_pipe = kill_pipe
        self.cpu_seconds = 0.0
        """CPU time of the program and its ended children. Set by `wait`, on Linux."""

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        return self._child.returncode

    def close(self) -> None:
        """Kills the rest of its session."""
        self._kill_pipe.close()

    async def wait(self) -> int:
        """Waits for its end and returns the exit code."""
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
            self.cpu_seconds = _cpu_seconds(self._child.pid)
        return self._child.wait()


def start(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
    limits: Limits,
    ports: Iterable[int],
) -> Process:
    """Starts a program under limits. It can connect to these TCP ports only."""
    kill_pipe = KillPipe()

    def popen() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            cwd=folder,
            start_new_session=True,
            pass_fds=(kill_pipe.read_end,),
        )

    try:
        child = reaching(ports, popen)
    except BaseException:
        os.close(kill_pipe.read_end)
        kill_pipe.close()
        raise
    kill_pipe.arm(child.pid)
    hold(child.pid, limits)
    return Process(child, kill_pipe)


def _cpu_seconds(pid: int) -> float:
    """Returns the CPU time of a process that has ended but was not reaped: its entry in /proc exists until then."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
