"""What was seen on a member, written down: the releases there, and from them the status of the targets.

The observer and the worker both look, and whoever looked first may write last. So a sighting carries the version of the
member's store that it shows, and one that is older than what is written already is refused.
"""

import asyncio
from dataclasses import dataclass

from sqlalchemy import delete, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.member import Head, Member
from app.clusters.tables import Cluster, Reachability
from app.releases.release import Observed, UnreadableRecordError
from app.tables import now
from app.targets.judging import judge_targets
from app.targets.tables import Release
from app.transaction import Transaction

_BODIES_AT_ONCE = 4
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Sighting:
    """The newest revision of each release on a member, or of the one in `scope` (namespace and name).

    `unchanged` are the releases that are known in just this version already: their bodies were not fetched again.
    """

    version: int
    found: dict[tuple[str, str], tuple[Head, Observed]]
    unchanged: frozenset[tuple[str, str]] = frozenset()
    scope: tuple[str, str] | None = None

    def of(self, namespace: str, name: str) -> Observed | None:
        entry = self.found.get((namespace, name))
        return entry[1] if entry else None


async def look_at_release(member: Member, namespace: str, name: str) -> Sighting:
    """Looks at one release.

    Raises:
        TemporaryError: where the member can't be asked.
    """
    while True:
        listing = await member.heads(namespace=namespace, name=name)
        heads = listing.newest()
        if not heads:
            return Sighting(listing.version, {}, scope=(namespace, name))
        observed = await _read(member, heads[0])
        if observed is not None:  # None: it went away in between, and another one may be the newest
            return Sighting(listing.version, {(namespace, name): (heads[0], observed)}, scope=(namespace, name))


async def look_at_member(member: Member, known: dict[tuple[str, str], str]) -> Sighting:
    """Looks at all releases; fetches bodies only where the Secret's version is not the `known` one.

    Raises:
        TemporaryError: where the member can't be asked.
    """
    listing = await member.heads()
    gate = asyncio.Semaphore(_BODIES_AT_ONCE)
    found: dict[tuple[str, str], tuple[Head, Observed]] = {}
    unchanged = set()

    async def fetch(head: Head) -> None:
        async with gate:
            observed = await _read(member, head)
        if observed is not None:
            found[head.namespace, head.name] = (head, observed)

    changed = []
    for head in listing.newest():
        if known.get((head.namespace, head.name)) == head.resource_version:
            unchanged.add((head.namespace, head.name))
        else:
            changed.append(head)
    await asyncio.gather(*map(fetch, changed))
    return Sighting(listing.version, found, frozenset(unchanged))


async def _read(member: Member, head: Head) -> Observed | None:
    try:
        return await member.record(head)
    except UnreadableRecordError as error:
        # Its labels still tell that it is there. It equals no release that is wanted, and the reason says why.
        return Observed(head.name, head.namespace, head.revision, head.status, "?", "?", description=str(error))


async def known_versions(session: AsyncSession, cluster_id: int) -> dict[tuple[str, str], str]:
    """The Secrets' versions of what is written down of a member."""
    statement = select(Release.namespace, Release.name, Release.resource_version).where(
        col(Release.cluster_id) == cluster_id
    )
    return {(namespace, name): version for namespace, name, version in await session.exec(statement)}


async def write_sighting(transaction: Transaction, cluster_id: int, sighting: Sighting, *, reset: bool = False) -> bool:
    """Writes down what was seen and judges the member's targets by it; False where something newer is written already.

    `reset` writes it in any case: the member's store was restored from a backup, and counts anew.
    """
    session = transaction.session
    cluster = await session.get(Cluster, cluster_id, with_for_update={"key_share": True})
    if cluster is None or (sighting.version < cluster.observed_version and not reset):
        return False
    moment = now()
    was = cluster.reachability
    cluster.observed_version = sighting.version
    cluster.reachability, cluster.reachability_message = Reachability.REACHABLE, None
    cluster.last_seen_at = moment
    if sighting.scope is None:
        cluster.confirmed_at = moment
    if was is not Reachability.REACHABLE:
        transaction.record(
            "cluster.reachable",
            f"{cluster.name} is reachable.",
            organization_id=cluster.organization_id,
            subject=cluster,
            was=was,
        )
    await session.flush()
    gone = delete(Release).where(col(Release.cluster_id) == cluster_id)
    if sighting.scope is not None:
        gone = gone.where(tuple_(col(Release.namespace), col(Release.name)) == sighting.scope)
    present = [*sighting.found, *sighting.unchanged]
    if present:
        gone = gone.where(tuple_(col(Release.namespace), col(Release.name)).not_in(present))
    await session.execute(gone)
    rows = [_row(cluster_id, head, observed) for head, observed in sighting.found.values()]
    statement = insert(Release)
    keys = ("cluster_id", "namespace", "name")
    changed = {field: statement.excluded[field] for field in Release.model_fields if field not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        await session.execute(statement, rows[start : start + _ROWS_AT_ONCE])
    await judge_targets(transaction, [cluster_id], confirmed=sighting.scope)
    return True


async def write_out_of_reach(
    transaction: Transaction, cluster_id: int, reachability: Reachability, message: str
) -> None:
    """Writes down that a member can't be asked: its targets turn UNKNOWN, and what was last known stays beside."""
    cluster = await transaction.session.get(Cluster, cluster_id, with_for_update={"key_share": True})
    if cluster is None:
        return
    if cluster.reachability is not reachability:
        transaction.record(
            "cluster.unreachable" if reachability is Reachability.UNREACHABLE else "cluster.unauthorized",
            f"{cluster.name} can't be asked: {message}",
            organization_id=cluster.organization_id,
            subject=cluster,
            was=cluster.reachability,
        )
    await transaction.session.execute(
        update(Cluster)
        .where(col(Cluster.id) == cluster_id)
        .values(reachability=reachability, reachability_message=message)
    )
    await judge_targets(transaction, [cluster_id])


def _row(cluster_id: int, head: Head, observed: Observed) -> dict[str, object]:
    return {
        "cluster_id": cluster_id,
        "namespace": head.namespace,
        "name": head.name,
        "revision": head.revision,
        "status": observed.status,
        "chart_name": observed.chart_name,
        "chart_version": observed.chart_version,
        "app_version": observed.app_version,
        "values": observed.values,
        "digest": observed.digest,
        "description": observed.description,
        "updated_at": observed.updated_at,
        "resource_version": head.resource_version,
    }
