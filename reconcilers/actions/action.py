"""What an action is: one thing that is done to one release. Each module with an action has one, and its tests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from app.fleet.services import AllServices
from app.operations.work import Work
from app.targets.sightings import Sighting


@dataclass(frozen=True)
class Task:
    """What an action gets: the work that it belongs to, and the release as it was last seen. `begin` writes the intent:
    an action that has Helm write calls it once, when everything else is ready. `hooks` says whether the chart's hooks
    are to run."""

    services: AllServices
    work: Work
    seen: Sighting
    begin: Callable[[], Awaitable[None]]
    hooks: bool = True


class Action(Protocol):
    """An action is done once for a step. It may be interrupted anywhere: whether it succeeded is decided by looking at
    the release again, and never by what it returns."""

    async def perform(self, task: Task) -> str | None:
        """Does it; returns Helm's words, if Helm ran.

        Raises:
            ActionError: it failed.
            LeaseLostError: another worker has taken over the target.
        """
