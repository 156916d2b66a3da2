"""Takes due jobs, and ends them.

A worker holds a job under a lease, by the database's clock. A worker that dies leaves it to the next one when the lease
ends, and the token keeps a worker whose lease has ended from writing anything. Attempts are counted when they begin, so
that a job that ends its worker is not tried forever.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Integer,
    Interval,
    String,
    all_,
    and_,
    any_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlmodel import col

from app.core.leases import Renewal, clock
from app.core.services import Services
from app.tables.jobs import JobRow

KEPT_DAYS = 7
"""How long jobs that have failed are kept."""

_CLOCK = func.clock_timestamp()
_IS_OPEN = col(JobRow.finished_at).is_(None)
_IS_DUE = and_(
    _IS_OPEN,
    col(JobRow.due_at) <= _CLOCK,
    or_(col(JobRow.taken_until).is_(None), col(JobRow.taken_until) <= _CLOCK),
)
_IS_KNOWN = col(JobRow.name) == any_(bindparam("names", type_=ARRAY(String)))
_DUE = (
    select(col(JobRow.id))
    .where(_IS_DUE, _IS_KNOWN)
    .where(col(JobRow.organization_id).is_not_distinct_from(bindparam("organization", type_=BigInteger)))
    .where(col(JobRow.id) != all_(bindparam("without", type_=ARRAY(BigInteger))))
    .order_by(col(JobRow.due_at), col(JobRow.id))
    .limit(bindparam("limit", type_=Integer))
)
_DUE_COUNTS = (
    select(col(JobRow.organization_id), func.count()).where(_IS_DUE, _IS_KNOWN).group_by(col(JobRow.organization_id))
)
_TAKE = (
    update(JobRow)
    .where(col(JobRow.id) == bindparam("job"), _IS_DUE)
    .values(
        taken_until=_CLOCK + bindparam("length", type_=Interval),
        attempts=JobRow.attempts + 1,
        token=JobRow.token + 1,
    )
    .returning(JobRow.name, JobRow.input, JobRow.attempts, JobRow.requests, JobRow.token)  # type: ignore[call-overload]
)
_IS_HELD = and_(col(JobRow.id) == bindparam("job"), col(JobRow.token) == bindparam("held"), _IS_OPEN)
_RENEW = (
    update(JobRow)
    .where(_IS_HELD)
    .values(taken_until=_CLOCK + bindparam("length", type_=Interval))
    .returning(col(JobRow.id))
)
_DONE = delete(JobRow).where(_IS_HELD, col(JobRow.requests) == bindparam("asked")).returning(col(JobRow.id))
_AGAIN = update(JobRow).where(_IS_HELD).values(taken_until=None, attempts=0, error=None)
_GIVE_BACK = update(JobRow).where(_IS_HELD).values(taken_until=None, attempts=func.greatest(JobRow.attempts - 1, 0))
_FAIL = (
    update(JobRow)
    .where(_IS_HELD)
    .values(
        taken_until=None,
        error=bindparam("problem"),
        due_at=_CLOCK + bindparam("pause", type_=Interval),
        finished_at=case((col(JobRow.attempts) >= bindparam("most", type_=Integer), _CLOCK), else_=None),
    )
    .returning(col(JobRow.finished_at))
)
_OLD = delete(JobRow).where(col(JobRow.finished_at) < _CLOCK - timedelta(days=KEPT_DAYS))
_FAILED = select(func.count()).select_from(JobRow).where(col(JobRow.finished_at).is_not(None))


@dataclass
class Held:
    """A job that this worker does, as it was when the worker took it. It stops at `safe_until`, on the clock of this
    process, unless it has renewed the lease."""

    id: int
    name: str
    input: dict[str, Any]
    attempts: int
    requests: int
    token: int
    safe_until: float = field(default=0.0, compare=False)


async def due_jobs(
    services: Services,
    names: Collection[str],
    organization_id: int | None,
    *,
    without: Collection[int] = (),
    limit: int,
) -> list[int]:
    """The due jobs of an organization with one of these names, the oldest first."""
    given = {"names": list(names), "organization": organization_id, "without": list(without), "limit": limit}
    return [job_id for (job_id,) in await services.database.rows(_DUE, **given)]


async def due_job_counts(services: Services, names: Collection[str]) -> dict[int | None, int]:
    """The number of due jobs with one of these names, by the id of their organization."""
    rows: list[tuple[int | None, int]] = await services.database.rows(_DUE_COUNTS, names=list(names))
    return dict(rows)


async def take(services: Services, job_id: int, length: timedelta) -> Held | None:
    """Begins an attempt, unless the job is not due or another worker holds it."""
    asked_at = clock()
    async with services.transaction() as transaction:
        row = (await transaction.session.execute(_TAKE, {"job": job_id, "length": length})).first()
    if row is None:
        return None
    held = Held(job_id, *row)
    held.safe_until = asked_at + length.total_seconds()
    return held


async def renew(services: Services, held: Held, length: timedelta) -> Renewal:
    asked_at = clock()
    async with services.transaction() as transaction:
        if (await transaction.session.execute(_RENEW, _held(held) | {"length": length})).first() is None:
            return Renewal.LOST
    held.safe_until = asked_at + length.total_seconds()
    return Renewal.RENEWED


async def finish(services: Services, held: Held) -> None:
    """Ends a job that is done. If it was requested again in the meantime, it stays open."""
    async with services.transaction() as transaction:
        session = transaction.session
        if (await session.execute(_DONE, _held(held) | {"asked": held.requests})).first() is None:
            await session.execute(_AGAIN, _held(held))


async def fail(services: Services, held: Held, problem: str, *, pause: timedelta, most: int) -> bool:
    """Ends an attempt that failed. Returns whether it was the last one of `most`."""
    given = {"problem": problem, "pause": pause, "most": most}
    async with services.transaction() as transaction:
        row = (await transaction.session.execute(_FAIL, _held(held) | given)).first()
    return row is not None and row[0] is not None


async def give_back(services: Services, held: Held) -> None:
    """Ends an attempt that this worker cannot complete. It does not count."""
    async with services.transaction() as transaction:
        await transaction.session.execute(_GIVE_BACK, _held(held))


async def remove_old_jobs(services: Services) -> None:
    async with services.transaction() as transaction:
        await transaction.session.execute(_OLD)


async def count_failed_jobs(services: Services) -> int:
    ((count,),) = await services.database.rows(_FAILED)
    return int(count)


def _held(held: Held) -> dict[str, Any]:
    return {"job": held.id, "held": held.token}
