"""A hook of a chart, as it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """An object that Helm creates at certain events of a release, and often waits for. `events` are the events that the
    chart names, such as `pre-upgrade`."""

    kind: str
    name: str
    namespace: str
    events: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' and '.join(self.events)} hook {self.kind} {self.name}"
