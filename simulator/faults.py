"""What can go wrong with a member, switched on and off by tests and demonstrations. Faults do not survive a restart."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


@dataclass
class Faults:
    """Each takes effect at once, on open watches too; `member.faults.down = True`."""

    down: bool = False
    """Connections are closed as soon as a request has come."""
    hang: bool = False
    """Requests are never answered, watches fall silent; when it ends, what hung is closed unanswered."""
    unauthorized: bool = False
    """The token is refused: 401."""
    throttled: int = 0
    """429, with this many seconds as Retry-After."""
    forbidden: bool = False
    """403 for Secrets, which a SelfSubjectAccessReview tells too."""
    stuck: bool = False
    """Workloads never become ready."""
    latency: float = 0.0
    """Seconds that every answer takes longer."""
    listeners: set[asyncio.Event] = field(default_factory=set, repr=False, compare=False)
    """Set at every change, for whoever waits on a connection."""
    changed: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in FAULTS and "changed" in self.__dict__:
            self.changed()
            for listener in self.listeners:
                listener.set()

    def update(self, wanted: dict[str, Any]) -> None:
        """Set some faults by name. Raises ValueError, and sets none, for a name or a type that is not one."""
        for name, value in wanted.items():
            known = FAULTS.get(name)
            if known is None or not isinstance(value, (int, float) if known is float else known):
                raise ValueError(f"{name!r}: {value!r} is no fault; there are {', '.join(FAULTS)}")
        for name, value in wanted.items():
            setattr(self, name, value)

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FAULTS}


FAULTS: dict[str, type] = {
    entry.name: type(entry.default) for entry in fields(Faults) if entry.name not in ("listeners", "changed")
}
