"""Assigns members to observers. Any number of observers share the members evenly; each member has one at a time.

An observer is alive as long as it renews its row; the members of a dead observer are free for the others. The row of a
dead observer is kept for a while, because it says until when its members were observed
(`app/targets/reachability.py`). A member's token is incremented each time that an observer takes the member; writes
under an old token are refused (`still_ours`).
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, func, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.fleet.services import AllServices
from app.tables.clusters import Cluster, Observer

LIVES_SECONDS = 8.0
"""An observer that has not renewed its row for so long counts as dead."""

_KEPT_SECONDS = 3600.0  # for which the row of a dead observer is kept

_OURS = (
    select(Cluster.id)
    .where(tuple_(col(Cluster.id), col(Cluster.observer_token)).in_(bindparam("assignments", expanding=True)))
    .order_by(col(Cluster.id))
)
_KEPT = _OURS.with_for_update(read=True)
_CHANGED = _OURS.with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A member that an observer watches: its cluster's id, and the token under which the observer writes."""

    cluster_id: int
    token: int


@dataclass(frozen=True, slots=True)
class Assignments:
    """`mine` are the assignments of the observer itself. The others are members that it is to take: `free` are members
    without a living observer, `theirs` members that other observers have beyond their share."""

    mine: list[Assignment]
    free: list[Assignment]
    theirs: list[Assignment]


async def renew(services: AllServices, observer: str) -> Assignments:
    """Renews an observer's row; returns the members that it has and those that it is to take."""
    moment = func.clock_timestamp()
    async with services.transaction() as transaction:
        session = transaction.session
        await session.execute(
            insert(Observer)
            .values(id=observer, seen_at=moment)
            .on_conflict_do_update(index_elements=["id"], set_={"seen_at": moment})
        )
        old = moment - timedelta(seconds=_KEPT_SECONDS)
        # Skips locked rows: another observer is just renewing or removing them.
        gone = select(Observer.id).where(col(Observer.seen_at) < old).with_for_update(skip_locked=True)
        await session.execute(delete(Observer).where(col(Observer.id).in_(gone)))
    async with services.database.reading() as session:
        is_alive = col(Observer.seen_at) >= func.clock_timestamp() - timedelta(seconds=LIVES_SECONDS)
        living = set((await session.exec(select(Observer.id).where(is_alive))).all()) | {observer}
        return await _assignments(session, observer, living)


async def _assignments(session: AsyncSession, observer: str, living: set[str]) -> Assignments:
    assignments: dict[str | None, list[Assignment]] = {name: [] for name in [*living, None]}
    statement = select(Cluster.id, Cluster.observer_token, Cluster.observer_id).order_by(col(Cluster.id))
    for cluster_id, token, holder in (await session.exec(statement)).all():
        assignments[holder if holder in living else None].append(Assignment(cluster_id, token))
    mine, free = assignments.pop(observer), assignments.pop(None)
    total = len(mine) + len(free) + sum(map(len, assignments.values()))
    least, most = total // len(living), -(-total // len(living))
    theirs = [assignment for held in sorted(assignments.values(), key=len, reverse=True) for assignment in held[least:]]
    random.shuffle(theirs)  # so that two observers that join at once do not try to take the same members
    return Assignments(mine, free[: max(0, most - len(mine))], theirs[: max(0, least - len(mine) - len(free))])


async def take(services: AllServices, observer: str, assignments: Iterable[Assignment]) -> list[Assignment]:
    """Takes members that are free or that another observer has; returns those that no other observer took first."""
    async with services.transaction() as transaction:
        # Locks the rows in the order in which all others lock them; an update alone locks them in any order.
        untaken = await still_ours(transaction.session, assignments, changes=True)
        taken = await transaction.session.execute(
            update(Cluster)
            .where(col(Cluster.id).in_(untaken))
            .values(observer_id=observer, observer_token=Cluster.observer_token + 1)
            .returning(col(Cluster.id), col(Cluster.observer_token))
            .execution_options(synchronize_session=False)
        )
        return [Assignment(cluster_id, token) for cluster_id, token in taken]


async def leave(services: AllServices, observer: str) -> None:
    """Marks an observer that shuts down as dead, so that its members are free at once."""
    dead = func.clock_timestamp() - timedelta(seconds=LIVES_SECONDS)
    async with services.transaction() as transaction:
        await transaction.session.execute(update(Observer).where(col(Observer.id) == observer).values(seen_at=dead))


async def still_ours(session: AsyncSession, assignments: Iterable[Assignment], *, changes: bool = False) -> set[int]:
    """The cluster ids of those assignments that no other observer has taken over. The rows of the clusters are locked
    until the end of the transaction, so that none takes them over meanwhile.

    `changes` says that the transaction is going to change the rows: they are locked for that at once. Two transactions
    that share a lock and then both need an exclusive one would wait for each other."""
    keys = [(assignment.cluster_id, assignment.token) for assignment in assignments]
    return set((await session.execute(_CHANGED if changes else _KEPT, {"assignments": keys})).scalars())
