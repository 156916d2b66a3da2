"""Processes of Polyhelm's that are to be killed, forked from one that has everything imported: to import it is most of
their start."""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from typing import Any

from app.cli import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "app.processes", "tests.reconcilers.crashing_worker"])


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


def _run(environment: Mapping[str, str], target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)


def _main(*arguments: str) -> None:
    sys.argv = ["polyhelm", *arguments]
    main()
