"""The faults of a member, switched on and off by tests and demonstrations. Faults do not survive a restart."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


@dataclass
class Faults:
    """Each fault takes effect at once, also on open watches. Example: `member.faults.down = True`."""

    down: bool = False
    """Connections are closed as soon as a request has arrived."""
    hang: bool = False
    """Requests are never answered, and watches fall silent. When the fault ends, the connections of pending requests
    are closed."""
    unauthorized: bool = False
    """The token is rejected: 401."""
    throttled: int = 0
    """429, with this many seconds as Retry-After."""
    forbidden: bool = False
    """403 for Secrets. A SelfSubjectAccessReview reports this, too."""
    stuck: bool = False
    """Workloads never become ready."""
    latency: float = 0.0
    """The number of seconds by which every answer is delayed."""
    listeners: set[asyncio.Event] = field(default_factory=set, repr=False, compare=False)
    """Set at every change, for connections that wait."""
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
