"""The releases of one member that are followed: which of their changes are new, and which are not written yet."""

import asyncio
from collections.abc import Callable
from functools import partial

from app.clusters.changes import Change, Head
from app.clusters.member import Member
from app.clusters.release_records import Listing, list_releases
from app.core.errors import ActionError
from app.fleet.services import AllServices
from app.targets.sightings import (
    Key,
    Sighting,
    forget_versions,
    known_versions,
    look_at_release,
    read_release,
    releases_of_targets,
)
from reconcilers.observer.assignments import Assignment, still_ours
from reconcilers.observer.change_limiter import ChangeLimiter
from reconcilers.observer.release_writer import ReleaseChange, ReleaseWriter

_CHANGES, _CHANGES_AT_ONCE = 500.0, 5_000.0
"""Changes taken from one member: per second, and in one burst."""

_FETCHES = 2
"""Records fetched concurrently from one member, so that a member that is slow or has many changes delays no other."""


class FollowedReleases:
    """`settled` is called whenever the present state of a release is written, `failed` when the record of a release
    could not be fetched: then the member has to be listed again, so that the change is not lost.

    If a member has more releases than `cluster_releases`, only that many are followed, plus those of deployments.
    """

    def __init__(
        self,
        services: AllServices,
        writer: ReleaseWriter,
        change_limiter: ChangeLimiter,
        assignment: Assignment,
        settled: Callable[[], None],
        failed: Callable[[ActionError], None],
    ) -> None:
        self.assignment = assignment
        self.organization_id = 0  # set once the cluster is read
        self.written = asyncio.Event()
        """Set when all differences that the last list found are written."""
        self._services = services
        self._writer = writer
        self._settled = settled
        self._failed = failed
        self._most = services.settings.cluster_releases
        self._is_full = False  # there are more releases than the limit
        self._fetch_slots = asyncio.Semaphore(_FETCHES)
        self._change_limiter = change_limiter
        self._own_limiter = ChangeLimiter(_CHANGES, _CHANGES_AT_ONCE)
        self._newest: dict[tuple[str, str], tuple[int, str]] = {}
        self._owed: set[tuple[str, str]] = set()  # differences that the last list found and that are not written yet

    @property
    def notice(self) -> str | None:
        """What the user has to know about which releases are followed."""
        if not self._is_full:
            return None
        return (
            f"It has more than {self._most:,} releases, which is the limit. The releases of deployments are followed;"
            " others beyond the limit are not listed."
        )

    async def listing(self, member: Member) -> Listing:
        """The releases that are followed: those in the database, those of deployments, and others up to the limit."""
        async with self._services.database.reading() as session:
            known, _ = await known_versions(session, self.assignment.cluster_id)
            wanted = await releases_of_targets(session, self.assignment.cluster_id)
        needed = known.keys() | wanted
        return await list_releases(member, room=max(0, self._most - len(needed)), needed=needed)

    async def take_in(self, member: Member, listing: Listing) -> int:
        """Queues what differs between the member and the database. Returns the version of the member's store."""
        async with self._services.database.reading() as session:
            known, newest = await known_versions(session, self.assignment.cluster_id)
        if listing.version < newest:
            # A worker may have read a newer version after this list; a second list is newer still. If it is not, the
            # store was restored from a backup, and its versions count from a lower number again.
            listing = await self.listing(member)
            if listing.version < newest:
                known = await self._forget_versions(known)
        self._is_full = listing.is_cut
        heads = {(head.namespace, head.name): head for head in listing.heads}
        self._newest = {release: (head.revision, head.resource_version) for release, head in heads.items()}
        changed = {release: head for release, head in heads.items() if known.get(release) != head.resource_version}
        gone = known.keys() - heads.keys()
        self._owed = {*changed, *gone}
        for release, head in changed.items():
            self._queue(member, release, head, listing.version)
        for release in gone:
            self._queue(member, release)
        if not self._owed:
            self.written.set()
        return listing.version

    async def admit(self, member: Member, changes: list[Change]) -> bool:
        """Queues changes, except those of new releases beyond the limit that belong to no deployment. Returns whether
        these are the first ones beyond the limit."""
        await self._change_limiter.take(self.organization_id, len(changes))
        await self._own_limiter.take(self.assignment.cluster_id, len(changes))
        found = {release for change in changes if (release := change.release) is not None}
        new = found - self._newest.keys()
        left_out = set[tuple[str, str]]()
        if len(self._newest) + len(new) > self._most:
            async with self._services.database.reading() as session:
                left_out = new - await releases_of_targets(session, self.assignment.cluster_id)
            room = max(0, self._most - len(self._newest))
            left_out = set(sorted(left_out)[room:])
        for change in changes:
            if change.release not in left_out:
                self._note(member, change)
        was_full, self._is_full = self._is_full, self._is_full or bool(left_out)
        return self._is_full and not was_full

    def _note(self, member: Member, change: Change) -> None:
        if (head := change.head) is not None:
            release = (head.namespace, head.name)
            if head.revision >= self._newest.get(release, (0, ""))[0]:
                self._newest[release] = (head.revision, head.resource_version)
                self._queue(member, release, head, change.version)
        elif (gone := change.gone) is not None:
            release = (gone.namespace, gone.name)
            if gone.revision >= self._newest.get(release, (0, ""))[0]:
                self._newest.pop(release, None)
                self._queue(member, release)
        elif change.unclear is not None:
            self._newest.pop(change.unclear, None)
            self._queue(member, change.unclear)

    def _queue(self, member: Member, release: tuple[str, str], head: Head | None = None, version: int = 0) -> None:
        """Queues a release: `head` is its newest revision at this version of the member's store; without it, the
        release is read from the member."""
        key: Key = (self.assignment.cluster_id, *release)

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
            ReleaseChange(
                self.assignment, self.organization_id, key, head, self._fetch_slots, look, settle, self._failed
            )
        )

    def _settle(self, release: tuple[str, str]) -> None:
        """The present state of a release is written."""
        self._settled()
        self._owed.discard(release)
        if not self._owed:
            self.written.set()

    async def _forget_versions(self, known: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
        async with self._services.transaction() as transaction:
            if await still_ours(transaction.session, [self.assignment]):
                await forget_versions(transaction.session, self.assignment.cluster_id)
        return dict.fromkeys(known, "")
