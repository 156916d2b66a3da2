"""Who watches which member. Any number of observers share the members out evenly, and each member has one at a time.

An observer lives as long as its row is renewed; the members of one that died are free for the others. Its row stays for
a while: it says up to when somebody vouched for its members (`app/targets/reachability.py`). A member's token grows
with each observer that takes it, and what is written under an old one is refused (`still_ours`).
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
"""After this without a sign of life an observer counts as dead."""

_KEPT_SECONDS = 3600.0  # the row of a dead one

_OURS = (
    select(Cluster.id)
    .where(tuple_(col(Cluster.id), col(Cluster.observer_token)).in_(bindparam("posts", expanding=True)))
    .order_by(col(Cluster.id))
)
_KEPT = _OURS.with_for_update(read=True)
_CHANGED = _OURS.with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class Post:
    """A member that is watched: its cluster's id, and the token under which that is done."""

    cluster_id: int
    token: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """`mine` are the posts of the observer that asked; `free` are members without a living observer; `theirs` are those
    that others have beyond their share, and that this one is to take over."""

    mine: list[Post]
    free: list[Post]
    theirs: list[Post]


async def renew(services: AllServices, observer: str) -> Assignment:
    """Renews an observer's life, and tells what it has and what it is to take."""
    moment = func.clock_timestamp()
    async with services.transaction() as transaction:
        session = transaction.session
        await session.execute(
            insert(Observer)
            .values(id=observer, seen_at=moment)
            .on_conflict_do_update(index_elements=["id"], set_={"seen_at": moment})
        )
        old = moment - timedelta(seconds=_KEPT_SECONDS)
        # One that another observer has locked meanwhile is not dead.
        gone = select(Observer.id).where(col(Observer.seen_at) < old).with_for_update(skip_locked=True)
        await session.execute(delete(Observer).where(col(Observer.id).in_(gone)))
    async with services.database.reading() as session:
        is_alive = col(Observer.seen_at) >= func.clock_timestamp() - timedelta(seconds=LIVES_SECONDS)
        living = set((await session.exec(select(Observer.id).where(is_alive))).all()) | {observer}
        return await _assignment(session, observer, living)


async def _assignment(session: AsyncSession, observer: str, living: set[str]) -> Assignment:
    posts: dict[str | None, list[Post]] = {name: [] for name in [*living, None]}
    statement = select(Cluster.id, Cluster.observer_token, Cluster.observer_id).order_by(col(Cluster.id))
    for cluster_id, token, holder in (await session.exec(statement)).all():
        posts[holder if holder in living else None].append(Post(cluster_id, token))
    mine, free = posts.pop(observer), posts.pop(None)
    total = len(mine) + len(free) + sum(map(len, posts.values()))
    least, most = total // len(living), -(-total // len(living))
    theirs = [post for held in sorted(posts.values(), key=len, reverse=True) for post in held[least:]]
    random.shuffle(theirs)  # so that two who join at once do not want the same ones
    return Assignment(mine, free[: max(0, most - len(mine))], theirs[: max(0, least - len(mine) - len(free))])


async def take(services: AllServices, observer: str, posts: Iterable[Post]) -> list[Post]:
    """Takes members, from nobody or from another observer; gives those where nobody was faster."""
    async with services.transaction() as transaction:
        taken = await transaction.session.execute(
            update(Cluster)
            .where(tuple_(col(Cluster.id), col(Cluster.observer_token)).in_([(p.cluster_id, p.token) for p in posts]))
            .values(observer_id=observer, observer_token=Cluster.observer_token + 1)
            .returning(col(Cluster.id), col(Cluster.observer_token))
            .execution_options(synchronize_session=False)
        )
        return [Post(cluster_id, token) for cluster_id, token in taken]


async def leave(services: AllServices, observer: str) -> None:
    """Ends an observer's life in good order: it counts as dead from now on, so that its members are free at once."""
    dead = func.clock_timestamp() - timedelta(seconds=LIVES_SECONDS)
    async with services.transaction() as transaction:
        await transaction.session.execute(update(Observer).where(col(Observer.id) == observer).values(seen_at=dead))


async def still_ours(session: AsyncSession, posts: Iterable[Post], *, changes: bool = False) -> set[int]:
    """The ids of the clusters of those posts that no other observer has taken over. Until the end of the transaction
    none does.

    `changes` says that the transaction is going to change the clusters' rows: they are locked for that at once. Two
    transactions that share a lock and then both want more would wait for each other."""
    keys = [(post.cluster_id, post.token) for post in posts]
    return set((await session.execute(_CHANGED if changes else _KEPT, {"posts": keys})).scalars())
