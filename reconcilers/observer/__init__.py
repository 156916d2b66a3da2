"""The observer: watches its share of all members, and writes changes on them to the database."""

import asyncio
import os
import socket
import uuid
from datetime import datetime

import structlog

from app.core.database import LOST
from app.core.limiter import Limiter, share
from app.core.repeating import lasting, repeatedly
from app.fleet.services import AllServices
from app.resources.drift import clusters_to_compare
from app.targets.reachability import confirm
from reconcilers.metrics import WATCHED
from reconcilers.observer import assignments
from reconcilers.observer.assignments import Assignment
from reconcilers.observer.change_limiter import ChangeLimiter
from reconcilers.observer.release_writer import ReleaseWriter
from reconcilers.observer.resources.writer import ResourceWriter
from reconcilers.observer.watch import MemberWatch, Takeover

log = structlog.get_logger()

_BEAT_SECONDS = 1.0
_LISTS_AT_ONCE = 50
_CHANGES, _CHANGES_AT_ONCE = 2_000.0, 10_000.0
"""Changes taken from all watches on one organization's clusters: per second, and in one burst."""


class Observer:
    def __init__(self, services: AllServices) -> None:
        self._services = services
        self._id = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._writer = ReleaseWriter(services)
        self._resources = ResourceWriter(services)
        self._watches: dict[int, MemberWatch] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        each = share(_LISTS_AT_ONCE, services.settings.organization_share)
        self._lists = Limiter("lists", _LISTS_AT_ONCE, each=each)
        self._change_limiter = ChangeLimiter(_CHANGES, _CHANGES_AT_ONCE)
        self._confirmed: dict[int, datetime] = {}

    async def run(self) -> None:
        """Observes until it is cancelled; then releases its members, so that other observers can take them at once."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(lasting("observer", self._writer.run))
                group.create_task(self._resources.run())
                group.create_task(repeatedly("observer", self._share_out, _BEAT_SECONDS))
                seconds = min(5.0, self._services.settings.confirm_every / 4)
                group.create_task(repeatedly("observer", self._confirm, seconds))
        finally:
            for cluster_id in list(self._tasks):
                self._stop(cluster_id)
            await asyncio.shield(self._leave())

    async def _leave(self) -> None:
        try:
            await assignments.leave(self._services, self._id)
        except LOST as error:
            log.warning("observer.database_lost", error=str(error))

    async def _share_out(self) -> None:
        """Starts to watch members that this observer has or is to take over; stops the watches of those it has lost."""
        async with self._services.database.reading() as session:
            changed = await clusters_to_compare(session)
            judged_anew = await self._resources.rules.renew(session)
        ours_before = {cluster_id for cluster_id, watch in self._watches.items() if watch.is_ours}
        found = await assignments.renew(self._services, self._id)
        mine = {assignment.cluster_id: assignment for assignment in found.mine}
        for cluster_id, task in list(self._tasks.items()):
            is_gone = cluster_id in ours_before and mine.get(cluster_id) != self._watches[cluster_id].assignment
            if task.done() or is_gone:
                self._stop(cluster_id)
        for assignment in [*found.mine, *await assignments.take(self._services, self._id, found.free)]:
            self._start(assignment)
        for assignment in found.theirs:
            self._start(assignment, self._take_over)
        for cluster_id in changed & self._watches.keys():
            self._watches[cluster_id].compare_again()
        for watch in self._watches.values():
            watch.judge_again(judged_anew)
        WATCHED.set(len(self._tasks))

    async def _take_over(self, assignment: Assignment) -> Assignment | None:
        return next(iter(await assignments.take(self._services, self._id, [assignment])), None)

    def _start(self, assignment: Assignment, take_over: Takeover | None = None) -> None:
        if assignment.cluster_id not in self._tasks:
            watch = self._watches[assignment.cluster_id] = MemberWatch(
                self._services, self._writer, self._resources, self._lists, self._change_limiter, assignment, take_over
            )
            self._tasks[assignment.cluster_id] = asyncio.create_task(watch.run())

    def _stop(self, cluster_id: int) -> None:
        del self._watches[cluster_id]
        self._confirmed.pop(cluster_id, None)
        self._tasks.pop(cluster_id).cancel()

    async def _confirm(self) -> None:
        """Writes, for each member, the moment up to which all changes on it are known and written."""
        unwritten = self._writer.unwritten()
        fresh = {
            cluster_id: moment
            for cluster_id, watch in self._watches.items()
            if watch.is_ours
            and watch.confirmed_at
            and (moment := min(watch.confirmed_at, unwritten.get(cluster_id, watch.confirmed_at)))
            != self._confirmed.get(cluster_id)
        }
        if not fresh:
            return
        for cluster_id in await confirm(self._services, fresh):
            watch = self._watches.get(cluster_id)
            if watch is not None and watch.is_well:  # else it became unreachable, or is just recovering
                await watch.write_reachable()
        self._confirmed = {**self._confirmed, **fresh}
