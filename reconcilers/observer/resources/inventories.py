"""The inventories of one member's releases: read from the record of each changed release, and written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.clusters.discovery import discover_version
from app.clusters.member import Member
from app.clusters.objects import ObjectType
from app.core.concurrency import for_each
from app.core.errors import ActionError
from app.fleet.services import AllServices
from app.releases.error_codes import ActionCode
from app.releases.inventory import Reference, ResourceOrigin, Wanted
from app.resources.inventory import (
    Known,
    Listed,
    Stale,
    forget_inventories,
    stale_inventories,
    write_inventories,
)
from app.resources.judging import judge_health
from app.resources.seen import Key, Seen, absent, is_judged, not_served, unreadable
from app.targets.sightings import read_release
from reconcilers.observer.assignments import Assignment, still_ours
from reconcilers.observer.resources.drift import Drift
from reconcilers.observer.resources.followed import Index
from reconcilers.observer.resources.stream import KindStream
from reconcilers.observer.resources.writer import ResourceWriter

log = structlog.get_logger()

_AT_ONCE = 2
_TARGETS_AT_ONCE = 50
_GATHERING = 0.05  # seconds in which changes of releases are collected
_UNWATCHED = 15.0  # seconds until an object that no watch follows is read again
_NOT_NOW = (ActionCode.CLUSTER_UNREACHABLE, ActionCode.CLUSTER_THROTTLED)
_AGAIN, _LONGEST = 5.0, 300.0  # seconds until unknown kinds are requested again


@dataclass(frozen=True, slots=True)
class _Record:
    """The content of a release's record."""

    stale: Stale
    objects: tuple[Wanted, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Object:
    target_id: int
    key: Key
    wanted: Wanted
    kind: ObjectType | None

    @property
    def is_labelled(self) -> bool:
        return self.wanted.origin is ResourceOrigin.MANIFEST


class Resources(Protocol):
    """What follows the objects of the inventories (`ClusterResources`)."""

    index: Index
    arriving: dict[Key, Seen | None]
    pending: set[int]
    drift: Drift

    def follow(self, kind: ObjectType) -> KindStream: ...
    def follow_kinds(self) -> list[KindStream]: ...
    def show(self, key: Key, seen: Seen) -> None: ...
    def look(self, key: Key, seconds: float = 0.0) -> None: ...
    async def seen(self, key: Key, kind: ObjectType) -> Seen | None: ...


class Inventories:
    def __init__(
        self,
        services: AllServices,
        writer: ResourceWriter,
        resources: Resources,
        member: Member,
        assignment: Assignment,
    ) -> None:
        self._services = services
        self._writer = writer
        self._resources = resources
        self._member = member
        self._assignment = assignment
        self._types: dict[tuple[str, str, str], ObjectType] = {}
        self._unresolved: set[int] = set()
        """Targets with objects of a kind that the member does not know."""
        self._changed = asyncio.Event()

    def notice(self) -> None:
        self._changed.set()

    def definition_changed(self) -> None:
        if self._unresolved:
            self._changed.set()

    def learn(self, known: Iterable[Known]) -> None:
        """Loads what the database has."""
        for row in known:
            key = row.key
            if row.plural:
                kind = ObjectType(key.group, row.version, key.kind, row.plural, bool(key.namespace))
                self._types[key.group, row.version, key.kind] = kind
            else:
                self._unresolved.add(row.target_id)

    async def run(self) -> None:
        """Keeps the inventories up to date until it is cancelled."""
        pause = _AGAIN
        while True:
            self._changed.clear()
            try:
                while await self._refresh():
                    pass
                seconds = pause if self._unresolved else None
            except ActionError as error:  # the watch of the member reports that it is unreachable
                log.info("resources.not_read", cluster=self._assignment.cluster_id, error=error.message)
                seconds = pause
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
                pause = _AGAIN
                await asyncio.sleep(_GATHERING)
            except TimeoutError:
                pause = min(2 * pause, _LONGEST)
            if self._unresolved:
                await self._resolve()

    async def _resolve(self) -> None:
        """Discards inventories with unknown kinds, to read them again: the member may know the kinds by now."""
        async with self._services.transaction() as transaction:
            if await still_ours(transaction.session, [self._assignment]):
                await forget_inventories(transaction, self._unresolved)

    async def _refresh(self) -> bool:
        """Writes the inventories of a batch of changed releases; returns whether there may be more."""
        async with self._services.database.reading() as session:
            stale = await stale_inventories(session, self._assignment.cluster_id, _TARGETS_AT_ONCE)
        found = await for_each(stale, self._read, at_once=_AT_ONCE)
        records = [record for record in found if record is not None]
        if not records:
            return False
        objects = []
        for record in records:
            target_id = record.stale.target_id
            (self._resources.pending.add if record.stale.is_pending else self._resources.pending.discard)(target_id)
            for wanted in record.objects:
                kind = await self._type(wanted.reference)
                objects.append(_Object(target_id, _key(wanted.reference, kind, record.stale.namespace), wanted, kind))
        arriving = self._resources.arriving
        arriving.update({each.key: None for each in objects if not self._is_known(each)})
        try:
            await self._look(objects)
            return await self._write(records, objects)
        finally:
            arriving.clear()

    def _is_known(self, each: _Object) -> bool:
        """Whether the object's state is already in the database."""
        followed = self._resources.index.get(each.key)
        return followed is not None and followed.kind is not None and each.target_id in followed.targets

    async def _read(self, stale: Stale) -> _Record | None:
        """The objects of a release; None if its record is gone: the watch then reports what replaced it."""
        if stale.head is None:
            return _Record(stale)
        observed = await read_release(self._member, stale.head)
        if observed is None:
            return None
        inventory = await self._writer.manifests.inventory(observed)
        objects = inventory.objects
        if stale.skips_definitions:
            objects = tuple(each for each in objects if each.origin is not ResourceOrigin.CRD)
        return _Record(stale, objects, inventory.left_out)

    async def _type(self, reference: Reference) -> ObjectType | None:
        """The type of a kind, as paths to its objects need it; None if the member does not know the kind."""
        group, version, kind = reference.group, reference.version, reference.kind
        if (group, version, kind) not in self._types:
            for each, resource in (await discover_version(self._member, reference.api_version)).items():
                self._types[group, version, each] = ObjectType(
                    group, version, each, resource.plural, resource.namespaced
                )
        return self._types.get((group, version, kind))

    async def _look(self, objects: list[_Object]) -> None:
        """Reads the new objects: lists the kinds that are not followed yet, and gets every other object by its name."""
        kinds = {each.key: each.kind for each in objects if each.kind is not None}
        listed = {(kind.group, kind.kind): kind for each in objects if (kind := each.kind) and each.is_labelled}
        streams = [
            self._resources.follow(listed[name]) for name in sorted(listed, key=lambda name: not is_judged(*name))
        ]
        await asyncio.gather(*(stream.is_listed.wait() for stream in streams))

        async def look(key: Key) -> None:
            try:
                seen = await self._resources.seen(key, kinds[key])
            except ActionError as error:
                if error.code in _NOT_NOW:
                    raise
                seen = unreadable(error)
            if arriving.get(key) is None:
                arriving[key] = seen

        arriving = self._resources.arriving
        unseen = [key for key, seen in arriving.items() if seen is None and key in kinds]
        await for_each(unseen, look, at_once=_AT_ONCE)

    async def _write(self, records: list[_Record], objects: list[_Object]) -> bool:
        """Writes the inventories and follows their objects; returns whether this observer still has the member."""
        resources = self._resources
        seen = {each.key: self._seen(each) for each in objects if each.key in resources.arriving}
        targets = {record.stale.target_id for record in records}
        listed = [
            Listed(
                each.target_id,
                each.key,
                each.wanted,
                each.kind.plural if each.kind is not None else "",
                None if self._is_known(each) else seen[each.key],
            )
            for each in objects
        ]
        async with self._services.transaction() as transaction:
            if not await still_ours(transaction.session, [self._assignment]):
                return False
            read = [(record.stale, record.left_out) for record in records]
            await write_inventories(transaction, read, listed)
            await judge_health(transaction, targets)
        unfinished = [each.key for each in objects if self._is_known(each) and not resources.index[each.key].version]
        resources.index.replace(
            targets, [(each.target_id, each.key, each.kind, each.wanted.origin) for each in objects]
        )
        self._unresolved -= targets
        self._unresolved |= {each.target_id for each in objects if each.kind is None}
        for key, written in seen.items():
            resources.index[key].shown = written.fingerprint
            resources.show(key, resources.arriving.get(key) or written)
            if not (resources.index[key].is_labelled and written.is_labelled):
                resources.look(key, _UNWATCHED)
        for key in unfinished:  # such as an object that Helm had not yet created while the release was pending
            resources.look(key)
        resources.follow_kinds()
        resources.drift.renew()
        return True

    def _seen(self, each: _Object) -> Seen:
        if each.kind is None:
            return not_served(each.wanted.reference.api_version, each.key.kind)
        seen = self._resources.arriving[each.key]
        if seen is not None:
            return seen
        return absent(each.key.kind, each.wanted.origin, is_pending=each.target_id in self._resources.pending)


def _key(reference: Reference, kind: ObjectType | None, namespace: str) -> Key:
    """The key of an object on the cluster. An object of an unknown kind is assumed to be namespaced."""
    is_namespaced = kind is None or kind.namespaced
    place = (reference.namespace or namespace) if is_namespaced else ""
    return Key(reference.group, reference.kind, place, reference.name)
