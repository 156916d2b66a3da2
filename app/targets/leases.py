"""Leases: at most one worker at a time works on a target, and at most a few on one cluster.

All times are the database's. A lease has a token that grows with each holder; a write that names an old one is refused
(`fenced`), so a worker that lost its lease while it slept can't write over what its successor did.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import func, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, or_, select

from app.clusters.tables import Cluster
from app.services import Services
from app.targets.tables import Target
from app.transaction import Transaction

log = structlog.get_logger()


class LeaseLostError(Exception):
    """Another worker has taken the target over."""


@dataclass(frozen=True, slots=True)
class Lease:
    target_id: int
    cluster_id: int
    token: int


async def acquire(services: Services, target_id: int, owner: str) -> Lease | None:
    """Takes the lease of a target; None where it is held, its cluster is busy, or the target is gone."""
    async with services.transaction() as transaction:
        session = transaction.session
        # The cluster's row is locked first, so that two workers do not both find the last free place on it.
        cluster_id = (
            await session.exec(
                select(Cluster.id)
                .join(Target, col(Target.cluster_id) == Cluster.id)
                .where(Target.id == target_id)
                .with_for_update(of=Cluster, key_share=True)
            )
        ).first()
        if cluster_id is None:
            return None
        active = select(func.count()).where(
            Target.cluster_id == cluster_id, col(Target.lease_expires_at) > func.clock_timestamp()
        )
        if (await session.execute(active)).scalar_one() >= services.settings.cluster_concurrency:
            return None
        taken = await session.execute(
            update(Target)
            .where(col(Target.id) == target_id)
            .where(or_(col(Target.lease_expires_at).is_(None), col(Target.lease_expires_at) <= func.clock_timestamp()))
            .values(
                lease_owner=owner,
                lease_token=Target.lease_token + 1,
                lease_expires_at=func.clock_timestamp() + _length(services),
            )
            .returning(col(Target.lease_token))
            .execution_options(synchronize_session=False)
        )
        token = taken.scalar_one_or_none()
        return None if token is None else Lease(target_id, cluster_id, token)


async def fenced(transaction: Transaction, lease: Lease, **values: Any) -> None:
    """Writes to the target, as its holder. Locks its row until the end of the transaction.

    Raises:
        LeaseLostError: where the lease has gone to another worker.
    """
    done = await transaction.session.execute(
        update(Target)
        .where(col(Target.id) == lease.target_id, col(Target.lease_token) == lease.token)
        .values(values or {"lease_token": lease.token})
        .returning(col(Target.id))
        .execution_options(synchronize_session=False)  # no session holds targets beside this
    )
    if done.scalar_one_or_none() is None:
        raise LeaseLostError


async def release(services: Services, lease: Lease) -> None:
    with suppress(LeaseLostError):
        async with services.transaction() as transaction:
            await fenced(transaction, lease, lease_owner=None, lease_expires_at=None)


@asynccontextmanager
async def kept(services: Services, lease: Lease) -> AsyncIterator[None]:
    """Renews the lease while the block runs, and cancels the block when the lease is lost.

    Raises:
        LeaseLostError: then.
    """
    holder = asyncio.current_task()
    assert holder is not None
    lost = False

    async def renew() -> None:
        nonlocal lost
        while True:
            await asyncio.sleep(services.settings.lease_seconds / 3)
            try:
                async with services.transaction() as transaction:
                    await fenced(transaction, lease, lease_expires_at=func.clock_timestamp() + _length(services))
            except LeaseLostError:
                if await _exists(services, lease.target_id):  # else the block itself has just removed it
                    lost = True
                    holder.cancel()
                return
            except (DBAPIError, OSError) as error:
                # Postgres is away. The next renewal may come in time; if not, whoever takes over fences us out.
                log.warning("lease.not_renewed", target=lease.target_id, error=str(error))

    renewal = asyncio.create_task(renew())
    try:
        yield
    except asyncio.CancelledError:
        if lost and holder.uncancel() == 0:
            raise LeaseLostError from None
        raise
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal


async def _exists(services: Services, target_id: int) -> bool:
    return bool(await services.database.rows(select(Target.id).where(col(Target.id) == target_id)))


def _length(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.lease_seconds)
