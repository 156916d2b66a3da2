"""Kubernetes' events about one object. Pure; the answer of the member is unchecked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.health.fields import number, text
from app.health.health import shortened
from app.releases.texts import without_nul

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """`type` is usually Normal or Warning. `count` is how often it has happened between the two times."""

    type: str
    reason: str
    message: str
    source: str
    count: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that events are about: the one with this uid, or any of this name if `uid` is empty."""

    kind: str
    namespace: str
    name: str
    uid: str = ""

    @property
    def selector(self) -> str:
        """A field selector for its events."""
        wanted = {"uid": self.uid} if self.uid else {"kind": self.kind, "name": self.name}
        return ",".join(f"involvedObject.{field}={value}" for field, value in wanted.items())

    def is_in(self, event: Mapping[str, Any]) -> bool:
        if self.uid:
            return text(event, "involvedObject", "uid") == self.uid
        named = text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
        return named == (self.kind, self.name)


def events_about(subject: Subject, found: Iterable[Mapping[str, Any]], most: int) -> list[ObjectEvent]:
    """The newest events about an object, newest first. Events about others are ignored."""
    events = [_event(each) for each in found if subject.is_in(each)]
    return sorted(events, key=lambda event: event.last_at or _NEVER, reverse=True)[:most]


def _event(event: Mapping[str, Any]) -> ObjectEvent:
    series = ("series", "count"), ("series", "lastObservedTime")
    first = _time(event, "firstTimestamp") or _time(event, "eventTime")
    last = _time(event, *series[1]) or _time(event, "lastTimestamp") or _time(event, "eventTime") or first
    return ObjectEvent(
        _words(text(event, "type")),
        _words(text(event, "reason")),
        _words(text(event, "message")),
        _words(text(event, "source", "component") or text(event, "reportingComponent")),
        max(1, min(number(event, *series[0], default=0) or number(event, "count", default=1), 2**31 - 1)),
        first or _time(event, "metadata", "creationTimestamp"),
        last or _time(event, "metadata", "creationTimestamp"),
    )


def _words(found: str) -> str:
    return shortened(without_nul(found))


def _time(event: Mapping[str, Any], *path: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text(event, *path))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
