"""Loaders: what many fields of one operation ask for one by one, fetched for all of them at once.

They live for one operation, so that the next one sees what has changed meanwhile.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from strawberry.dataloader import DataLoader

from app import loading
from app.clusters.tables import Cluster
from app.database import Database, patiently
from app.deployments.tables import Deployment
from app.groups.tables import ClusterGroup
from app.identity.tables import User
from app.operations.tables import Operation
from app.secrets.lists import users_of
from app.targets.queries import installed_values, releases_on, status_counts, targets_by_id, targets_of, targets_on

Key = TypeVar("Key")
Value = TypeVar("Value")
Row = TypeVar("Row", bound=SQLModel)


class _SharedLoader(DataLoader[Key, Value]):
    """For many who are cut off at any moment: who is takes nobody else along that waits for the same."""

    def load(self, key: Key) -> Awaitable[Value]:
        return asyncio.shield(super().load(key))


class Loaders:
    """`shared` ones are for subscribers: they wait where Postgres is away, so that none has to begin anew, and `told`
    holds what those who share them are told (see `resolvers/execution.py`)."""

    def __init__(self, database: Database, *, shared: bool = False) -> None:
        self.told: dict[object, Any] | None = {} if shared else None
        self._database = database
        self._shared = shared
        self.cluster_by_id = self._by_id(Cluster)
        self.group_by_id = self._by_id(ClusterGroup)
        self.deployment_by_id = self._by_id(Deployment)
        self.operation_by_id = self._by_id(Operation)
        self.user_by_id = self._by_id(User)
        self.revision_by_deployment = self._one(loading.revisions)
        self.target_by_id = self._one(targets_by_id)
        self.installed_values_by_target = self._one(installed_values)
        self.targets_by_deployment = self._many(targets_of, lambda facts: (facts.deployment_id, facts))
        self.archive_by_digest = self._one(loading.archives)
        self.targets_by_cluster = self._many(targets_on, lambda facts: (facts.cluster_id, facts))
        self.members_by_group = self._many(loading.members, lambda row: (row.group_id, row))
        self.features_by_group = self._many(loading.features, lambda row: (row.group_id, row))
        self.releases_by_cluster = self._many(releases_on, lambda pair: (pair[0].cluster_id, pair))
        self.output_by_result = self._one(loading.outputs)
        self.deployments_by_secret = self._many(users_of, lambda pair: pair)
        self.results_by_operation = self._many(loading.results, lambda row: (row.operation_id, row))
        counts = self._many(status_counts, lambda row: (row[0], (row[1], row[2])))
        self.status_counts_by_deployment = DataLoader(load_fn=_as_dicts(counts))

    def _by_id(self, table: type[Row]) -> DataLoader[int, Row | None]:
        async def fetch(session: AsyncSession, ids: Sequence[int]) -> dict[int, Row]:
            return await loading.by_id(session, table, ids)

        return self._one(fetch)

    def _one(self, fetch: Callable[[AsyncSession, Sequence[Key]], Awaitable[dict[Key, Value]]]) -> DataLoader[Key, Any]:
        async def load(keys: list[Key]) -> list[Value | None]:
            found = await self._fetch(fetch, keys)
            return [found.get(key) for key in keys]

        return (_SharedLoader if self._shared else DataLoader)(load_fn=load)

    def _many(
        self,
        fetch: Callable[[AsyncSession, Sequence[int]], Awaitable[Iterable[Any]]],
        entry: Callable[[Any], tuple[int, Value]],
    ) -> DataLoader[int, list[Value]]:
        async def load(keys: list[int]) -> list[list[Value]]:
            found: defaultdict[int, list[Value]] = defaultdict(list)
            for row in await self._fetch(fetch, keys):
                key, value = entry(row)
                found[key].append(value)
            return [found[key] for key in keys]

        return (_SharedLoader if self._shared else DataLoader)(load_fn=load)

    async def _fetch(
        self, fetch: Callable[[AsyncSession, Sequence[Key]], Awaitable[Value]], keys: Sequence[Key]
    ) -> Value:
        async def look() -> Value:
            async with self._database.reading() as session:
                return await fetch(session, keys)

        return await (patiently(look) if self._shared else look())


def _as_dicts(loader: DataLoader[int, list[Any]]) -> Callable[[list[int]], Awaitable[list[dict[Any, Any]]]]:
    async def load(keys: list[int]) -> list[dict[Any, Any]]:
        return [dict(pairs) for pairs in await loader.load_many(keys)]

    return load


class SharedLoaders:
    """Loaders for subscribers: those who look at the same moment share what they load, so that a change that a thousand
    of them follow is read once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._upto = -1
        self._loaders = Loaders(database, shared=True)

    def of(self, upto: int) -> Loaders:
        """The loaders of those who have seen all events up to this position. They were made after it was read, so what
        they give is at least as new."""
        if upto != self._upto:
            self._upto, self._loaders = upto, Loaders(self._database, shared=True)
        return self._loaders

    def own(self) -> Loaders:
        """Loaders for one subscriber alone."""
        return Loaders(self._database, shared=True)

    # What is loaded before those who follow are told that it has changed, each for one kind of subscription.

    async def prepare_targets(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).target_by_id.load_many(keys)

    async def prepare_clusters(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).cluster_by_id.load_many(keys)

    async def prepare_deployments(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).deployment_by_id.load_many(keys)

    async def prepare_operations(self, upto: int, keys: Collection[int]) -> None:
        await self.of(upto).operation_by_id.load_many(keys)
