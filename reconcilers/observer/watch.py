"""Watches one member: lists it once, then follows it with metadata-only watches.

Any error with the member is reported in its reachability, and the watch starts again after a pause that grows with the
number of failures.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from app.clusters.member import Member, Purpose
from app.clusters.release_records import watch_releases
from app.core.database import LOST
from app.core.encryption import KeyRingError
from app.core.errors import ActionError, TemporaryError
from app.core.limiter import Limiter
from app.core.repeating import lasting
from app.core.tenancy import acting_for
from app.fleet.services import AllServices
from app.health.kinds import Kind
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster, Reachability
from reconcilers.metrics import OBSERVATIONS
from reconcilers.observer.assignments import Assignment
from reconcilers.observer.change_limiter import ChangeLimiter
from reconcilers.observer.contact import Contact
from reconcilers.observer.release_writer import ReleaseWriter
from reconcilers.observer.releases import FollowedReleases
from reconcilers.observer.resources.cluster_resources import ClusterResources
from reconcilers.observer.resources.writer import ResourceWriter
from reconcilers.observer.timeouts import ListBackoff
from reconcilers.observer.version import VersionFollower

log = structlog.get_logger()

_DATABASE_PAUSE = 1.0

_SHORTEST_WATCH = 1.0  # a shorter watch is a failure: else a server that ends all at once would be flooded
_ENDS_EARLY = 0.5  # seconds by which a watch may end early and still count as complete

Takeover = Callable[[Assignment], Awaitable[Assignment | None]]


class MemberWatch:
    """`assignment` is the member to watch. With `take_over`, the member still belongs to another observer: once it is
    listed, `take_over` makes the member this one's and returns the new assignment, or None if that failed.

    `lists` limits how many members are listed at once, in total and for one organization; `change_limiter` limits the
    rate of changes from one organization's members.
    """

    def __init__(
        self,
        services: AllServices,
        writer: ReleaseWriter,
        resource_writer: ResourceWriter,
        lists: Limiter,
        change_limiter: ChangeLimiter,
        assignment: Assignment,
        take_over: Takeover | None = None,
    ) -> None:
        self._services = services
        self._contact = Contact(services)
        self._releases = FollowedReleases(services, writer, change_limiter, assignment, self._settled, self._failed)
        self._resource_writer = resource_writer
        self._resources: ClusterResources | None = None
        self._lists = lists
        self._take_over = take_over
        self._organization_id = 0  # set once the cluster is read
        self._backoff = ListBackoff(longest=services.settings.unreachable_after / 2)
        self._trouble: asyncio.Future[None] | None = None

    @property
    def assignment(self) -> Assignment:
        return self._releases.assignment

    @property
    def confirmed_at(self) -> datetime | None:
        """The last moment at which all changes on the member were known."""
        return self._contact.confirmed_at

    @property
    def is_ours(self) -> bool:
        return self._take_over is None

    @property
    def is_well(self) -> bool:
        """Whether its last list is written, without an error since."""
        return self._contact.failures == 0 and self._releases.written.is_set()

    async def run(self) -> None:
        """Watches until it is cancelled, the cluster is removed, or the member could not be taken over."""
        while True:
            # Created before any change is queued, so that an error with the first change is not lost.
            self._trouble = asyncio.get_running_loop().create_future()
            self._releases.written.clear()
            try:
                cluster = await self._cluster()
                if cluster is None:
                    return
                with acting_for(cluster.organization_id):
                    if not await self._attend(self._services.members.of(cluster), cluster):
                        return
            except ActionError as error:
                if self._take_over is not None:
                    return  # the observer that has the member reports it
                OBSERVATIONS.labels(error.code).inc()
                if error.code != ActionCode.WATCH_EXPIRED:
                    await self._contact.fail(error, self.assignment)
            except KeyRingError as error:
                OBSERVATIONS.labels("refused").inc()
                await self._contact.fail(TemporaryError(ActionCode.CLUSTER_UNAUTHORIZED, str(error)), self.assignment)
            except LOST as error:
                log.warning("observer.database_lost", cluster=self.assignment.cluster_id, error=str(error))
                await asyncio.sleep(_DATABASE_PAUSE)
            except Exception:
                log.exception("observer.failed", cluster=self.assignment.cluster_id)
                message = "Polyhelm failed to observe it: see its log."
                await self._contact.fail(TemporaryError(ActionCode.INTERNAL, message), self.assignment)

    async def _attend(self, member: Member, cluster: Cluster) -> bool:
        """Lists the member and follows it until an error occurs; pings it when it has been silent. Returns False if
        the member could not be taken over."""
        assert self._trouble is not None
        self._organization_id = self._releases.organization_id = cluster.organization_id
        await self._contact.ping(member)  # a member that hangs must not hold a list slot
        working = asyncio.create_task(self._list_and_follow(member))
        catching_up = asyncio.create_task(self._catch_up(member, cluster))
        tasks: set[asyncio.Future[Any]] = {working, catching_up, self._trouble}
        try:
            while not working.done():
                waited_for = {task for task in tasks if not task.done()}
                pause = self._contact.pause(member)
                await asyncio.wait(waited_for, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                for ended in (catching_up, self._trouble):
                    if ended.done():
                        ended.result()
                if working.done():
                    break
                await self._contact.keep_up(member, self.assignment)
            return working.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _list_and_follow(self, member: Member) -> bool:
        await asyncio.sleep(self._backoff.pause())
        async with self._lists.slot(self._organization_id):
            self._backoff.begin()
            version = await self._list(member)
        if version is None:
            return False
        await self._follow(member, version)
        return True

    async def _list(self, member: Member) -> int | None:
        """Lists the member and queues what has changed; returns the version of its store, or None if the member could
        not be taken over."""
        listing = await self._releases.listing(member)
        self._contact.confirm()
        if self._take_over is not None:
            assignment = await self._take_over(self.assignment)
            if assignment is None:
                return None
            self._releases.assignment, self._take_over = assignment, None
        return await self._releases.take_in(member, listing)

    async def _follow(self, member: Member, version: int) -> None:
        """Runs one watch after another, each from the version at which the previous one ended."""
        longest = 0.8 * self._services.settings.confirm_every
        # The first has a random length: otherwise a thousand watches that began together would always end together.
        length = random.uniform(0.1, 1) * longest  # noqa: S311
        while True:
            seconds = max(1, int(length))
            length = longest
            began = time.monotonic()
            async with aclosing(watch_releases(member, version, seconds=seconds)) as stream:
                async for changes in stream:
                    if await self._releases.admit(member, changes):
                        await self.write_reachable()
                    version = changes[-1].version
                    self._contact.confirm()
            lasted = time.monotonic() - began
            if lasted < min(_SHORTEST_WATCH, seconds / 2):
                raise TemporaryError(ActionCode.WATCH_ENDED, "The API server ends each watch immediately.")
            if lasted >= seconds - _ENDS_EARLY:  # else a proxy may have ended it, which confirms nothing
                self._contact.confirm()

    async def _catch_up(self, member: Member, cluster: Cluster) -> None:
        """Waits until all differences that the list found are written, then marks the member as reachable: earlier,
        outdated statuses would be shown as current. Only then follows the resources of the releases and the version."""
        await self._releases.written.wait()
        is_reported = cluster.reachability_message == self._releases.notice
        if cluster.reachability is not Reachability.REACHABLE or self._contact.failures or not is_reported:
            await self.write_reachable()
        self._contact.recover()
        await asyncio.gather(
            lasting("resources", partial(self._follow_resources, member)),
            VersionFollower(self._services, member, cluster).run(),
        )

    def compare_again(self) -> None:
        """A deployment's setting for the drift of live objects has changed."""
        if self._resources is not None:
            self._resources.notice()  # its CRD policy decides what belongs to a release
            self._resources.drift.renew()

    def judge_again(self, kinds: Mapping[int, set[Kind]]) -> None:
        """The health rules for these kinds have changed, by organization."""
        if self._resources is not None and (changed := kinds.get(self._organization_id)):
            self._resources.judge_again(changed)

    async def _follow_resources(self, member: Member) -> None:
        apart = member.used_for(Purpose.RESOURCES)
        self._resources = ClusterResources(
            self._services, self._resource_writer, apart, self.assignment, self._organization_id
        )
        try:
            await self._resources.run()
        finally:
            self._resources = None

    def _settled(self) -> None:
        if self._resources is not None:
            self._resources.notice()

    def _failed(self, error: ActionError) -> None:
        if self._trouble is not None and not self._trouble.done():
            self._trouble.set_exception(error)
            self._trouble.exception()  # marks it as retrieved: without a waiter, a new list is about to begin anyway

    async def write_reachable(self) -> None:
        """Records that the member is reachable, and wakes the work that waited for it."""
        await self._contact.write_reachable(self.assignment, self._releases.notice)

    async def _cluster(self) -> Cluster | None:
        """Reads the cluster's row again: its credentials may have been replaced."""
        async with self._services.database.reading() as session:
            return await session.get(Cluster, self.assignment.cluster_id)
