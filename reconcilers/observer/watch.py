"""Watches one member: lists it once, then follows it with metadata-only watches.

Any error with the member is reported in its reachability, and the watch starts again after a pause that grows with the
number of failures.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import update
from sqlmodel import col, select

from app.clusters.changes import Change, Head
from app.clusters.member import Member, Purpose
from app.clusters.release_records import Listing, list_releases, watch_releases
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
from app.tables.columns import now
from app.tables.operations import OperationResult
from app.tables.targets import Target
from app.targets.joins import OPEN_RESULT
from app.targets.reachability import reachability_of, write_reachability, write_trouble
from app.targets.sightings import (
    Key,
    Sighting,
    forget_versions,
    known_versions,
    look_at_release,
    read_release,
    releases_of_targets,
)
from reconcilers.metrics import OBSERVATIONS
from reconcilers.observer.assignment import Post, still_ours
from reconcilers.observer.change_limiter import ChangeLimiter
from reconcilers.observer.release_writer import ReleaseChange, ReleaseWriter
from reconcilers.observer.resources.keeper import ClusterResources
from reconcilers.observer.resources.writer import ResourceWriter
from reconcilers.observer.timeouts import ListBackoff, Timeouts
from reconcilers.observer.version import VersionFollower

log = structlog.get_logger()

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
_DATABASE_PAUSE = 1.0

_CHANGES, _CHANGES_AT_ONCE = 500.0, 5_000.0
"""Changes taken from one member: per second, and in one burst."""

_FETCHES = 2
"""Records fetched concurrently from one member, so that a member that is slow or has many changes delays no other."""

_SHORTEST_WATCH = 1.0  # a shorter watch is a failure: else a server that ends all at once would be flooded
_ENDS_EARLY = 0.5  # seconds by which a watch may end early and still count as complete

Claim = Callable[[Post], Awaitable[Post | None]]


class MemberWatch:
    """`post` is the member to watch. With a `claim`, the member still belongs to another observer: once it is listed,
    `claim` takes it over and returns the new post, or None if that failed.

    `lists` limits how many members are listed at once, in total and for one organization; `change_limiter` limits the
    rate of changes from one organization's members. If a member has more releases than `cluster_releases`, only that
    many are followed, plus those of deployments.
    """

    def __init__(
        self,
        services: AllServices,
        writer: ReleaseWriter,
        resource_writer: ResourceWriter,
        lists: Limiter,
        change_limiter: ChangeLimiter,
        post: Post,
        claim: Claim | None = None,
    ) -> None:
        self.post = post
        self.confirmed_at: datetime | None = None
        """The last moment at which all changes on the member were known."""
        self._services = services
        self._writer = writer
        self._resource_writer = resource_writer
        self._resources: ClusterResources | None = None
        self._lists = lists
        self._change_limiter = change_limiter
        self._most = services.settings.cluster_releases
        self._is_full = False  # there are more releases than the limit
        self._claim = claim
        self._timeouts = Timeouts.of(services.settings)
        self._organization_id = 0  # set once the cluster is read
        self._fetch_slots = asyncio.Semaphore(_FETCHES)
        self._own_flow = ChangeLimiter(_CHANGES, _CHANGES_AT_ONCE)
        self._pace = ListBackoff(longest=services.settings.unreachable_after / 2)
        self._newest: dict[tuple[str, str], tuple[int, str]] = {}
        self._owed: set[tuple[str, str]] = set()  # differences that the last list found and that are not written yet
        self._written = asyncio.Event()
        self._well_at = time.monotonic()  # when the member was last without an error, or the last list was written
        self._failures = 0  # since then
        self._error: ActionError | None = None  # the last of them, until it is reported
        self._trouble: asyncio.Future[None] | None = None

    @property
    def is_ours(self) -> bool:
        return self._claim is None

    @property
    def is_well(self) -> bool:
        """Whether its last list is written, without an error since."""
        return self._failures == 0 and self._written.is_set()

    async def run(self) -> None:
        """Watches until it is cancelled, the cluster is removed, or the member could not be taken over."""
        while True:
            # Created before any change is queued, so that an error with the first change is not lost.
            self._trouble = asyncio.get_running_loop().create_future()
            self._written.clear()
            try:
                cluster = await self._cluster()
                if cluster is None:
                    return
                with acting_for(cluster.organization_id):
                    if not await self._attend(self._services.members.of(cluster), cluster):
                        return
            except ActionError as error:
                if self._claim is not None:
                    return  # the observer that has the member reports it
                OBSERVATIONS.labels(error.code).inc()
                if error.code != ActionCode.WATCH_EXPIRED:
                    await self._out_of_reach(error)
            except KeyRingError as error:
                OBSERVATIONS.labels("refused").inc()
                await self._out_of_reach(TemporaryError(ActionCode.CLUSTER_UNAUTHORIZED, str(error)))
            except LOST as error:
                log.warning("observer.database_lost", cluster=self.post.cluster_id, error=str(error))
                await asyncio.sleep(_DATABASE_PAUSE)
            except Exception:
                log.exception("observer.failed", cluster=self.post.cluster_id)
                await self._out_of_reach(
                    TemporaryError(ActionCode.INTERNAL, "Polyhelm failed to observe it: see its log.")
                )

    async def _attend(self, member: Member, cluster: Cluster) -> bool:
        """Lists the member and follows it until an error occurs; pings it when it has been silent. Returns False if
        the member could not be taken over."""
        assert self._trouble is not None
        self._organization_id = cluster.organization_id
        await self._sign_of_life(member)  # a member that hangs must not hold a list slot
        working = asyncio.create_task(self._list_and_follow(member))
        catching_up = asyncio.create_task(self._catch_up(member, cluster))
        tasks: set[asyncio.Future[Any]] = {working, catching_up, self._trouble}
        try:
            while not working.done():
                pause = member.heard_at + self._timeouts.quiet - time.monotonic()
                if self._error is not None:
                    pause = min(pause, self._left())
                waited_for = {task for task in tasks if not task.done()}
                await asyncio.wait(waited_for, timeout=max(0.0, pause), return_when=asyncio.FIRST_COMPLETED)
                for ended in (catching_up, self._trouble):
                    if ended.done():
                        ended.result()
                if working.done():
                    break
                if self._error is not None and self._left() <= 0:
                    await self._tell_out_of_reach(self._error)
                if time.monotonic() - member.heard_at >= self._timeouts.quiet:
                    await self._sign_of_life(member)
            return working.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _sign_of_life(self, member: Member) -> None:
        """Pings the member. An answer to another request meanwhile counts too: the ping may be queued behind it."""
        began = time.monotonic()
        try:
            await member.ping(seconds=self._timeouts.answer_within(self._left()))
        except TemporaryError as error:
            if error.code != ActionCode.CLUSTER_UNREACHABLE or member.heard_at < began:
                raise
        self._note_sign_of_life()

    async def _list_and_follow(self, member: Member) -> bool:
        await asyncio.sleep(self._pace.pause())
        async with self._lists.slot(self._organization_id):
            self._pace.begin()
            version = await self._list(member)
        if version is None:
            return False
        await self._follow(member, version)
        return True

    async def _catch_up(self, member: Member, cluster: Cluster) -> None:
        """Waits until all differences that the list found are written, then marks the member as reachable: earlier,
        outdated statuses would be shown as current. Only then follows the resources of the releases and the version."""
        await self._written.wait()
        is_told = cluster.reachability_message == self._notice
        if cluster.reachability is not Reachability.REACHABLE or self._failures or not is_told:
            await self.write_reachable()
        self._failures, self._error = 0, None
        self._well_at = time.monotonic()
        await asyncio.gather(
            lasting("resources", partial(self._follow_resources, member)),
            VersionFollower(self._services, member, cluster).run(),
        )

    def compare_again(self) -> None:
        """A deployment's setting for the drift of live objects has changed."""
        if self._resources is not None:
            self._resources.drift.renew()

    def judge_again(self, kinds: Mapping[int, set[Kind]]) -> None:
        """The health rules for these kinds have changed, by organization."""
        if self._resources is not None and (changed := kinds.get(self._organization_id)):
            self._resources.judge_again(changed)

    async def _follow_resources(self, member: Member) -> None:
        apart = member.used_for(Purpose.RESOURCES)
        self._resources = ClusterResources(
            self._services, self._resource_writer, apart, self.post, self._organization_id
        )
        try:
            await self._resources.run()
        finally:
            self._resources = None

    async def _list(self, member: Member) -> int | None:
        """Lists the member and queues what has changed; returns the version of its store, or None if the member could
        not be taken over."""
        listing = await self._releases(member)
        self._confirm()
        if self._claim is not None:
            post = await self._claim(self.post)
            if post is None:
                return None
            self.post, self._claim = post, None
        async with self._services.database.reading() as session:
            known, newest = await known_versions(session, self.post.cluster_id)
        if listing.version < newest:
            # A worker may have read a newer version after this list; a second list is newer still. If it is not, the
            # store was restored from a backup, and its versions count from a lower number again.
            listing = await self._releases(member)
            if listing.version < newest:
                known = await self._forget_versions(known)
        self._is_full = listing.is_cut
        self._take_in(member, listing, known)
        return listing.version

    async def _releases(self, member: Member) -> Listing:
        """The releases that are followed: those in the database, those of deployments, and others up to the limit."""
        async with self._services.database.reading() as session:
            known, _ = await known_versions(session, self.post.cluster_id)
            wanted = await releases_of_targets(session, self.post.cluster_id)
        needed = known.keys() | wanted
        return await list_releases(member, room=max(0, self._most - len(needed)), needed=needed)

    async def _admit(self, member: Member, changes: list[Change]) -> None:
        """Queues changes, except those of new releases beyond the limit that belong to no deployment."""
        await self._change_limiter.take(self._organization_id, len(changes))
        await self._own_flow.take(self.post.cluster_id, len(changes))
        found = {release for change in changes if (release := change.release) is not None}
        new = found - self._newest.keys()
        left_out = set[tuple[str, str]]()
        if len(self._newest) + len(new) > self._most:
            async with self._services.database.reading() as session:
                left_out = new - await releases_of_targets(session, self.post.cluster_id)
            room = max(0, self._most - len(self._newest))
            left_out = set(sorted(left_out)[room:])
        for change in changes:
            if change.release not in left_out:
                self._note(member, change)
        if left_out and not self._is_full:
            self._is_full = True
            await self.write_reachable()

    @property
    def _notice(self) -> str | None:
        if not self._is_full:
            return None
        return (
            f"It has more than {self._most:,} releases, which is the limit. The releases of deployments are followed;"
            " others beyond the limit are not listed."
        )

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
                    await self._admit(member, changes)
                    version = changes[-1].version
                    self._confirm()
            lasted = time.monotonic() - began
            if lasted < min(_SHORTEST_WATCH, seconds / 2):
                raise TemporaryError(ActionCode.WATCH_ENDED, "The API server ends watches at once.")
            if lasted >= seconds - _ENDS_EARLY:  # else a proxy may have ended it, which confirms nothing
                self._confirm()

    async def _forget_versions(self, known: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
        async with self._services.transaction() as transaction:
            if await still_ours(transaction.session, [self.post]):
                await forget_versions(transaction.session, self.post.cluster_id)
        return dict.fromkeys(known, "")

    def _take_in(self, member: Member, listing: Listing, known: dict[tuple[str, str], str]) -> None:
        """Queues what differs between the member and the database."""
        heads = {(head.namespace, head.name): head for head in listing.heads}
        self._newest = {release: (head.revision, head.resource_version) for release, head in heads.items()}
        changed = {release: head for release, head in heads.items() if known.get(release) != head.resource_version}
        gone = known.keys() - heads.keys()
        self._owed = {*changed, *gone}
        for release, head in changed.items():
            self._tell(member, release, head, listing.version)
        for release in gone:
            self._tell(member, release)
        if not self._owed:
            self._written.set()

    def _note(self, member: Member, change: Change) -> None:
        if (head := change.head) is not None:
            release = (head.namespace, head.name)
            if head.revision >= self._newest.get(release, (0, ""))[0]:
                self._newest[release] = (head.revision, head.resource_version)
                self._tell(member, release, head, change.version)
        elif (gone := change.gone) is not None:
            release = (gone.namespace, gone.name)
            if gone.revision >= self._newest.get(release, (0, ""))[0]:
                self._newest.pop(release, None)
                self._tell(member, release)
        elif change.unclear is not None:
            self._newest.pop(change.unclear, None)
            self._tell(member, change.unclear)

    def _tell(self, member: Member, release: tuple[str, str], head: Head | None = None, version: int = 0) -> None:
        """Queues a release: `head` is its newest revision at this version of the member's store; without it, the
        release is read from the member."""
        key: Key = (self.post.cluster_id, *release)

        async def look() -> Sighting | None:
            if head is not None:
                found = await read_release(member, head)
                if found is not None:
                    return Sighting(key, version, found, head.resource_version)
            seen = await look_at_release(member, *key)
            if seen.release is not None:
                self._newest.setdefault(release, (seen.release.revision, seen.secret_version))
            return seen

        settle = partial(self._settle, release)
        self._writer.put(
            ReleaseChange(self.post, self._organization_id, key, head, self._fetch_slots, look, settle, self._fail)
        )

    def _settle(self, release: tuple[str, str]) -> None:
        """The present state of a release is written."""
        if self._resources is not None:
            self._resources.notice()
        self._owed.discard(release)
        if not self._owed:
            self._written.set()

    def _fail(self, error: ActionError) -> None:
        """The record of a release could not be fetched: the member is listed again, so that the change is not lost."""
        if self._trouble is not None and not self._trouble.done():
            self._trouble.set_exception(error)
            self._trouble.exception()  # marks it as retrieved: without a waiter, a new list is about to begin anyway

    def _note_sign_of_life(self) -> None:
        if self._failures == 0:
            self._well_at = time.monotonic()

    def _confirm(self) -> None:
        self._note_sign_of_life()
        self.confirmed_at = now()

    def _left(self) -> float:
        """Seconds until an error with the member has to be reported."""
        return self._well_at + self._timeouts.total - time.monotonic()

    async def _out_of_reach(self, error: ActionError) -> None:
        """Reports an error, once it has lasted if the member is unreachable, else at once. Waits before a retry."""
        self._failures += 1
        self._error = error
        pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures, 16)))  # noqa: S311
        asked = (error.retry_after if isinstance(error, TemporaryError) else None) or 0.0
        left = self._left()
        if reachability_of(error) is not Reachability.UNREACHABLE or left <= self._timeouts.last:
            await self._tell_out_of_reach(error)
            await asyncio.sleep(max(pause, asked))
        elif asked >= left:
            await asyncio.sleep(left)
            await self._tell_out_of_reach(error)
            await asyncio.sleep(asked - left)
        else:
            await asyncio.sleep(max(asked, min(pause, left - self._timeouts.last)))

    async def _tell_out_of_reach(self, error: ActionError) -> None:
        with suppress(*LOST):
            async with self._services.transaction() as transaction:
                if await still_ours(transaction.session, [self.post], changes=True):
                    await write_trouble(transaction, self.post.cluster_id, error)
            self._error = None

    async def write_reachable(self) -> None:
        """Records that the member is reachable, and wakes the work that waited for it."""
        async with self._services.transaction() as transaction:
            session, cluster_id = transaction.session, self.post.cluster_id
            if not await still_ours(session, [self.post], changes=True):
                return
            if not await write_reachability(transaction, cluster_id, Reachability.REACHABLE, self._notice):
                return
            waiting = select(Target.id).join(OperationResult, OPEN_RESULT).where(col(Target.cluster_id) == cluster_id)
            woken = list((await session.exec(waiting)).all())
            await session.execute(update(Target).where(col(Target.id).in_(woken)).values(retry_at=None))
            transaction.wake(woken)

    async def _cluster(self) -> Cluster | None:
        """Reads the cluster's row again: its credentials may have been replaced."""
        async with self._services.database.reading() as session:
            return await session.get(Cluster, self.post.cluster_id)
