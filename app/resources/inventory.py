"""Derives the objects that the releases of a cluster consist of from their records, and stores them."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.changes import Head
from app.core.transaction import Transaction
from app.health.health import Health, HealthVerdict
from app.jobs.rollouts import wake_rollouts
from app.releases.inventory import Inventory, Wanted, inventory_of
from app.releases.release import PENDING, Observed
from app.releases.storage import secret_name
from app.resources.endpoints import KINDS
from app.resources.seen import Key, Seen, fingerprint
from app.tables.deployments import CrdPolicy, Deployment
from app.tables.resources import LiveResource
from app.tables.targets import Release, Target
from app.targets.joins import RELEASE_OF_TARGET
from app.targets.locking import lock_targets
from app.targets.waits import review_referring

_KEPT = 256
_THREAD = ThreadPoolExecutor(1, "manifests")


@dataclass(frozen=True, slots=True)
class Stale:
    """A target whose inventory was derived from another record than its release has now. `head` is None if there is no
    release or its record cannot be read. `skips_definitions` says that the deployment leaves what is in `crds/` of its
    chart to others: it does not belong to the release."""

    target_id: int
    namespace: str
    version: str
    head: Head | None
    skips_definitions: bool = False

    @property
    def is_pending(self) -> bool:
        return self.head is not None and self.head.status in PENDING


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of a target's release: its name on the cluster, and what was seen of it. `seen` is None if that is
    already stored."""

    target_id: int
    key: Key
    wanted: Wanted
    plural: str
    seen: Seen | None


class Manifests:
    """Reads inventories from records, on a separate thread. A manifest that is the same on many clusters is read
    once."""

    def __init__(self) -> None:
        self._read: OrderedDict[bytes, Inventory] = OrderedDict()

    async def inventory(self, observed: Observed) -> Inventory:
        texts = (observed.manifest, *observed.hook_manifests, "", *observed.definitions)
        digest = hashlib.blake2b("\0".join(texts).encode(), digest_size=16).digest()
        found = self._read.get(digest)
        if found is None:
            found = await asyncio.get_running_loop().run_in_executor(_THREAD, inventory_of, observed)
            self._read[digest] = found
        self._read.move_to_end(digest)
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return found


_STALE = (
    select(
        col(Target.id),
        col(Deployment.namespace),
        col(Deployment.release_name),
        col(Release.revision),
        col(Release.status),
        col(Release.resource_version),
        col(Release.unreadable).is_(None),
        col(Deployment.crd_policy) == CrdPolicy.SKIP,
    )
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(Release, RELEASE_OF_TARGET, isouter=True)
    .where(
        col(Target.cluster_id) == bindparam("cluster_id"),
        func.coalesce(col(Release.resource_version), "") != col(Target.inventory_version),
    )
    .order_by(col(Target.id))
)


async def stale_inventories(session: AsyncSession, cluster_id: int, most: int) -> list[Stale]:
    found = []
    for row in await session.execute(_STALE.limit(most), {"cluster_id": cluster_id}):
        target_id, namespace, name, revision, status, version, is_readable, skips = row
        head = None
        if revision and version and is_readable:
            head = Head(namespace, name, revision, status, secret_name(name, revision), version)
        found.append(Stale(target_id, namespace, version or "", head, skips))
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """The columns of a `live_resource` row that are needed to follow the object."""

    target_id: int
    key: Key
    version: str
    plural: str
    origin: str
    fingerprint: bytes
    compared: str


async def known_resources(session: AsyncSession, cluster_id: int) -> list[Known]:
    row = LiveResource
    statement = (
        select(
            *(col(row.target_id), col(row.api_group), col(row.kind), col(row.namespace), col(row.name)),
            *(col(row.api_version), col(row.plural), col(row.origin)),
            *(col(row.uid), col(row.health), col(row.reason), col(row.message)),
            *(col(row.images), col(row.addresses), col(row.hosts), col(row.node_ports), col(row.is_checked)),
            col(row.compared_version),
        )
        .join(Target, col(Target.id) == row.target_id)
        .where(col(Target.cluster_id) == cluster_id)
    )
    found = []
    for target_id, group, kind, namespace, name, version, plural, origin, *shown in await session.execute(statement):
        *judged, images, addresses, hosts, node_ports, is_checked, compared = shown
        ports = tuple(sorted(node_ports.items()))
        digest = fingerprint(*judged, tuple(images), tuple(addresses), tuple(hosts), ports, is_checked)
        found.append(Known(target_id, Key(group, kind, namespace, name), version, plural, origin, digest, compared))
    return found


_ANYTHING = Seen(HealthVerdict(Health.UNKNOWN))
_GIVEN = """
    SELECT * FROM jsonb_to_recordset(:rows) AS given (
        target_id bigint, api_group text, api_version text, kind text, plural text, namespace text, name text,
        is_new boolean, origin text, manifest_digest text, uid text, resource_version text, is_checked boolean,
        health text, reason text, message text, images jsonb, addresses jsonb, hosts jsonb,
        node_ports jsonb
    )
"""
_SAME = """
    r.target_id = given.target_id AND r.api_group = given.api_group AND r.kind = given.kind
    AND r.namespace = given.namespace AND r.name = given.name
"""
_REMOVE = text(f"""
    WITH given AS ({_GIVEN})
    DELETE FROM live_resource r
    WHERE r.target_id = ANY(:targets) AND NOT EXISTS (SELECT 1 FROM given WHERE {_SAME})
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608 - constants
_ADD = text(f"""
    WITH given AS ({_GIVEN})
    INSERT INTO live_resource AS r (
        target_id, api_group, api_version, kind, plural, namespace, name, origin, manifest_digest,
        uid, resource_version, is_checked, health, reason, message, images, addresses, hosts, node_ports,
        since, observed_at
    )
    SELECT target_id, api_group, api_version, kind, plural, namespace, name, origin, decode(manifest_digest, 'hex'),
        uid, resource_version, is_checked, health, reason, message, images, addresses, hosts, node_ports,
        now(), now()
    FROM given
    WHERE is_new
    ON CONFLICT (target_id, api_group, kind, namespace, name) DO UPDATE SET
        uid = excluded.uid, resource_version = excluded.resource_version, is_checked = excluded.is_checked,
        health = excluded.health, reason = excluded.reason, message = excluded.message,
        images = excluded.images, addresses = excluded.addresses, hosts = excluded.hosts,
        node_ports = excluded.node_ports, observed_at = excluded.observed_at,
        since = CASE WHEN r.health = excluded.health THEN r.since ELSE excluded.since END
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608 - constants
_DESCRIBE = text(f"""
    WITH given AS ({_GIVEN})
    UPDATE live_resource r SET
        api_version = given.api_version, plural = given.plural, origin = given.origin,
        manifest_digest = decode(given.manifest_digest, 'hex'),
        drift = 'UNKNOWN', drift_reason = NULL, differences = '[]', differences_left_out = 0, compared_version = '',
        corrections = 0, corrected_at = NULL, contested_until = NULL
    FROM given
    WHERE {_SAME} AND (r.api_version, r.plural, r.origin, r.manifest_digest)
        IS DISTINCT FROM (given.api_version, given.plural, given.origin, decode(given.manifest_digest, 'hex'))
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608 - constants
_UPDATE = text(f"""
    WITH given AS ({_GIVEN})
    UPDATE live_resource r SET
        uid = given.uid, resource_version = given.resource_version, is_checked = given.is_checked,
        health = given.health, reason = given.reason, message = given.message,
        images = given.images, addresses = given.addresses, hosts = given.hosts, node_ports = given.node_ports,
        observed_at = now(),
        since = CASE WHEN r.health = given.health THEN r.since ELSE now() END
    FROM given
    WHERE {_SAME}
        AND (r.uid, r.is_checked, r.health, r.reason, r.message, r.images, r.addresses, r.hosts, r.node_ports)
        IS DISTINCT FROM (given.uid, given.is_checked, given.health, given.reason, given.message, given.images,
            given.addresses, given.hosts, given.node_ports)
    RETURNING r.target_id, r.api_group, r.kind
""").bindparams(bindparam("rows", type_=JSONB))  # noqa: S608 - constants
_READ = text("""
    UPDATE target SET inventory_version = given.version, inventory_left_out = given.left_out
    FROM jsonb_to_recordset(:read) AS given (id bigint, version text, left_out integer)
    WHERE target.id = given.id
    RETURNING target.rollout_id
""").bindparams(bindparam("read", type_=JSONB))


async def write_inventories(
    transaction: Transaction, read: Sequence[tuple[Stale, int]], resources: Iterable[Listed]
) -> None:
    """Stores what releases consist of, in place of what was stored before. `read` gives, for each target, how many
    objects were left out. Locks the targets."""
    targets = [{"id": stale.target_id, "version": stale.version, "left_out": left_out} for stale, left_out in read]
    ids = [stale.target_id for stale, _ in read]
    session = transaction.session
    await lock_targets(session, col(Target.id).in_(ids))
    mark = await transaction.fingerprints.mark()
    rows = [
        seen_row(listed.target_id, listed.key, listed.seen or _ANYTHING)
        | {
            "is_new": listed.seen is not None,
            "api_version": listed.wanted.reference.version,
            "plural": listed.plural,
            "origin": listed.wanted.origin,
            # Uses a key, so that no one who reads the database can guess what a Secret holds by trying.
            "manifest_digest": hashlib.blake2b(mark(listed.wanted.digest.hex()).encode(), digest_size=16).hexdigest(),
        }
        for listed in resources
    ]
    await session.execute(_REMOVE, {"rows": rows, "targets": ids})
    if rows:
        await session.execute(_DESCRIBE, {"rows": rows})
        await session.execute(_ADD, {"rows": rows})
    concerned = await session.execute(_READ, {"read": targets})
    await wake_rollouts(transaction, {rollout_id for (rollout_id,) in concerned})
    await review_referring(transaction, ids)


async def write_seen(transaction: Transaction, rows: list[dict[str, Any]]) -> None:
    """Stores what was seen of known objects (`seen_row`). Rows that have not changed are left alone. Locks the
    targets."""
    await lock_targets(transaction.session, col(Target.id).in_({row["target_id"] for row in rows}))
    changed = await transaction.session.execute(_UPDATE, {"rows": rows})
    await review_referring(transaction, {target_id for target_id, *kind in changed if tuple(kind) in KINDS})


async def forget_inventories(transaction: Transaction, target_ids: Iterable[int]) -> None:
    """Marks the inventories of these targets as outdated, so that they are derived again."""
    ids = list(target_ids)
    await lock_targets(transaction.session, col(Target.id).in_(ids))
    statement = text("UPDATE target SET inventory_version = 'outdated' WHERE id = ANY(:ids)")
    await transaction.session.execute(statement, {"ids": ids})


def seen_row(target_id: int, key: Key, seen: Seen) -> dict[str, Any]:
    verdict = seen.verdict
    return {
        "target_id": target_id,
        "api_group": key.group,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "uid": seen.uid,
        "resource_version": str(seen.version),
        "is_checked": seen.is_checked,
        "health": verdict.health,
        "reason": verdict.reason,
        "message": verdict.message,
        "images": list(seen.images),
        "addresses": list(seen.addresses),
        "hosts": list(seen.hosts),
        "node_ports": dict(seen.node_ports),
    }
