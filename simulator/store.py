"""The objects of one member, their history, and the watchers that wait for more of it.

All versions of a kind are in one `Collection`. A watcher keeps only a position in the bounded history of its
collection. A watcher that is too slow therefore holds no memory: its position is gone from the history, and it gets an
error (410).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from simulator.records import Object, Record

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from simulator.selectors import Selection

    Kind = tuple[str, str]
    Changed = Callable[[Kind, Record, bool], None]

HISTORY = 1000
"""The number of changes of a kind that are kept for watchers. Between two cleanups there are up to twice as many."""


class Change(NamedTuple):
    version: int
    record: Record | None
    """The object now; None after a deletion."""
    previous: Record | None
    """The object before; after a deletion its last state, with the version of the deletion."""


class Collection:
    """The objects of one kind."""

    __slots__ = ("changes", "dropped", "floor", "limit", "namespaces", "waiters")

    def __init__(self, floor: int, limit: int) -> None:
        self.namespaces: dict[str, dict[str, Record]] = {}
        self.changes: list[Change] = []
        self.dropped = 0
        self.floor = floor
        """Changes up to this version are no longer kept."""
        self.limit = limit
        self.waiters: set[asyncio.Event] = set()

    def select(self, selection: Selection) -> list[Record]:
        """The selected records in the order of etcd's keys: by namespace, then by name."""
        names = sorted(self.namespaces) if selection.namespace is None else [selection.namespace]
        found = []
        for namespace in names:
            records = self.namespaces.get(namespace)
            if records:
                found += [record for record in map(records.__getitem__, sorted(records)) if selection.matches(record)]
        return found

    def publish(self, change: Change) -> None:
        self.changes.append(change)
        if len(self.changes) > 2 * self.limit:
            surplus = len(self.changes) - self.limit
            self.floor = self.changes[surplus - 1].version
            del self.changes[:surplus]
            self.dropped += surplus
        for waiter in self.waiters:
            waiter.set()

    def position_after(self, version: int) -> int:
        """The position, among all changes ever, of the first one later than `version`."""
        return self.dropped + bisect_right(self.changes, version, key=lambda change: change.version)

    def since(self, position: int, most: int) -> list[Change] | None:
        """Up to `most` changes from a position; None if some of them are no longer kept."""
        start = position - self.dropped
        return None if start < 0 else self.changes[start : start + most]


class Store:
    """Everything a member holds. `changed` is called for each write with the kind, the record, and whether it still
    exists."""

    def __init__(self, changed: Changed | None = None, *, version: int = 0, history: int = HISTORY) -> None:
        self.version = version
        self.start = version
        self.history = history
        self.collections: dict[Kind, Collection] = {}
        self.owned: dict[str, set[tuple[Kind, str, str]]] = {}
        self._changed = changed

    def collection(self, kind: Kind) -> Collection:
        collection = self.collections.get(kind)
        if collection is None:
            collection = self.collections[kind] = Collection(self.start, self.history)
        return collection

    def get(self, kind: Kind, namespace: str, name: str) -> Record | None:
        collection = self.collections.get(kind)
        return None if collection is None else collection.namespaces.get(namespace, {}).get(name)

    def load(self, kind: Kind, obj: Object) -> Record:
        """Restores an object of an earlier run, without reporting a change."""
        record = Record(obj)
        self._keep(kind, record)
        return record

    def put(self, kind: Kind, obj: Object) -> Record:
        """Writes the object with a new version, which is put into its metadata."""
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        record = Record(obj)
        previous = self._keep(kind, record)
        self.collection(kind).publish(Change(self.version, record, previous))
        if self._changed is not None:
            self._changed(kind, record, True)
        return record

    def remove(self, kind: Kind, record: Record) -> Record:
        """Removes the object. Returns its last state, with the version of the deletion."""
        collection = self.collections[kind]
        records = collection.namespaces[record.namespace]
        del records[record.name]
        if not records:
            del collection.namespaces[record.namespace]
        self._disown(kind, record)
        self.version += 1
        obj = record.object()
        obj["metadata"]["resourceVersion"] = str(self.version)
        last = Record(obj)
        collection.publish(Change(self.version, None, last))
        if self._changed is not None:
            self._changed(kind, last, False)
        return last

    def _keep(self, kind: Kind, record: Record) -> Record | None:
        records = self.collection(kind).namespaces.setdefault(record.namespace, {})
        previous = records.get(record.name)
        if previous is not None:
            self._disown(kind, previous)
        records[record.name] = record
        for owner in record.owners:
            self.owned.setdefault(owner, set()).add((kind, record.namespace, record.name))
        return previous

    def _disown(self, kind: Kind, record: Record) -> None:
        for owner in record.owners:
            dependants = self.owned.get(owner, set())
            dependants.discard((kind, record.namespace, record.name))
            if not dependants:
                self.owned.pop(owner, None)
