"""Writes changed releases to the database, for all members that this process watches.

First, changes that a worker has already written, or is about to write, are left to the worker. Then the record of each
other release is fetched once, and all records fetched in the meantime are written in one transaction. Only the newest
change of each release counts, so there are never more waiting changes than releases."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice

import structlog
from sqlalchemy import BindParameter, bindparam, false, func, literal, select, true, tuple_, union_all
from sqlmodel import col

from app.clusters.changes import Head
from app.core.database import LOST, DataRefusedError
from app.core.errors import ActionError, TemporaryError
from app.core.limiter import Limiter, share
from app.core.repeating import lasting
from app.core.tenancy import acting_for
from app.deployments.drift import correct_drift
from app.fleet.services import AllServices
from app.releases.error_codes import ActionCode
from app.releases.release import PENDING
from app.tables.columns import now
from app.tables.deployments import Deployment, DriftPolicy
from app.tables.targets import Release, Target
from app.targets.sightings import Key, Sighting, write_sightings
from reconcilers.metrics import OBSERVATIONS
from reconcilers.observer.assignments import Assignment, still_ours

log = structlog.get_logger()

_AT_ONCE = 500
"""Changes that are sorted or written in one batch."""

_FETCHES = 64
"""Records that are fetched concurrently."""

_LEFT_TO_WORKER = 1.0
"""Seconds in which a worker is expected to write the result of its own action."""

_PASSING = 0.2
"""Seconds that a pending state has to last before it is reported."""

_AFTER_TROUBLE = 1.0


@dataclass(frozen=True, slots=True)
class ReleaseChange:
    """A release that has changed. `head` is None if the present state of the release is unknown and has to be read.

    `look` reads the release in one of the `slots` of its member; `done` is called once the release is written,
    `failed` if the member cannot be read.
    """

    assignment: Assignment
    organization_id: int
    key: Key
    head: Head | None
    slots: asyncio.Semaphore
    look: Callable[[], Awaitable[Sighting | None]]
    done: Callable[[], None]
    failed: Callable[[ActionError], None]
    queued_at: datetime = field(default_factory=now)
    due: float = 0.0
    is_left: bool = False


Batch = dict[Key, tuple[ReleaseChange, Sighting]]


class ReleaseWriter:
    def __init__(self, services: AllServices) -> None:
        self._services = services
        self._waiting: dict[int, dict[Key, ReleaseChange]] = {}
        """By organization."""
        self._fetching: dict[Key, tuple[ReleaseChange, asyncio.Task[None]]] = {}
        self._seen: dict[Key, tuple[ReleaseChange, Sighting]] = {}
        self._has_waiting, self._has_seen = asyncio.Event(), asyncio.Event()
        self._fetches = Limiter("records", _FETCHES, each=share(_FETCHES, services.settings.organization_share))

    def put(self, change: ReleaseChange) -> None:
        """Queues a change. It replaces an older change of the same release that is still waiting."""
        pending = change.head is not None and change.head.status in PENDING
        waiting = self._waiting.get(change.organization_id, {})
        queued_at = min(change.queued_at, waiting.get(change.key, change).queued_at)
        due = time.monotonic() + (_PASSING if pending else 0)
        self._wait(replace(change, queued_at=queued_at, due=due))
        self._has_waiting.set()

    def _wait(self, change: ReleaseChange) -> None:
        self._waiting.setdefault(change.organization_id, {})[change.key] = change

    def _take(self, change: ReleaseChange) -> bool:
        """Removes a waiting change; returns False if a newer change of the same release has replaced it."""
        waiting = self._waiting.get(change.organization_id, {})
        if waiting.get(change.key) is not change:
            return False
        del waiting[change.key]
        if not waiting:
            del self._waiting[change.organization_id]
        return True

    def _next(self) -> list[ReleaseChange]:
        """The changes to sort next, the same number for each organization: thousands of changes on one organization's
        clusters do not delay another organization. Changes of a release whose record is being fetched keep waiting."""
        each = max(1, _AT_ONCE // max(1, len(self._waiting)))
        found: list[ReleaseChange] = []
        for waiting in self._waiting.values():
            found += islice((change for key, change in waiting.items() if key not in self._fetching), each)
        return found

    def unwritten(self) -> dict[int, datetime]:
        """The clusters with changes that are not written yet, each with the time of the oldest: the database is
        complete up to that time."""
        since: dict[int, datetime] = {}
        begun = (change for change, _ in chain(self._fetching.values(), self._seen.values()))
        for change in chain(*(waiting.values() for waiting in self._waiting.values()), begun):
            cluster_id = change.assignment.cluster_id
            since[cluster_id] = min(change.queued_at, since.get(cluster_id, change.queued_at))
        return since

    async def run(self) -> None:
        """Works until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(lasting("observer", self._sort_out))
                group.create_task(lasting("observer", self._write))
        finally:
            tasks = [task for _, task in self._fetching.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _sort_out(self) -> None:
        while True:
            await self._until_due()
            moment = time.monotonic()
            due = [change for change in self._next() if change.due <= moment]
            try:
                known = await self._known(due)
            except LOST as error:
                log.warning("observer.database_lost", error=str(error))
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
            for change in due:
                if not self._take(change):
                    continue  # a newer change has replaced it
                version, is_leased = known.get(change.key, ("", False))
                if change.head is not None and version == change.head.resource_version:
                    change.done()
                elif is_leased and not change.is_left:
                    self._wait(replace(change, due=moment + _LEFT_TO_WORKER, is_left=True))
                else:
                    self._fetching[change.key] = change, asyncio.create_task(self._fetch(change))

    async def _until_due(self) -> None:
        """Waits until a change is due. Changes of a release whose record is being fetched do not count."""
        while True:
            self._has_waiting.clear()
            soonest = min((change.due for change in self._next()), default=None)
            pause = None if soonest is None else soonest - time.monotonic()
            if pause is not None and pause <= 0:
                return
            try:
                async with asyncio.timeout(pause):
                    await self._has_waiting.wait()
            except TimeoutError:
                return

    async def _known(self, due: list[ReleaseChange]) -> dict[Key, tuple[str, bool]]:
        """What the database has of these releases: the version of the Secret, and whether a worker holds a lease."""
        if not due:
            return {}
        try:
            rows = await self._services.database.rows(_KNOWN, keys=[change.key for change in due])
        except DataRefusedError as error:  # not known to happen; one bad name must not block other releases
            if len(due) > 1:
                half = len(due) // 2
                return await self._known(due[:half]) | await self._known(due[half:])
            log.error("observer.not_sorted_out", release=due[0].key, error=str(error))
            if self._take(due[0]):
                due[0].failed(TemporaryError(ActionCode.INTERNAL, "A release has a name that cannot be stored."))
            return {}
        found: dict[Key, tuple[str, bool]] = {}
        for *key, version, is_leased in rows:
            known, was_leased = found.get(tuple(key), ("", False))
            found[tuple(key)] = (version or known, is_leased or was_leased)
        return found

    async def _fetch(self, change: ReleaseChange) -> None:
        try:
            with acting_for(change.organization_id):
                async with change.slots, self._fetches.slot(change.organization_id):
                    sighting = await change.look()
            if sighting is not None:
                unwritten, _ = self._seen.get(change.key, (change, None))
                self._seen[change.key] = replace(change, queued_at=min(change.queued_at, unwritten.queued_at)), sighting
                self._has_seen.set()
            else:
                change.done()
        except ActionError as error:
            change.failed(error)
        except Exception:
            log.exception("observer.failed", release=change.key)
            change.failed(
                TemporaryError(ActionCode.INTERNAL, "Polyhelm failed to read a release. See the observer's log.")
            )
        finally:
            del self._fetching[change.key]
            self._has_waiting.set()

    async def _write(self) -> None:
        while True:
            await self._has_seen.wait()
            self._has_seen.clear()
            while self._seen:
                batch = dict(list(self._seen.items())[:_AT_ONCE])
                try:
                    await self._write_or_divide(batch)
                except LOST as error:
                    log.warning("observer.database_lost", error=str(error))
                    await asyncio.sleep(_AFTER_TROUBLE)
                    continue
                for key, entry in batch.items():
                    if self._seen.get(key) is entry:
                        del self._seen[key]
                        entry[0].done()

    async def _write_or_divide(self, batch: Batch) -> None:
        """Writes everything that can be written. On any error other than a lost database, the batch is divided until
        the release that causes the error is alone; that release is written without its record, as unreadable."""
        try:
            await self._write_down(batch)
        except LOST:
            raise
        except Exception as error:
            if len(batch) > 1:
                entries = list(batch.items())
                for half in (entries[: len(entries) // 2], entries[len(entries) // 2 :]):
                    await self._write_or_divide(dict(half))
                return
            [(key, (change, sighting))] = batch.items()
            refused = isinstance(error, DataRefusedError)
            log.error("observer.not_written", release=key, error=str(error), exc_info=None if refused else error)
            if sighting.release is not None and sighting.release.unreadable is None:
                await self._write_or_divide(
                    {key: (change, sighting.without_record("The release cannot be stored. See the observer's log."))}
                )

    async def _write_down(self, batch: Batch) -> None:
        async with self._services.transaction() as transaction:
            ours = await still_ours(transaction.session, {change.assignment for change, _ in batch.values()})
            sightings = [sighting for change, sighting in batch.values() if change.assignment.cluster_id in ours]
            seen = await write_sightings(transaction, sightings)
            corrected = [found.target.id for found in seen if found.deployment.drift_policy is DriftPolicy.CORRECT]
        if corrected:
            await correct_drift(self._services, corrected)
        OBSERVATIONS.labels("seen").inc(len(sightings))


_KEYS: BindParameter[Key] = bindparam("keys", expanding=True)
_RELEASE = (col(Release.cluster_id), col(Release.namespace), col(Release.name))
_TARGET = (col(Target.cluster_id), col(Deployment.namespace), col(Deployment.release_name))
_KNOWN = union_all(
    select(*_RELEASE, col(Release.resource_version), false()).where(tuple_(*_RELEASE).in_(_KEYS)),
    select(*_TARGET, literal(""), true())
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .where(tuple_(*_TARGET).in_(_KEYS), col(Target.lease_expires_at) > func.clock_timestamp()),
)
