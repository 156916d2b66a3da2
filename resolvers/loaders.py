"""Loaders: what many fields of one operation ask for one by one, fetched for all of them at once.

They live for one operation, so that the next one sees what has changed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from strawberry.dataloader import DataLoader

from app.core import loading
from app.core.database import Database, patiently
from app.secrets.lists import users_of
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.identity import User
from app.tables.operations import Operation
from app.targets.activity import Activity, activities
from app.targets.queries import installed_values, releases_on, status_counts, targets_by_id, targets_of, targets_on

Key = TypeVar("Key")
Value = TypeVar("Value")
Row = TypeVar("Row", bound=SQLModel)


class _SharedLoader(DataLoader[Key, Value]):
    """For many who are cut off at any moment: who is takes nobody else along that waits for the same."""

    def load(self, key: Key) -> Awaitable[Value]:
        return asyncio.shield(super().load(key))


Fetch = Callable[[AsyncSession, Sequence[Key]], Awaitable[Value]]


def _one(fetch: Fetch[Key, dict[Key, Value]]) -> cached_property[DataLoader[Key, Any]]:
    """A loader of one value, or None, for each key."""

    async def load(loaders: Loaders, keys: list[Key]) -> list[Value | None]:
        found = await loaders.fetched(fetch, keys)
        return [found.get(key) for key in keys]

    return cached_property(lambda loaders: loaders.made(load))


def _by_id(table: type[Row]) -> cached_property[DataLoader[int, Row | None]]:
    return _one(partial(_rows, table))


async def _rows(table: type[Row], session: AsyncSession, ids: Sequence[int]) -> dict[int, Row]:
    return await loading.by_id(session, table, ids)


def _many(
    fetch: Fetch[int, Iterable[Any]], entry: Callable[[Any], tuple[int, Value]]
) -> cached_property[DataLoader[int, list[Value]]]:
    """A loader of all that there is for each key; `entry` tells for which one something is."""

    async def load(loaders: Loaders, keys: list[int]) -> list[list[Value]]:
        found: defaultdict[int, list[Value]] = defaultdict(list)
        for row in await loaders.fetched(fetch, keys):
            key, value = entry(row)
            found[key].append(value)
        return [found[key] for key in keys]

    return cached_property(lambda loaders: loaders.made(load))


def _activities() -> cached_property[DataLoader[int, Activity | None]]:
    async def load(loaders: Loaders, keys: list[int]) -> list[Activity | None]:
        found = await loaders.fetched(partial(activities, slots=loaders.slots), keys)
        return [found.get(key) for key in keys]

    return cached_property(lambda loaders: loaders.made(load))


class Loaders:
    """`shared` ones are for subscribers: they wait where Postgres is away, so that none has to begin anew, and `told`
    holds what those who share them are told (see `resolvers/execution.py`).

    Each is made when it is first asked for, as most operations ask for few of them. `slots` is how many runs may be at
    work on one cluster."""

    cluster_by_id = _by_id(Cluster)
    group_by_id = _by_id(ClusterGroup)
    deployment_by_id = _by_id(Deployment)
    operation_by_id = _by_id(Operation)
    user_by_id = _by_id(User)
    revision_by_deployment = _one(loading.revisions)
    target_by_id = _one(targets_by_id)
    installed_values_by_target = _one(installed_values)
    targets_by_deployment = _many(targets_of, lambda facts: (facts.deployment_id, facts))
    archive_by_digest = _one(loading.archives)
    targets_by_cluster = _many(targets_on, lambda facts: (facts.cluster_id, facts))
    members_by_group = _many(loading.members, lambda row: (row.group_id, row))
    features_by_group = _many(loading.features, lambda row: (row.group_id, row))
    releases_by_cluster = _many(releases_on, lambda pair: (pair[0].cluster_id, pair))
    output_by_result = _one(loading.outputs)
    deployments_by_secret = _many(users_of, lambda pair: pair)
    results_by_operation = _many(loading.results, lambda row: (row.operation_id, row))
    status_counts_by_deployment = _one(status_counts)
    activity_by_target = _activities()

    def __init__(self, database: Database, slots: int, *, shared: bool = False) -> None:
        self.told: dict[object, Any] | None = {} if shared else None
        self._database = database
        self.slots = slots
        self._shared = shared

    def made(
        self, load: Callable[[Loaders, list[Key]], Awaitable[Sequence[Value | BaseException]]]
    ) -> DataLoader[Key, Value]:
        return (_SharedLoader if self._shared else DataLoader)(load_fn=partial(load, self))

    async def fetched(self, fetch: Fetch[Key, Value], keys: Sequence[Key]) -> Value:
        async def look() -> Value:
            async with self._database.reading() as session:
                return await fetch(session, keys)

        return await (patiently(look) if self._shared else look())


class SharedLoaders:
    """Loaders for subscribers: those who look at the same moment share what they load, so that a change that a thousand
    of them follow is read once."""

    def __init__(self, database: Database, slots: int) -> None:
        self._database = database
        self._slots = slots
        self._upto = -1
        self._loaders = self.own()

    def of(self, upto: int) -> Loaders:
        """The loaders of those who have seen all events up to this position. They were made after it was read, so what
        they give is at least as new."""
        if upto != self._upto:
            self._upto, self._loaders = upto, self.own()
        return self._loaders

    def own(self) -> Loaders:
        """Loaders for one subscriber alone."""
        return Loaders(self._database, self._slots, shared=True)

    # What is loaded before those who follow are told that it has changed, each for one kind of subscription.

    async def prepare_targets(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).target_by_id.load_many(keys)

    async def prepare_clusters(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).cluster_by_id.load_many(keys)

    async def prepare_deployments(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).deployment_by_id.load_many(keys)

    async def prepare_operations(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).operation_by_id.load_many(keys)
