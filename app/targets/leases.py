"""Leases: at most one worker at a time works on a target, and at most a few work on one cluster. Runs that only wait,
for a hook or for readiness, count towards a separate limit.

Each holder of a lease gets a higher token than the one before. A write to the database with an older token is rejected
(`fenced`), so that a worker that lost its lease while it was suspended cannot overwrite the work of its successor. The
database's clock decides when a lease ends. Its holder stops writing to the member before that, by its own clock and by
a query (`LeaseFence`).
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import Boolean, Integer, Interval, bindparam, func, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import and_, col, or_, select

from app.core import leases as core
from app.core.leases import LeaseLostError, Renewal, clock
from app.core.services import Services
from app.core.settings import Settings
from app.core.transaction import Transaction
from app.helm.upstream import LATE_SECONDS
from app.tables.clusters import Cluster
from app.tables.targets import Target


@dataclass(slots=True)
class Lease:
    """`safe_until` is the time on the clock of this process at which the holder stops writing to the member, unless it
    has renewed the lease."""

    target_id: int
    cluster_id: int
    token: int
    safe_until: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class LeaseFence:
    """Allows writes to the member for as long as this worker holds the lease."""

    services: Services
    lease: Lease

    def check(self) -> None:
        """Raises LeaseLostError if the lease was not renewed in time."""
        if clock() >= self.lease.safe_until:
            raise LeaseLostError

    async def confirm(self) -> None:
        """Raises LeaseLostError if the lease has ended or has another holder, according to the database."""
        statement = select(Target.id).where(
            col(Target.id) == self.lease.target_id,
            col(Target.lease_token) == self.lease.token,
            col(Target.lease_expires_at) > func.clock_timestamp(),
        )
        if not await self.services.database.rows(statement):
            raise LeaseLostError


def _safe_until(settings: Settings, asked_at: float) -> float:
    """The end of the safe time of a lease that was requested at `asked_at`. A write that is sent to a member just
    before may arrive up to LATE_SECONDS later, which is still within the lease."""
    return asked_at + settings.lease_seconds - min(LATE_SECONDS, settings.lease_seconds / 3)


_NO_ACTIVITY: dict[str, Any] = {"activity": None, "waits": False}
FREE: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None, **_NO_ACTIVITY}
"""The columns that a holder writes together with the end of its work, so that the lease is released at the same
moment."""

UNHELD = or_(col(Target.lease_expires_at).is_(None), col(Target.lease_expires_at) <= func.clock_timestamp())
"""No worker holds the target, by the clock of the statement."""

HOLDS_SLOT = and_(~UNHELD, col(Target.waits).is_(False))
"""A worker holds the target and takes a slot of its cluster."""

# Locks the cluster's row first, so that two workers cannot both take its last free slot.
_CLUSTER = (
    select(Cluster.id)
    .join(Target, col(Target.cluster_id) == Cluster.id)
    .where(col(Target.id) == bindparam("target"))
    .with_for_update(of=Cluster, key_share=True)
)

# Statements are built once: building one costs as much as running it.
_OTHER = aliased(Target)
_HELD = (
    select(func.count())
    .where(col(_OTHER.cluster_id) == bindparam("cluster"), col(_OTHER.lease_expires_at) > func.clock_timestamp())
    .where(col(_OTHER.waits) == bindparam("counted", type_=Boolean))
    .scalar_subquery()
)
_ACQUIRE = (
    update(Target)
    .where(col(Target.id) == bindparam("target"), bindparam("most", type_=Integer) > _HELD)
    .where(UNHELD)
    .values(
        lease_owner=bindparam("owner"),
        lease_token=Target.lease_token + 1,
        **_NO_ACTIVITY,
        lease_expires_at=func.clock_timestamp() + bindparam("length", type_=Interval),
    )
    .returning(col(Target.lease_token))
    .execution_options(synchronize_session=False)
)


BUSY_CLUSTERS = (
    select(_OTHER.cluster_id)
    .where(col(_OTHER.lease_owner).is_not(None), col(_OTHER.lease_expires_at) > func.clock_timestamp())
    .where(col(_OTHER.waits).is_(False))
    .group_by(col(_OTHER.cluster_id))
    .having(func.count() >= bindparam("most", type_=Integer))
)
"""The clusters on which at least `most` leases take a slot."""


async def acquire(transaction: Transaction, settings: Settings, target_id: int, owner: str) -> Lease | None:
    """Acquires the lease of a target. Returns None if the lease is held, the cluster is busy, or the target is gone."""
    session = transaction.session
    cluster_id = (await session.execute(_CLUSTER, {"target": target_id})).scalar_one_or_none()
    if cluster_id is None:
        return None
    parameters = {
        "target": target_id,
        "cluster": cluster_id,
        "most": settings.cluster_concurrency,
        "counted": False,
        "owner": owner,
        "length": _length(settings),
    }
    asked_at = clock()
    token = (await session.execute(_ACQUIRE, parameters)).scalar_one_or_none()
    return None if token is None else Lease(target_id, cluster_id, token, _safe_until(settings, asked_at))


_ACTIVITY = (
    update(Target)
    .where(col(Target.id) == bindparam("target"), col(Target.lease_token) == bindparam("token"))
    .values(
        activity=bindparam("new_activity", type_=JSONB),
        waits=and_(bindparam("to_wait", type_=Boolean), or_(Target.waits, bindparam("most", type_=Integer) > _HELD)),
    )
    .returning(col(Target.waits))
    .execution_options(synchronize_session=False)
)


async def write_activity(
    transaction: Transaction, settings: Settings, lease: Lease, activity: dict[str, Any], *, waits: bool
) -> bool:
    """Records the activity of the holder's run. A run that only waits releases its slot on the cluster, as long as
    fewer runs than the limit wait there. Returns whether it did.

    Raises:
        LeaseLostError: if another worker has taken the lease.
    """
    await transaction.session.execute(_CLUSTER, {"target": lease.target_id})
    parameters = {
        "target": lease.target_id,
        "token": lease.token,
        "cluster": lease.cluster_id,
        "new_activity": activity,
        "to_wait": waits,
        "most": settings.cluster_waiting,
        "counted": True,
    }
    has_left = (await transaction.session.execute(_ACTIVITY, parameters)).scalar_one_or_none()
    if has_left is None:
        raise LeaseLostError
    return bool(has_left)


async def fenced(transaction: Transaction, lease: Lease, **values: Any) -> None:
    """Writes to the target as its holder, and locks its row until the end of the transaction.

    Raises:
        LeaseLostError: if another worker has taken the lease.
    """
    values = values or {"lease_token": lease.token}
    parameters = {"target": lease.target_id, "token": lease.token}
    parameters |= {f"new_{field}": value for field, value in values.items()}
    done = await transaction.session.execute(_fenced(frozenset(values)), parameters)
    if done.scalar_one_or_none() is None:
        raise LeaseLostError


@cache
def _fenced(fields: frozenset[str]) -> ReturningUpdate[int]:
    return (
        update(Target)
        .where(col(Target.id) == bindparam("target"), col(Target.lease_token) == bindparam("token"))
        .values({field: bindparam(f"new_{field}") for field in sorted(fields)})
        .returning(col(Target.id))
        .execution_options(synchronize_session=False)  # no session holds targets at the same time
    )


def kept(services: Services, lease: Lease) -> AbstractAsyncContextManager[None]:
    """Renews the lease while the block runs.

    Raises:
        LeaseLostError: if the block was cancelled because the lease was lost, or was not renewed in time.
    """
    seconds = services.settings.lease_seconds
    return core.kept(lease, partial(_renew, services, lease), seconds=seconds, target=lease.target_id)


async def _renew(services: Services, lease: Lease) -> Renewal:
    asked_at = clock()
    async with services.transaction() as transaction:
        renewed = await transaction.session.execute(
            update(Target)
            .where(col(Target.id) == lease.target_id, col(Target.lease_token) == lease.token)
            .where(col(Target.lease_owner).is_not(None))
            .values(lease_expires_at=func.clock_timestamp() + _length(services.settings))
            .returning(col(Target.id))
            .execution_options(synchronize_session=False)
        )
        is_ours = renewed.scalar_one_or_none() is not None
    if not is_ours:
        return Renewal.LOST if await _is_lost(services, lease) else Renewal.RELEASED
    lease.safe_until = _safe_until(services.settings, asked_at)
    return Renewal.RENEWED


async def _is_lost(services: Services, lease: Lease) -> bool:
    tokens = await services.database.rows(select(Target.lease_token).where(col(Target.id) == lease.target_id))
    return any(token != lease.token for (token,) in tokens)


def _length(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.lease_seconds)
