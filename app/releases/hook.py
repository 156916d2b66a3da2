"""A hook of a chart, as it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """An object that Helm creates at a moment of a release's life, and often waits for. `events` are the moments that
    the chart names, as `pre-upgrade`."""

    kind: str
    name: str
    namespace: str
    events: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' and '.join(self.events)} hook {self.kind} {self.name}"
