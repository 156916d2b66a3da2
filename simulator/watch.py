"""A watch: the existing objects (on request), then each change, in order, of the objects that it selects.

It follows k8s.io/apiserver/pkg/storage/cacher: an object that stops matching is DELETED for this watcher, one that
begins to match is ADDED, and a version older than the history ends the watch with an ERROR of code 410.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from simulator import views
from simulator.errors import expired
from simulator.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.resources import Resource
    from simulator.selectors import Selection
    from simulator.store import Change, Store
    from simulator.views import View

_BATCH = 64
"""The maximum number of events in one write, so that a slow reader holds no more than these."""


class Watch:
    """The state of one watcher. `ended` is True once it got the error that its version is too old."""

    def __init__(self, store: Store, resource: Resource, selection: Selection, view: View, include: str) -> None:
        self.store = store
        self.resource = resource
        self.selection = selection
        self.view = view
        self.include = include
        self.collection = store.collection(resource.key)
        self.ended = False
        self._position = 0
        self._after = 0
        self._initial: Iterator[Record] = iter(())
        self._started_at: int | None = None
        """The version of the initial events, as long as the bookmark that closes them has not been sent."""

    def start(self, version: str, *, initial: bool, closing_bookmark: bool) -> None:
        """Starts after `version` ("" and "0": now), or with all existing objects (`initial`) and optionally a bookmark
        after them."""
        if initial or version in ("", "0"):
            self._position = self.collection.position_after(self.store.version)
            if initial:
                self._initial = iter(self.collection.select(self.selection))
                self._started_at = self.store.version if closing_bookmark else None
        elif int(version) < self.collection.floor:
            self._position = -1
        else:
            self._after = int(version)
            self._position = self.collection.position_after(self._after)

    def take(self) -> bytes:
        """The next events, as lines; empty if the watcher has them all."""
        lines = []
        for record in self._initial:
            lines.append(_line(b"ADDED", self._render(record)))
            if len(lines) == _BATCH:
                return b"".join(lines)
        if self._started_at is not None:
            lines.append(self._bookmark(self._started_at, {"k8s.io/initial-events-end": "true"}))
            self._started_at = None
        if lines:
            return b"".join(lines)
        while not lines:
            changes = self.collection.since(self._position, _BATCH)
            if changes is None:
                return self._expire()
            if not changes:
                return b""
            self._position += len(changes)
            lines = [line for line in map(self._tell, changes) if line]
        return b"".join(lines)

    def bookmark(self) -> bytes:
        """A bookmark of the store's version. Call it only when `take` has nothing left: everything up to this version
        was sent."""
        return self._bookmark(self.store.version, {})

    def _bookmark(self, version: int, annotations: dict[str, str]) -> bytes:
        metadata: dict[str, object] = {"resourceVersion": str(version)}
        if annotations:
            metadata["annotations"] = annotations
        kind, api_version = self.resource.kind, self.resource.api_version
        if self.view is not views.View.OBJECT:
            kind, api_version = "PartialObjectMetadata", "meta.k8s.io/v1"
        return _line(b"BOOKMARK", orjson.dumps({"kind": kind, "apiVersion": api_version, "metadata": metadata}))

    def _render(self, record: Record) -> bytes:
        return views.one(self.view, self.resource, record, self.include)

    def _tell(self, change: Change) -> bytes:
        if change.version <= self._after:  # the watch asked for a version in the future
            return b""
        matches = self.selection.matches
        is_here = change.record is not None and matches(change.record)
        was_here = change.previous is not None and matches(change.previous)
        if is_here and change.record is not None:
            return _line(b"MODIFIED" if was_here else b"ADDED", self._render(change.record))
        if was_here and change.previous is not None:
            return _line(b"DELETED", self._render(_at(change.previous, change.version)))
        return b""

    def _expire(self) -> bytes:
        self.ended = True
        error = expired(f"too old resource version ({self.collection.floor})")
        return _line(b"ERROR", orjson.dumps(error.status()))


def _at(record: Record, version: int) -> Record:
    """The last state that matched, with the version of the change that ended the match."""
    if record.version == version:
        return record
    obj = record.object()
    obj["metadata"]["resourceVersion"] = str(version)
    return Record(obj)


def _line(event: bytes, body: bytes) -> bytes:
    return b'{"type":"' + event + b'","object":' + body + b"}\n"
