"""The objects of one member that belong to targets, and a fingerprint of each. The objects are not kept."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from app.clusters.objects import ObjectType
from app.releases.inventory import ResourceOrigin
from app.resources.seen import Key


class KindName(NamedTuple):
    group: str
    kind: str


@dataclass(slots=True)
class Followed:
    """`kind` is None if the member does not know it. `shown` is the fingerprint of the state that was last queued to be
    written, `version` the resource version at which the object was last seen, `compared` that of the last comparison
    with the manifest, until the content of the object is known (`content`)."""

    kind: ObjectType | None
    origin: ResourceOrigin
    targets: list[int] = field(default_factory=list)
    shown: bytes = b""
    version: int = 0
    compared: str = ""
    content: bytes = b""

    @property
    def is_labelled(self) -> bool:
        """Whether Helm sets the label by which objects are watched."""
        return self.origin is ResourceOrigin.MANIFEST


class Index(dict[Key, Followed]):
    def of_kind(self, kind: ObjectType) -> Iterator[tuple[Key, Followed]]:
        for key, followed in self.items():
            if (key.group, key.kind) == (kind.group, kind.kind):
                yield key, followed

    def kinds(self) -> dict[KindName, ObjectType]:
        """The kinds to watch."""
        found: dict[KindName, ObjectType] = {}
        for key, followed in self.items():
            if followed.kind is not None and followed.is_labelled:
                found.setdefault(KindName(key.group, key.kind), followed.kind)
        return found

    def replace(self, targets: set[int], found: list[tuple[int, Key, ObjectType | None, ResourceOrigin]]) -> None:
        """Replaces the objects of these targets with those that they have now."""
        for followed in self.values():
            followed.targets = [target for target in followed.targets if target not in targets]
        for target_id, key, kind, origin in found:
            followed = self.setdefault(key, Followed(kind, origin))
            followed.kind, followed.origin = kind, origin
            if target_id not in followed.targets:
                followed.targets.append(target_id)
        for key in [key for key, followed in self.items() if not followed.targets]:
            del self[key]


class Due:
    """The objects to read from the member, and when."""

    def __init__(self) -> None:
        self._times: dict[Key, float] = {}

    def add(self, key: Key, seconds: float) -> None:
        due = time.monotonic() + seconds
        self._times[key] = min(due, self._times.get(key, due))

    def pause(self) -> float | None:
        """Seconds until the next object is due; None if there is none."""
        return max(0.0, min(self._times.values()) - time.monotonic()) if self._times else None

    def take(self) -> list[Key]:
        moment = time.monotonic()
        due = [key for key, at in self._times.items() if at <= moment]
        for key in due:
            del self._times[key]
        return due

    def clear(self) -> None:
        self._times.clear()
