"""What subscribers share when they load what has changed."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.core import loading
from schema.clusters.loaders import cluster_by_id
from schema.loading import Loaders, SharedLoaders
from tests.stack import Stack


async def one(loaders: Loaders) -> Any:
    return await loaders[cluster_by_id].load(1)


async def test_a_subscriber_that_is_cut_off_while_it_loads_takes_nobody_along(quiet: Stack) -> None:
    shared = SharedLoaders(quiet.services.database, 4)
    cut, other = asyncio.create_task(one(shared.of(7))), asyncio.create_task(one(shared.of(7)))
    await asyncio.sleep(0)
    cut.cancel()
    assert await other is None
    assert cut.cancelled()


async def test_a_subscriber_waits_for_a_postgres_that_is_away(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    by_id = loading.by_id

    async def away_at_first(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OperationalError("SELECT", {}, ConnectionResetError("the server went away"))
        return await by_id(*given)

    monkeypatch.setattr(loading, "by_id", away_at_first)
    assert await one(SharedLoaders(quiet.services.database, 4).of(7)) is None
    assert calls == 2
