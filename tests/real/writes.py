"""Notices every write: to a Postgres, a Redis, and the store of a real member."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
from arq.connections import ArqRedis
from sqlalchemy import text

from tests.contract.client import METADATA_LIST, Client
from tests.real.fleet import Fleet

NOT_OURS = {"leases", "events"}
"""What an API server writes by itself, all the time."""

READING = {"info", "keys", "dump", "select", "ping", "hello", "client"}
COUNTING = {"evalsha", "script", "time", "get", "set"}
"""By these it is counted how often somebody asks, under keys of their own: that is no part of what they ask for."""

RATES = "polyhelm:rate:"


async def rows(fleet: Fleet) -> dict[str, list[Any]]:
    """Every row of every table, in the version in which it is stored: one that is written again as it was, or only
    locked, differs. And how far each sequence has counted: a write that was rolled back shows there."""
    found: dict[str, list[Any]] = {}
    async with fleet.stack.services.database.reading() as session:
        tables = await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for (table,) in tables.all():
            statement = f'SELECT ctid::text, xmin::text, xmax::text, t::text FROM "{table}" t ORDER BY ctid'
            found[table] = [tuple(row) for row in (await session.execute(text(statement))).all()]
        counted = await session.execute(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"))
        found["sequences"] = [tuple(row) for row in counted.all()]
    return found


async def keys(fleet: Fleet) -> dict[str, Any]:
    """Every key with its value, and how often each command was called that may write."""
    url = fleet.stack.services.settings.redis_url
    assert url is not None
    client: redis.asyncio.Redis = ArqRedis.from_url(url)
    try:
        names = sorted(key for key in await client.keys("*") if not key.startswith(RATES.encode()))
        found = {str(key): await client.dump(key) for key in names}
        told = await client.info("commandstats")
    finally:
        await client.aclose()
    calls = {name.removeprefix("cmdstat_"): stats["calls"] for name, stats in told.items()}
    told_of = {name: count for name, count in calls.items() if name.split("|")[0] not in READING | COUNTING}
    return {"keys": found, "calls": told_of}


@dataclass
class Store:
    """A member's store from a moment on."""

    client: Client
    paths: list[str] = field(default_factory=list)
    version: str = ""

    @classmethod
    async def now(cls, client: Client) -> "Store":
        store = cls(client)
        status, groups = await client.get("/apis")
        assert status == 200
        bases = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups["groups"])]
        for base in bases:
            status, found = await client.get(base)
            assert status == 200, found
            store.paths += [
                f"{base}/{resource['name']}"
                for resource in found["resources"]
                if {"list", "watch"} <= set(resource["verbs"]) and resource["name"] not in NOT_OURS
            ]
        status, listed = await client.get("/api/v1/secrets", accept=METADATA_LIST, limit="1")
        assert status == 200
        store.version = listed["metadata"]["resourceVersion"]
        return store

    async def writes(self) -> list[tuple[str, str, str, str]]:
        """Every write since then to any object in any namespace: what happened, to which kind, namespace and name."""
        found = await asyncio.gather(*map(self._writes_to, self.paths))
        return sorted(write for writes in found for write in writes)

    async def _writes_to(self, path: str) -> list[tuple[str, str, str, str]]:
        found = []
        async with self.client.watch(path, resourceVersion=self.version, timeoutSeconds="1") as events:
            assert events.status == 200
            while (event := await events.next()) != ("", {}):
                kind, changed = event
                metadata = changed["metadata"]
                found.append((kind, changed["kind"], metadata.get("namespace", ""), metadata["name"]))
        return found


@dataclass(frozen=True)
class Ledger:
    """Postgres, Redis and all members as they are at one moment."""

    fleet: Fleet
    rows: dict[str, list[Any]]
    keys: dict[str, Any]
    stores: dict[str, Store]

    @classmethod
    async def of(cls, fleet: Fleet) -> "Ledger":
        await fleet.stack.services.fingerprints.mark()  # its key is stored when it is first needed
        stores = {name: await Store.now(hand.client) for name, hand in fleet.hands.items()}
        return cls(fleet, await rows(fleet), await keys(fleet), stores)

    async def changed_rows(self) -> set[str]:
        """The tables (and "sequences") that have changed."""
        present = await rows(self.fleet)
        return {table for table in present if present[table] != self.rows.get(table)}

    async def assert_nothing_was_written(self) -> None:
        assert await rows(self.fleet) == self.rows
        assert await keys(self.fleet) == self.keys
        writes = {name: await store.writes() for name, store in self.stores.items()}
        assert {name: found for name, found in writes.items() if found} == {}
