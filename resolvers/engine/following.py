"""What subscriptions have in common. Each gives the present state, and then every change after it.

A subscription first follows the feed and then reads the present state, so that no change between the two is lost; a
change that is in both is given twice. Objects are loaded when they are given, so that a slow subscriber gets the newest
state of what has changed, and not every step on the way."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from strawberry.dataloader import DataLoader

from app.fleet.services import AllServices
from app.groups.queries import group_by_name
from app.identity.viewer import Viewer
from schema.context import Info
from schema.loading import Loaders

Row = TypeVar("Row")
Shared = TypeVar("Shared")


class Selection:
    """The objects that match what a subscriber asks for. It also gets one that has just ceased to match, once.

    Without a `condition` that objects can cease to match, nothing is remembered."""

    def __init__(self, *, condition: bool) -> None:
        self._condition = condition
        self._matching: set[int] = set()

    def update(self, key: int, *, matches: bool) -> bool:
        """Remembers whether an object matches now; returns whether it does, or did before."""
        if not self._condition:
            return matches
        matched = key in self._matching
        (self._matching.add if matches else self._matching.discard)(key)
        return matches or matched


def own(info: Info) -> Loaders:
    """Gives the operation new loaders, for this subscriber alone."""
    info.context.load = info.context.shared.own()
    return info.context.load


def fresh(info: Info, upto: int) -> Loaders:
    """Gives the operation the loaders of all subscribers that have seen the events up to this position."""
    info.context.load = info.context.shared.of(upto)
    return info.context.load


async def loaded(loader: DataLoader[int, Row | None], keys: Collection[int]) -> Iterable[Row | None]:
    """The rows of these keys. There is usually one key, and loading it alone is cheaper than a gathering."""
    if len(keys) == 1:
        return [await loader.load(key) for key in keys]
    return await loader.load_many(keys)


def shared(load: Loaders, row: Row, make: Callable[[Row], Shared]) -> Shared:
    """The object made of a row, made once for all subscribers that share these loaders."""
    assert load.shared_answers is not None
    found = load.shared_answers.get(id(row))
    if found is None:
        # The row is also kept: its address in memory is the key, and must not be used again.
        found = load.shared_answers[id(row)] = make(row), row
    answer: Shared = found[0]
    return answer


async def group_id(services: AllServices, viewer: Viewer, organization_id: int, group: str | None) -> int | None:
    """The number of a group; None if no group is named.

    Raises:
        NotFound: the organization has no group of this name.
    """
    if group is None:
        return None
    async with services.database.reading() as session:
        return (await group_by_name(session, organization_id, group)).id
