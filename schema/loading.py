"""Loaders: what many fields of one operation ask for one by one, fetched for all of them in one query.

A subject declares a `Loader` for each of its questions. What a loader has fetched lives for one operation, so that the
next operation sees what has changed in the meantime."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from strawberry.dataloader import DataLoader

from app.core import loading
from app.core.database import Database, patiently

Key = TypeVar("Key")
Value = TypeVar("Value")
Row = TypeVar("Row", bound=SQLModel)
Fetch = Callable[[AsyncSession, Sequence[Key]], Awaitable[Value]]
Load = Callable[["Loaders", Sequence[Key]], Awaitable[Sequence[Value]]]


class Loader(Generic[Key, Value]):
    """A question about many keys. `load` returns one value for each key, in their order."""

    def __init__(self, load: Load[Key, Value]) -> None:
        self.load = load


def one(fetch: Fetch[Key, dict[Key, Value]]) -> Loader[Key, Value | None]:
    """A loader of one value for each key; None for a key that `fetch` does not return."""

    async def load(loaders: Loaders, keys: Sequence[Key]) -> list[Value | None]:
        found = await loaders.fetched(fetch, keys)
        return [found.get(key) for key in keys]

    return Loader(load)


def existing(fetch: Fetch[Key, dict[Key, Value]]) -> Loader[Key, Value]:
    """A loader of one value for each key, of which each is known to have one.

    Raises:
        KeyError: a key has no value.
    """

    async def load(loaders: Loaders, keys: Sequence[Key]) -> list[Value]:
        found = await loaders.fetched(fetch, keys)
        return [found[key] for key in keys]

    return Loader(load)


def by_id(table: type[Row]) -> Loader[int, Row | None]:
    """A loader of rows by their numbers."""

    async def fetch(session: AsyncSession, ids: Sequence[int]) -> dict[int, Row]:
        return await loading.by_id(session, table, ids)

    return one(fetch)


def many(fetch: Fetch[int, Iterable[Any]], entry: Callable[[Any], tuple[int, Value]]) -> Loader[int, list[Value]]:
    """A loader of a list for each key. `entry` returns the key and the value of each row."""

    async def load(loaders: Loaders, keys: Sequence[int]) -> list[list[Value]]:
        found: defaultdict[int, list[Value]] = defaultdict(list)
        for row in await loaders.fetched(fetch, keys):
            key, value = entry(row)
            found[key].append(value)
        return [found[key] for key in keys]

    return Loader(load)


class _SharedDataLoader(DataLoader[Key, Value]):
    """A data loader for many callers, each of which may be cancelled at any moment without cancelling the others."""

    def load(self, key: Key) -> Awaitable[Value]:
        return asyncio.shield(super().load(key))


class Loaders:
    """The data loaders of one operation, each made when it is first used.

    Shared ones are for subscribers: they wait while Postgres is away, so that no subscription has to start again, and
    `shared_answers` holds the answers that their subscribers share (`resolvers/engine/execution.py`). `slots` is the
    number of runs that may be at work on one cluster.
    """

    def __init__(self, database: Database, slots: int, *, shared: bool = False) -> None:
        self.shared_answers: dict[object, Any] | None = {} if shared else None
        self.slots = slots
        self._database = database
        self._shared = shared
        self._made: dict[Loader[Any, Any], DataLoader[Any, Any]] = {}

    def __getitem__(self, loader: Loader[Key, Value]) -> DataLoader[Key, Value]:
        made = self._made.get(loader)
        if made is None:
            kind: type[DataLoader[Any, Any]] = _SharedDataLoader if self._shared else DataLoader
            made = self._made[loader] = kind(load_fn=partial(loader.load, self))
        return made

    async def fetched(self, fetch: Fetch[Key, Value], keys: Sequence[Key]) -> Value:
        """What `fetch` returns, in a reading session."""

        async def look() -> Value:
            async with self._database.reading() as session:
                return await fetch(session, keys)

        return await (patiently(look) if self._shared else look())


class SharedLoaders:
    """The loaders of all subscribers. Those who look at the same moment share what they load, so that a change that a
    thousand of them follow is read once."""

    def __init__(self, database: Database, slots: int) -> None:
        self._database = database
        self._slots = slots
        self._upto = -1
        self._loaders = self.own()
        self._preparing: dict[Loader[Any, Any], Callable[[int, Collection[Any]], Awaitable[None]]] = {}

    def of(self, upto: int) -> Loaders:
        """The loaders of those who have seen all events up to this position. They were made after it was read, so that
        their answers are at least as new."""
        if upto != self._upto:
            self._upto, self._loaders = upto, self.own()
        return self._loaders

    def own(self) -> Loaders:
        """Loaders for one subscriber alone."""
        return Loaders(self._database, self._slots, shared=True)

    def preparing(self, loader: Loader[Key, Any]) -> Callable[[int, Collection[Key]], Awaitable[None]]:
        """A function that loads what has changed, before the subscribers who follow it are notified. The same one for
        each caller: the feed calls it once for all of them."""

        async def prepare(upto: int, keys: Collection[Key]) -> None:
            await self.of(upto)[loader].load_many(keys)

        return self._preparing.setdefault(loader, prepare)
