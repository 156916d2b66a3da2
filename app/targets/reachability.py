"""Whether members are reachable, and what follows for their targets."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, func, select, text
from sqlmodel import col

from app.clusters.codes import ClusterEvent
from app.clusters.errors import MismatchedError
from app.core.errors import ActionError
from app.core.repeating import repeatedly
from app.core.services import Services
from app.core.transaction import Transaction
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster, Observer, Reachability
from app.targets.judging import judge_targets

UNWATCHED_SECONDS = 20.0
"""If the observer of a member shows no sign of life for this long, the member's targets become UNKNOWN. Other observers
take over sooner."""

UNWATCHED = f"No observer has watched it for {UNWATCHED_SECONDS:g} s. Check that one is running."
_EXPIRE_SECONDS = 5.0

CONFIRMED_AT = func.coalesce(col(Cluster.confirmed_at), col(Cluster.last_seen_at), col(Cluster.created_at))


def is_watched(seconds: float) -> ColumnElement[bool]:
    """Whether an observer has watched a cluster within so many seconds. Each renewal of an observer counts
    for all its members except those that it has reported as unreachable. For selections from clusters with an outer
    join of observers."""
    watched_at = func.greatest(col(Observer.seen_at), CONFIRMED_AT)
    return watched_at >= func.clock_timestamp() - timedelta(seconds=seconds)


_KINDS = {
    Reachability.REACHABLE: ClusterEvent.REACHABLE,
    Reachability.UNREACHABLE: ClusterEvent.UNREACHABLE,
    Reachability.UNAUTHORIZED: ClusterEvent.UNAUTHORIZED,
    Reachability.MISMATCHED: ClusterEvent.MISMATCHED,
}


_TROUBLE = {
    Reachability.UNREACHABLE: "is unreachable",
    Reachability.UNAUTHORIZED: "refuses the credentials",
    Reachability.MISMATCHED: "does not answer as the registered cluster",
}


def _news(name: str, reachability: Reachability, message: str | None) -> str:
    trouble = _TROUBLE.get(reachability)
    return f"{name} {trouble}: {message}" if trouble else f"{name} is reachable."


def reachability_of(error: ActionError) -> Reachability:
    """The reachability of a member to which a request failed with this error."""
    if error.code == ActionCode.CLUSTER_MISMATCHED:
        return Reachability.MISMATCHED
    return (
        Reachability.UNAUTHORIZED
        if error.code in (ActionCode.CLUSTER_UNAUTHORIZED, ActionCode.CLUSTER_REFUSED)
        else Reachability.UNREACHABLE
    )


async def write_trouble(transaction: Transaction, cluster_id: int, error: ActionError) -> bool:
    """Records why a member is unreachable. Returns whether that is a change."""
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
    """Records whether a member is reachable, and if not, why. Returns whether that is a change. `answering_uid` is
    given for a MISMATCHED member.

    Targets on an unreachable member become UNKNOWN; what was last known about them is kept. Locks the cluster's row.
    """
    cluster = await transaction.session.get(
        Cluster, cluster_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if cluster is None or (cluster.reachability, cluster.reachability_message) == (reachability, message):
        return False
    if cluster.reachability is not reachability and reachability in _KINDS:
        transaction.record(
            _KINDS[reachability],
            _news(cluster.name, reachability, message),
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


# Rows are locked in the order of their IDs, as everywhere.
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
    """Records when everything that is known about members was last confirmed. Returns the IDs of members that are
    recorded as unreachable."""
    async with services.transaction() as transaction:
        parameters = {"ids": list(fresh), "times": list(fresh.values())}
        rows = (await transaction.session.execute(_CONFIRMED, parameters)).all()
    return [cluster_id for cluster_id, reachability in rows if reachability != Reachability.REACHABLE]


async def expire(services: Services) -> None:
    """Sets targets to UNKNOWN if no observer watches their member, or if their member has not been
    confirmed for three times `confirm_every`: there is no observer, or none that works. Every process that serves the
    API or does work runs this, so that no status outlives the process that confirmed it."""
    seconds = 3 * services.settings.confirm_every
    long_ago = func.clock_timestamp() - timedelta(seconds=seconds)
    unconfirmed = f"No observer has confirmed it for {seconds:g} s. Check that one is running."
    for is_old, message in ((~is_watched(UNWATCHED_SECONDS), UNWATCHED), (long_ago > CONFIRMED_AT, unconfirmed)):
        statement = (
            select(col(Cluster.id))
            .join(Observer, col(Observer.id) == Cluster.observer_id, isouter=True)
            .where(col(Cluster.reachability) == Reachability.REACHABLE, is_old)
        )
        for (cluster_id,) in await services.database.rows(statement):
            async with services.transaction() as transaction:
                # Checks again under the lock: the cluster may have just been confirmed.
                locked = statement.where(col(Cluster.id) == cluster_id).with_for_update(of=Cluster, key_share=True)
                if (await transaction.session.execute(locked)).first() is not None:
                    await write_reachability(transaction, cluster_id, Reachability.UNREACHABLE, message)


async def keep_expiring(services: Services) -> None:
    """Calls `expire` repeatedly until it is cancelled."""
    seconds = min(_EXPIRE_SECONDS, services.settings.confirm_every / 2)
    await repeatedly("expiry", partial(expire, services), seconds)
