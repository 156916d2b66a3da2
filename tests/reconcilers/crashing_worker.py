"""A worker in a process of its own that kills itself with SIGKILL at a step of a reconcile.

Each step is a place between two effects, so together they are every place at which a crash makes a difference. Its
processes are forked from one that has everything imported: to import it is most of a worker's start.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.helm import command, process
from app.processes import run_parts
from app.settings import Settings
from app.targets import work
from reconcilers import reconciliation
from reconcilers.worker import run_worker

Call = Callable[..., Awaitable[Any]]

STEPS: dict[str, tuple[Any, str, str]] = {
    "taken": (work, "take", "after"),
    "looked": (reconciliation, "look_at_release", "after"),
    "about to write the intent": (work, "intend", "before"),
    "intent written": (work, "intend", "after"),
    "Helm started": (process, "start", "after"),
    "Helm ended": (command._Command, "run", "after"),
    "about to write success": (work, "succeed", "before"),
    "success written": (work, "succeed", "after"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(call: Call, when: str) -> Call:
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            die()
        result = await call(*arguments, **named)
        die()
        return result

    return wrapped


def dying_at_once(call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        call(*arguments, **named)
        die()

    return wrapped


def run(step: str, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    owner, name, when = STEPS[step]
    call = getattr(owner, name)
    setattr(owner, name, dying(call, when) if asyncio.iscoroutinefunction(call) else dying_at_once(call))
    asyncio.run(run_parts(Settings(), [run_worker]))


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


async def crash(step: str, environment: Mapping[str, str]) -> int | None:
    """Runs such a worker until it has killed itself, at most a minute; gives how it ended."""
    worker = _FORKS.Process(target=run, args=(step, dict(environment)))
    worker.start()
    await asyncio.to_thread(worker.join, 60)
    return worker.exitcode
