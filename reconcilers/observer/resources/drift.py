"""Compares the objects of one member with the manifests of their releases, each time that an object or a manifest has
changed. Nothing is written to the member: a worker corrects what differs (docs/decisions/live-drift.md)."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from app.clusters.member import Member
from app.clusters.objects import Object
from app.clusters.release_records import list_revisions
from app.core.concurrency import for_each
from app.core.errors import ActionError
from app.deployments.object_drift import start_corrections
from app.drift.states import DIFFERING, DriftState, LiveDrift
from app.fleet.services import AllServices
from app.releases.scrubbing import NOTHING
from app.resources.comparing import NOT_NOW, ChangedMeanwhileError, Comparison, ManifestObject, compare
from app.resources.drift import Compared, compared_targets, found_row, take_due, uncompared, write_found
from app.resources.seen import Key, is_judged
from app.resources.wanted import WantedCache, WantedObjects
from reconcilers.metrics import COMPARISONS
from reconcilers.observer.assignments import Assignment, still_ours
from reconcilers.observer.resources.followed import Due, Followed, Index

log = structlog.get_logger()

_AT_ONCE = 2  # comparisons on one member; each takes two requests
_MOST = 50  # comparisons whose results are written together
_SOONEST = 1.0  # seconds between two comparisons of one object
_RELEASE_CHANGES = 2.0  # seconds until an object is compared again whose release is being changed
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0  # after failures of the member, in which nothing is compared
_REFUSED_PAUSE = 600.0  # seconds until an object that could not be compared is compared again
_MISSING = b"missing"
_FAILED = "The comparison failed because of an internal error. The observer's log has the details."


@dataclass(frozen=True)
class _Result:
    of: Compared
    key: Key
    comparison: Comparison


class Drift:
    def __init__(
        self,
        services: AllServices,
        wanted: WantedCache,
        index: Index,
        member: Member,
        assignment: Assignment,
    ) -> None:
        self._services = services
        self._wanted = wanted
        self._index = index
        self._member = member
        self._assignment = assignment
        self._targets: dict[int, Compared] = {}
        self._due = Due()
        self._compared_at: dict[Key, float] = {}
        self._is_due = asyncio.Event()
        self._is_outdated = True  # the settings and the uncompared objects are to be read again
        self._pause = 0.0
        self._reading = asyncio.Lock()  # one record at a time, which may have several MiB

    def renew(self) -> None:
        """The setting of a deployment, or the inventory of a release, has changed."""
        self._is_outdated = True
        self._is_due.set()

    def notice(self, key: Key, item: Object | None) -> None:
        """Takes the newest state of an object; None if it does not exist."""
        followed = self._index.get(key)
        if followed is None or not self._is_compared(followed):
            return
        content = _MISSING if item is None else _content(item, key)
        if content == followed.content:
            return
        is_first = not followed.content
        followed.content = content
        if is_first and item is not None and followed.compared == item["metadata"]["resourceVersion"]:
            return  # compared in this state before this process started to follow it
        self._schedule(key)

    def _is_compared(self, followed: Followed) -> bool:
        return followed.is_labelled and any(target in self._targets for target in followed.targets)

    def _schedule(self, key: Key, seconds: float = 0.0) -> None:
        earliest = self._compared_at.get(key, 0.0) + _SOONEST - time.monotonic()
        self._due.add(key, max(seconds, earliest))
        self._is_due.set()

    async def run(self) -> None:
        """Compares what is due, until it is cancelled."""
        while True:
            self._is_due.clear()
            if self._is_outdated:
                await self.read()
            keys = self._due.take()
            for key in keys[_MOST:]:
                self._due.add(key, 0.0)
            if keys:
                try:
                    await self._compare_all(keys[:_MOST])
                except Exception:  # such as a lost database: nothing is written
                    for key in keys[:_MOST]:
                        self._due.add(key, _FIRST_PAUSE)
                    raise
                await asyncio.sleep(self._pause)
                continue
            try:
                async with asyncio.timeout(self._due.pause()):
                    await self._is_due.wait()
            except TimeoutError:
                pass

    async def read(self) -> None:
        """Reads the settings, and which objects have not been compared since these or their manifests changed."""
        self._is_outdated = False
        try:
            async with self._services.transaction() as transaction:
                if not await still_ours(transaction.session, [self._assignment]):
                    return
                await take_due(transaction, self._assignment.cluster_id)
            async with self._services.database.reading() as session:
                self._targets = await compared_targets(session, self._assignment.cluster_id)
                keys = await uncompared(session, self._targets)
        except BaseException:
            self._is_outdated = True
            raise
        for key in self._compared_at.keys() - self._index.keys():
            del self._compared_at[key]
        for key in keys:
            self._due.add(key, 0.0)
        self._is_due.set()

    async def _compare_all(self, keys: Iterable[Key]) -> None:
        """Compares objects, and writes what is found. An object whose release is being changed is compared later."""
        found = await for_each(keys, self._compare, at_once=_AT_ONCE)
        results = await self._confirmed([result for each in found for result in each])
        if not results:
            return
        async with self._services.transaction() as transaction:
            if not await still_ours(transaction.session, [self._assignment]):
                return
            rows = [found_row(result.of, result.key, result.comparison) for result in results]
            await write_found(transaction, rows)
        corrected = {
            result.of.target_id
            for result in results
            if result.of.live_drift is LiveDrift.CORRECT and result.comparison.state in DIFFERING
        }
        if corrected:
            await start_corrections(self._services, corrected)
        for result in results:
            COMPARISONS.labels(result.comparison.state.lower()).inc()
            if result.comparison.state is DriftState.NOT_CHECKED:
                self._schedule(result.key, _REFUSED_PAUSE)

    async def _compare(self, key: Key) -> list[_Result]:
        followed = self._index.get(key)
        if followed is None or followed.kind is None:
            return []
        found = []
        self._compared_at[key] = time.monotonic()
        for of in [self._targets[target] for target in followed.targets if target in self._targets]:
            if of.head is None:  # its record is not read yet, or Helm is running
                self._schedule(key, _RELEASE_CHANGES)
                continue
            try:
                comparison = await self._compared(of, key, followed)
            except ChangedMeanwhileError:
                self._schedule(key)
                continue
            except ActionError as error:
                log.info("drift.not_compared", cluster=self._assignment.cluster_id, kind=key.kind, error=error.message)
                self._pause = min(max(2 * self._pause, _FIRST_PAUSE), _LONGEST_PAUSE)
                self._schedule(key, self._pause)
                continue
            except Exception:  # the other objects are compared all the same
                log.exception("drift.failed", cluster=self._assignment.cluster_id, kind=key.kind)
                comparison = Comparison(DriftState.NOT_CHECKED, reason=_FAILED)
            self._pause = 0.0
            if comparison is not None:
                live = comparison.live
                followed.content = _MISSING if live is None else _content(live, key)
                found.append(_Result(of, key, comparison))
        return found

    async def _compared(self, of: Compared, key: Key, followed: Followed) -> Comparison | None:
        """What a comparison finds; None if the release no longer has such an object.

        Raises:
            ActionError: if the member cannot be asked now.
            ChangedMeanwhileError: if the object changes during the comparison.
        """
        assert followed.kind is not None
        try:
            async with self._reading:
                wanted = await self._wanted.of(self._member, of)
        except ActionError as error:
            if error.code in NOT_NOW:
                raise
            return Comparison(DriftState.NOT_CHECKED, reason=f"The release's record cannot be read: {error.message}")
        body = wanted.at(key) if wanted is not None else None
        if wanted is None or body is None:
            return None
        held = ManifestObject(key, followed.kind, body, of.rules)
        member = self._member.acting_as(of.account)
        found = await compare(member, held)
        return await self._scrubbed(member, held, wanted, found)

    async def _scrubbed(
        self, member: Member, held: ManifestObject, wanted: WantedObjects, found: Comparison
    ) -> Comparison:
        """The same without values of secrets. Only an object that differs or cannot be compared shows any value."""
        if not wanted.secrets or not (found.found or found.reason):
            return found
        scrubber = await wanted.scrubber()
        return await compare(member, held, scrubber) if scrubber is not NOTHING else found

    async def _confirmed(self, results: list[_Result]) -> list[_Result]:
        """The results for releases that have not changed since. Helm writes a record before it changes any object, so
        a difference that a Helm run makes is not taken for drift."""
        differing = {result.of.target_id: result.of for result in results if result.comparison.state in DIFFERING}
        changing = set()
        for target_id, of in differing.items():
            try:
                listing = await list_revisions(self._member, namespace=of.namespace, name=of.release_name)
            except ActionError:
                changing.add(target_id)
                continue
            newest = listing.newest()
            if not newest or newest[0].resource_version != of.version:
                changing.add(target_id)
        for result in results:
            if result.of.target_id in changing:
                self._schedule(result.key, _RELEASE_CHANGES)
        return [result for result in results if result.of.target_id not in changing]


def _content(item: Object, key: Key) -> bytes:
    """A digest of everything that is compared. If only the metadata is known, it is the resource version."""
    if not is_judged(key.group, key.kind):
        return str(item["metadata"]["resourceVersion"]).encode()
    metadata = item["metadata"]
    compared = [
        {name: value for name, value in item.items() if name not in ("metadata", "status")},
        *(metadata.get(name) for name in ("uid", "labels", "annotations", "deletionTimestamp")),
    ]
    return hashlib.blake2b(json.dumps(compared, sort_keys=True).encode(), digest_size=16).digest()
