"""What the engine executes."""

from typing import Protocol, TypedDict


class Advance(TypedDict):
    """What the interpreter of a run does next.

    `starts` are attempts that begin, each as its path and the version of the run in which it begins. `seconds` is the
    time until the interpreter looks again if nothing wakes it before."""

    version: int
    starts: list[tuple[str, int]]
    seconds: float | None
    has_ended: bool


class Program(Protocol):
    """The functions can be called again after their end, and by two workers at once. They raise nothing, except when
    they are cancelled."""

    async def advance(self, run_id: int, epoch: int, version: int) -> Advance:
        """Computes and stores what happens next in a run."""
        ...

    async def attempt(self, run_id: int, path: str, version: int) -> int | None:
        """Works on an attempt, and stores its outcome. Returns the epoch of the run to wake; None if the outcome is
        late."""
        ...
