"""Stores what was seen on members: releases, and the status of targets that follows from them.

Both the observer and the worker look at members, and the one that looked first may write last. A member's store counts
its changes, so each sighting carries the count at which it was true. A sighting that is older than what is known about
the target is dropped.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.changes import Head
from app.clusters.member import Member
from app.clusters.release_records import fetch_record, list_revisions
from app.core.fingerprints import Mark
from app.core.services import Services
from app.core.transaction import Transaction
from app.releases.record import UnreadableRecordError
from app.releases.release import PENDING, Observed, masked, without_quotes
from app.tables.clusters import Reachability
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.targets import Release, Target
from app.targets.codes import TargetEvent
from app.targets.joins import RELEASE_OF_TARGET
from app.targets.judging import Judged, judge_locked, observed_release
from app.targets.locking import lock_targets

_ROWS_AT_ONCE = 500

Key = tuple[int, str, str]
"""Identifies a release: the cluster's ID, the namespace, the name."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One release on a member at one moment: its newest revision, or None if there is no such release.

    The release is as it is on the member, values of secrets included. It is never stored in this form. `version` is the
    version of the member's store at which this was true, `secret_version` that of the Secret with the record."""

    key: Key
    version: int
    release: Observed | None
    secret_version: str = ""

    def without_record(self, why: str) -> "Sighting":
        """The same sighting for a record that cannot be stored: the name, the namespace, and why."""
        release = Observed(self.key[2], self.key[1], 0, "unknown", "?", "?", unreadable=why)
        return replace(self, release=release)

    def is_news(self, known: Release | None) -> bool:
        """Whether it differs from what is stored."""
        return self.secret_version != (known.resource_version if known else "")


async def look_at_release(
    member: Member, cluster_id: int, namespace: str, name: str, known: Release | None = None
) -> Sighting:
    """Looks at one release. Does not fetch its record again if it is `known` in the same version and deployed. In any
    other status, the caller needs more than what is stored.

    Raises:
        TemporaryError: if the member is unreachable.
    """
    key = (cluster_id, namespace, name)
    while True:
        listing = await list_revisions(member, namespace=namespace, name=name)
        heads = listing.newest()
        if not heads:
            return Sighting(key, listing.version, None)
        is_known = (
            known is not None and known.values is not None and known.resource_version == heads[0].resource_version
        )
        if known is not None and is_known and known.status == "deployed":
            return Sighting(key, listing.version, observed_release(known), known.resource_version)
        observed = await read_release(member, heads[0])
        if observed is not None:  # None: deleted meanwhile; another one may be the newest
            if not any(head.status in _PROVEN for head in listing.heads):
                observed = replace(observed, was_deployed=observed.was_deployed and observed.status not in _FAILED)
            return Sighting(key, listing.version, observed, heads[0].resource_version)


_PROVEN = ("deployed", "superseded")
_FAILED = {"failed", *PENDING}


async def read_history(member: Member, namespace: str, name: str) -> list[Observed]:
    """The newest revision of a release and its newest successful one, as they are on the member. Revisions with
    unreadable records are left out.

    Raises:
        TemporaryError: if the member is unreachable.
    """
    heads = (await list_revisions(member, namespace=namespace, name=name)).heads
    newest = max(heads, key=lambda head: head.revision, default=None)
    proven = max((h for h in heads if h.status in _PROVEN), key=lambda head: head.revision, default=None)
    found = [await read_release(member, head) for head in {newest, proven} if head is not None]
    return [observed for observed in found if observed is not None and observed.is_readable]


async def read_release(member: Member, head: Head) -> Observed | None:
    """The record of a release; None if it is gone. If the record is unreadable, the result holds the reason and what
    the labels state."""
    try:
        return await fetch_record(member, head)
    except UnreadableRecordError as error:
        return Observed(head.name, head.namespace, head.revision, head.status, "?", "?", unreadable=str(error))


_KEYS: BindParameter[Key] = bindparam("keys", expanding=True)
_TARGET_KEY = (col(Target.cluster_id), col(Deployment.namespace), col(Deployment.release_name))
_LOCKED = (
    select(
        col(Target.id),
        *_TARGET_KEY,
        col(Target.seen_version),
        col(Target.secret_paths),
        col(Release.revision),
        col(Release.status),
    )
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(Release, RELEASE_OF_TARGET, isouter=True)
    .where(tuple_(*_TARGET_KEY).in_(_KEYS))
    .order_by(col(Target.id))
    .with_for_update(of=Target, key_share=True)
)
_GONE = (
    delete(Release)
    .where(tuple_(col(Release.cluster_id), col(Release.namespace), col(Release.name)).in_(_KEYS))
    .execution_options(synchronize_session=False)
)


def _upsert() -> Any:
    keys = ("cluster_id", "namespace", "name")
    statement = insert(Release)
    changed = {field: statement.excluded[field] for field in Release.model_fields if field not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


_PRESENT = _upsert()


async def write_sightings(transaction: Transaction, sightings: Iterable[Sighting]) -> list[Judged]:
    """Stores what was seen, at most one sighting for each release, and judges the targets by it. Returns the targets
    that were seen. Masks values of secrets under the lock of the target's row, so that none is ever stored."""
    pending = list(sightings)
    seen: list[Judged] = []
    for start in range(0, len(pending), _ROWS_AT_ONCE):
        batch = {found.key: found for found in pending[start : start + _ROWS_AT_ONCE]}
        seen += await _write(transaction, batch)
    return seen


async def _write(transaction: Transaction, found: dict[Key, Sighting]) -> list[Judged]:
    session = transaction.session
    moment = now()
    seen: dict[int, dict[str, Any]] = {}
    changed: dict[int, Observed] = {}
    managed: set[Key] = set()
    for row in (await session.execute(_LOCKED, {"keys": list(found)})).all():
        target_id, cluster_id, namespace, name, seen_version, secret_paths, revision, status = row
        managed.add((cluster_id, namespace, name))
        sighting = found[cluster_id, namespace, name]
        if sighting.version < seen_version:
            del found[sighting.key]
            continue
        seen[target_id] = {"seen_version": sighting.version, "observed_at": moment}
        if secret_paths and sighting.release is not None:
            covered = masked(sighting.release, secret_paths, await transaction.fingerprints.mark())
            sighting = found[sighting.key] = replace(sighting, release=covered)
        release = sighting.release
        if release is not None and (release.revision, release.status) != (revision, status):
            changed[target_id] = release
    if gone := [key for key, sighting in found.items() if sighting.release is None]:
        await session.execute(_GONE, {"keys": gone})
    rows = [_row(sighting, sighting.release) for sighting in found.values() if sighting.release is not None]
    if unmanaged := [row for row in rows if (row["cluster_id"], row["namespace"], row["name"]) not in managed]:
        mark = await transaction.fingerprints.mark()
        for fields in unmanaged:
            described = without_quotes(fields["description"])
            fields.update(values=None, digest=_keyed(fields["digest"], mark), description=described)
    if rows:
        await session.execute(_PRESENT, rows)
    judged = await judge_locked(transaction, seen) if seen else []
    for verdict in judged:
        # For a member that is recorded as unreachable, changes are reported once it is recorded as reachable again.
        is_due = not verdict.has_changed and verdict.cluster.reachability is Reachability.REACHABLE
        if is_due and (release := changed.get(verdict.target.id)):
            _record(transaction, verdict, release)
    return judged


def _record(transaction: Transaction, judged: Judged, release: Observed) -> None:
    """Records an event for a release that has changed while the status of its target has not."""
    transaction.record(
        TargetEvent.RELEASE,
        f"{release.name} on {judged.cluster.name} is at revision {release.revision}, {release.status}.",
        organization_id=judged.deployment.organization_id,
        subject=judged.target,
        deployment=release.name,
        cluster=judged.cluster.name,
        revision=release.revision,
        helm_status=release.status,
    )


def _keyed(digest: bytes, mark: Mark) -> bytes:
    """A keyed digest for a release that no deployment manages. It shows that the release has changed, and does not
    reveal its values."""
    return hashlib.blake2b(mark(digest.hex()).encode(), digest_size=16).digest()


def _row(sighting: Sighting, release: Observed) -> dict[str, Any]:
    cluster_id, namespace, name = sighting.key
    return {
        "cluster_id": cluster_id,
        "namespace": namespace,
        "name": name,
        "revision": release.revision,
        "status": release.status,
        "chart_name": release.chart_name,
        "chart_version": release.chart_version,
        "app_version": release.app_version,
        "values": release.values if release.unreadable is None else None,
        "digest": release.digest,
        "unreadable": release.unreadable,
        "description": release.description,
        "updated_at": release.updated_at,
        "resource_version": sighting.secret_version,
    }


async def known_versions(session: AsyncSession, cluster_id: int) -> tuple[dict[tuple[str, str], str], int]:
    """What is stored about a member: the versions of Secrets by namespace and name, and the newest version of its
    store."""
    versions = select(col(Release.namespace), col(Release.name), col(Release.resource_version)).where(
        col(Release.cluster_id) == cluster_id
    )
    found = {(namespace, name): version for namespace, name, version in await session.execute(versions)}
    newest = select(func.max(Target.seen_version)).where(col(Target.cluster_id) == cluster_id)
    return found, (await session.execute(newest)).scalar_one() or 0


async def releases_of_targets(session: AsyncSession, cluster_id: int) -> set[tuple[str, str]]:
    """The releases (namespace and name) of deployments on a cluster."""
    statement = (
        select(col(Deployment.namespace), col(Deployment.release_name))
        .join(Target, col(Target.deployment_id) == Deployment.id)
        .where(col(Target.cluster_id) == cluster_id)
    )
    return {(namespace, name) for namespace, name in await session.execute(statement)}


async def forget_versions(session: AsyncSession, cluster_id: int) -> None:
    """Forgets the versions of a member whose store was restored from a backup and counts from the start: the stored
    versions no longer mean anything, and whatever is seen next counts as news."""
    await lock_targets(session, col(Target.cluster_id) == cluster_id)
    for statement in (
        update(Target).where(col(Target.cluster_id) == cluster_id).values(seen_version=0),
        update(Release).where(col(Release.cluster_id) == cluster_id).values(resource_version=""),
    ):
        await session.execute(statement.execution_options(synchronize_session=False))


_OF_A_TARGET = (
    select(col(Target.id))
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .where(RELEASE_OF_TARGET)
    .correlate(Release)
    .exists()
)
_FORGET = (
    update(Release)
    .where(col(Release.values).is_not(None), ~_OF_A_TARGET)
    .values(values=None, digest=b"")
    .execution_options(synchronize_session=False)
)


async def forget_values(services: Services) -> None:
    """Removes the values of releases that no longer belong to a target."""
    async with services.transaction() as transaction:
        await transaction.session.execute(_FORGET)
