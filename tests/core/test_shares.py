"""The connections to Postgres: organizations share them, and leave some to what is done for all."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import database as module
from app.core.database import Database
from app.core.tenancy import acting_for
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

TOKEN_IN = "... on ApiTokenPayload { token }"


async def test_an_organization_that_holds_its_database_connections_delays_no_other(new_stack: NewStack) -> None:
    """Of four connections to read and four to write, organizations use three, and one organization two."""
    async with new_stack(working=False, database_pool_size=8, organization_share=50) as stack:
        await stack.mutate("createOrganization", "__typename", name="other")
        tokens = {}
        for name in ("default", "other"):
            made = await stack.mutate("createApiToken", TOKEN_IN, name=name, organization=name)
            tokens[name] = made["token"]
        database = stack.services.database
        [[acme]] = await database.rows(text("SELECT id FROM organization WHERE name = 'default'"))
        async with AsyncExitStack() as held:
            with acting_for(acme):
                for _ in range(2):
                    await held.enter_async_context(database.reading())
                    session = await held.enter_async_context(database.sessions())
                    await session.execute(text("SELECT 1"))
            secret = 'mutation { createSecret(input: {organization: "%s", name: "a", data: {a: "1"}}) { __typename } }'
            query = "{ clusters { nodes { name } } }"
            waiting = [
                asyncio.create_task(stack.data(query, tokens["default"])),
                asyncio.create_task(stack.data(secret % "default", tokens["default"])),
            ]
            assert await stack.data(query, tokens["other"]) == {"clusters": {"nodes": []}}
            made = await stack.data(secret % "other", tokens["other"])
            assert made == {"createSecret": {"__typename": "SecretPayload"}}
            assert await database.rows(text("SELECT 1")) == [(1,)]
            assert not any(task.done() for task in waiting)
        assert await waiting[0] == {"clusters": {"nodes": []}}
        assert await waiting[1] == {"createSecret": {"__typename": "SecretPayload"}}


async def test_a_statement_that_takes_too_long_is_ended_by_postgres(
    shared: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one organization's statements could hold all connections that it may use for as long as it likes."""
    limit = text("SHOW statement_timeout")
    assert await shared.services.database.rows(limit) == [("30s",)]
    async with shared.services.database.sessions() as session:
        assert (await session.execute(limit)).all() == [("30s",)]
    monkeypatch.setitem(module._LIMITS, "statement_timeout", "1s")
    database = Database(str(shared.services.settings.database_url), pool_size=2)
    try:
        with pytest.raises(DBAPIError, match="canceling statement due to statement timeout"):
            await database.rows(text("SELECT pg_sleep(600)"))
        assert await database.rows(text("SELECT 1")) == [(1,)]
    finally:
        await database.close()
