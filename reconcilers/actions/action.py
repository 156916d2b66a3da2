"""Defines an action: a change to one release, or to its objects. Each module here with an action has exactly one, with
its own tests in `tests/reconcilers/actions/`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from app.fleet.services import AllServices
from app.operations.work import Work
from app.targets.sightings import Sighting


@dataclass(frozen=True)
class Task:
    """The input of an action: the work that it belongs to, and the release as last seen. `begin` writes the intent: an
    action that runs Helm calls it once, when everything else is ready; others do not. `hooks` says whether the
    chart's hooks run."""

    services: AllServices
    work: Work
    seen: Sighting
    begin: Callable[[], Awaitable[None]]
    hooks: bool = True


class Action(Protocol):
    """An action is performed once for a step. It may be interrupted anywhere: a new look at the release decides whether
    it succeeded, never the returned value."""

    async def perform(self, task: Task) -> str | None:
        """Performs the action; returns Helm's output, or what was done without Helm. None if there is neither.

        Raises:
            ActionError: if it fails.
            LeaseLostError: if another worker has taken over the target.
        """
