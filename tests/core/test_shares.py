"""The connections to Postgres: organizations share them, and leave some to what is done for all."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from sqlalchemy import text

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
