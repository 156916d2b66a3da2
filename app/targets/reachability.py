"""Whether members can be asked, and what follows for their targets."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, func, select, text
from sqlmodel import col

from app.clusters.codes import ClusterEvent
from app.clusters.member import MismatchedError
from app.core.errors import ActionError
from app.core.repeating import repeatedly
from app.core.services import Services
from app.core.transaction import Transaction
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster, Observer, Reachability
from app.targets.judging import judge_targets

UNWATCHED_SECONDS = 20.0
"""After this without a sign of life of its observer a member's targets are UNKNOWN; others take over sooner."""

UNWATCHED = f"No observer has watched it for {UNWATCHED_SECONDS:g} s: is one running?"
_EXPIRE_SECONDS = 5.0

CONFIRMED_AT = func.coalesce(col(Cluster.confirmed_at), col(Cluster.last_seen_at), col(Cluster.created_at))


def is_vouched(seconds: float) -> ColumnElement[bool]:
    """Whether an observer has vouched for a cluster within so many seconds: each sign of life of its observer does, for
    all members that it has not told as out of reach. For selections from clusters and, by an outer join, observers."""
    vouched_at = func.greatest(col(Observer.seen_at), CONFIRMED_AT)
    return vouched_at >= func.clock_timestamp() - timedelta(seconds=seconds)


_KINDS = {
    Reachability.REACHABLE: ClusterEvent.REACHABLE,
    Reachability.UNREACHABLE: ClusterEvent.UNREACHABLE,
    Reachability.UNAUTHORIZED: ClusterEvent.UNAUTHORIZED,
    Reachability.MISMATCHED: ClusterEvent.MISMATCHED,
}


def reachability_of(error: ActionError) -> Reachability:
    """What it means for a member that asking it failed like this."""
    if error.code == ActionCode.CLUSTER_MISMATCHED:
        return Reachability.MISMATCHED
    return (
        Reachability.UNAUTHORIZED
        if error.code in (ActionCode.CLUSTER_UNAUTHORIZED, ActionCode.CLUSTER_REFUSED)
        else Reachability.UNREACHABLE
    )


async def write_trouble(transaction: Transaction, cluster_id: int, error: ActionError) -> bool:
    """Writes down why a member can't be asked; gives whether that is news."""
    uid = error.uid if isinstance(error, MismatchedError) else None
    return await write_reachability(transaction, cluster_id, reachability_of(error), error.message, answering_uid=uid)


async def write_reachability(
    transaction: Transaction,
    cluster_id: int,
    reachability: Reachability,
    message: str | None = None,
    *,
    answering_uid: str | None = None,
) -> bool:
    """Writes down whether a member can be asked, and if not, why; gives whether that is news. `answering_uid` is given
    for a MISMATCHED one.

    Targets on one that can't be asked turn UNKNOWN, and what was last known stays beside. Locks the cluster's row.
    """
    cluster = await transaction.session.get(
        Cluster, cluster_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if cluster is None or (cluster.reachability, cluster.reachability_message) == (reachability, message):
        return False
    if cluster.reachability is not reachability and reachability in _KINDS:
        transaction.record(
            _KINDS[reachability],
            f"{cluster.name} can't be asked: {message}" if message else f"{cluster.name} is reachable.",
            organization_id=cluster.organization_id,
            subject=cluster,
            was=cluster.reachability,
            uid=cluster.uid,
            answering_uid=answering_uid,
        )
    cluster.reachability, cluster.reachability_message = reachability, message
    cluster.answering_uid = answering_uid
    await transaction.session.flush()
    await judge_targets(transaction, [cluster_id])
    return True


# Locked in the order of their ids, as everywhere.
_CONFIRMED = text("""
    WITH fresh AS (
        SELECT cluster.id, given.at
        FROM cluster JOIN unnest(CAST(:ids AS bigint[]), CAST(:times AS timestamptz[])) AS given (id, at) USING (id)
        ORDER BY cluster.id FOR NO KEY UPDATE OF cluster
    )
    UPDATE cluster SET confirmed_at = fresh.at, last_seen_at = fresh.at FROM fresh WHERE cluster.id = fresh.id
    RETURNING cluster.id, cluster.reachability
""")


async def confirm(services: Services, fresh: Mapping[int, datetime]) -> list[int]:
    """Writes down when all that is known of members was last confirmed; gives those that count as out of reach."""
    async with services.transaction() as transaction:
        parameters = {"ids": list(fresh), "times": list(fresh.values())}
        rows = (await transaction.session.execute(_CONFIRMED, parameters)).all()
    return [cluster_id for cluster_id, reachability in rows if reachability != Reachability.REACHABLE]


async def expire(services: Services) -> None:
    """Turns UNKNOWN what no observer vouches for any more, and what has not been confirmed for three times as long as
    it should be: no observer is left, or none that works. Every process that serves or works does this, so that a
    status never outlives whoever died."""
    seconds = 3 * services.settings.confirm_every
    long_ago = func.clock_timestamp() - timedelta(seconds=seconds)
    unconfirmed = f"Nobody has confirmed it for {seconds:g} s: is an observer running?"
    for is_old, message in ((~is_vouched(UNWATCHED_SECONDS), UNWATCHED), (long_ago > CONFIRMED_AT, unconfirmed)):
        statement = (
            select(col(Cluster.id))
            .join(Observer, col(Observer.id) == Cluster.observer_id, isouter=True)
            .where(col(Cluster.reachability) == Reachability.REACHABLE, is_old)
        )
        for (cluster_id,) in await services.database.rows(statement):
            async with services.transaction() as transaction:
                # Under the lock: it may have been confirmed just now.
                locked = statement.where(col(Cluster.id) == cluster_id).with_for_update(of=Cluster, key_share=True)
                if (await transaction.session.execute(locked)).first() is not None:
                    await write_reachability(transaction, cluster_id, Reachability.UNREACHABLE, message)


async def keep_expiring(services: Services) -> None:
    """Sees to that until it is cancelled."""
    seconds = min(_EXPIRE_SECONDS, services.settings.confirm_every / 2)
    await repeatedly("expiry", partial(expire, services), seconds)
