"""What the engine executes."""

from typing import Protocol, TypedDict


class Pause(TypedDict):
    """Until when nothing works on a run: `seconds` is the time until it has to be continued if nothing wakes it before,
    and None if only an event continues it."""

    seconds: float | None
    has_ended: bool


class Program(Protocol):
    async def drive(self, run_id: int, epoch: int) -> Pause:
        """Continues a run until it has ended, or waits for an event or a time. It can be called again after its end,
        and raises nothing, except when it is cancelled."""
        ...

    def hear(self, run_id: int, epoch: int) -> bool:
        """Notifies a run that something has happened in it. Returns False unless this process drives the run."""
        ...
