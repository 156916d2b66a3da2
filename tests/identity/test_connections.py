"""Connections that stay open end when their caller is nobody any more, or may do something else than before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import event
from sqlmodel import col, delete, select, update
from websockets.exceptions import ConnectionClosed

from app.identity.connections import Connection, Connections
from app.identity.sessions import resume
from app.identity.tokens import authenticate, token_digest
from app.tables.columns import now
from app.tables.identity import ApiToken, AppSession, Method, User
from tests.live.client import Socket, followed_by, socket
from tests.live.serving import Served
from tests.stack import TOKEN, Stack, eventually

EVENTS = "subscription { events { message } }"
SECONDS = 120.0


async def write(stack: Stack, statement: Any) -> None:
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(statement)


async def revoked(stack: Stack, name: str, token: str) -> None:
    await stack.mutate("revokeApiToken", "__typename", token, name="first")


async def expired(stack: Stack, name: str, token: str) -> None:
    owner = select(User.id).where(col(User.name) == name).scalar_subquery()
    await write(stack, update(ApiToken).where(col(ApiToken.user_id) == owner).values(expires_at=now()))


async def disabled(stack: Stack, name: str, token: str) -> None:
    await write(stack, update(User).where(col(User.name) == name).values(disabled_at=now()))


async def taken(stack: Stack, name: str, token: str) -> None:
    await stack.mutate("setRole", "__typename", user=name, role=None)


async def lowered(stack: Stack, name: str, token: str) -> None:
    await stack.mutate("setRole", "__typename", user=name, role="VIEWER")


async def raised(stack: Stack, name: str, token: str) -> None:
    await stack.mutate("setRole", "__typename", user=name, role="ADMIN")


async def raised_in_a_group(stack: Stack, name: str, token: str) -> None:
    await stack.mutate("setRole", "__typename", user=name, role="DEPLOYER", group="edge")


CHANGES: dict[str, Callable[[Stack, str, str], Awaitable[None]]] = {
    change.__name__.replace("_", "-"): change
    for change in (revoked, expired, disabled, taken, lowered, raised, raised_in_a_group)
}


@asynccontextmanager
async def stream(url: str, token: str) -> AsyncIterator[asyncio.Task[str]]:
    """Follows events over server-sent events; the task ends with the stream, and has what was told."""
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(timeout=SECONDS) as client:

        async def read() -> str:
            return (await client.post(f"{url}/graphql", json={"query": EVENTS}, headers=headers)).text

        reading = asyncio.create_task(read())
        try:
            yield reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_open_connections_end_when_access_is_revoked_and_others_continue(quiet: Stack, served: Served) -> None:
    await quiet.group("edge", [])
    tokens = {}
    for name in CHANGES:
        made = await quiet.mutate("createUser", "... on UserPayload { token }", name=name, role="DEPLOYER")
        tokens[name] = made["token"]
    async with served(quiet) as url, AsyncExitStack() as stack:
        bystander = await stack.enter_async_context(socket(url))
        told = await bystander.subscribe(EVENTS)
        sockets: dict[str, Socket] = {}
        streams: dict[str, asyncio.Task[str]] = {}
        for name, token in tokens.items():
            sockets[name] = await stack.enter_async_context(socket(url, token))
            await sockets[name].subscribe(EVENTS)
            streams[name] = await stack.enter_async_context(stream(url, token))
        await eventually(lambda: followed_by(quiet, 1 + 2 * len(tokens)))
        for name, change in CHANGES.items():
            await change(quiet, name, tokens[name])
        async with asyncio.timeout(SECONDS):
            for name in CHANGES:
                await sockets[name].connection.wait_closed()
                assert (sockets[name].connection.close_code, name) == (4403, name)
                assert "complete" not in await streams[name], name
        await eventually(lambda: followed_by(quiet, 1))
        with pytest.raises(ConnectionClosed):
            async with socket(url, tokens["revoked"]):
                pass
        async with socket(url, tokens["lowered"]) as again:
            await again.subscribe(EVENTS)
        await quiet.group("after", [])
        assert (await told.until(message="The group after was created with 0 members."))["message"]


async def held(connections: Connections, stack: Stack, credential: str) -> asyncio.Task[bool]:
    """A connection whose task waits until it is ended; gives whether it was."""
    opened = asyncio.Event()

    async def hold() -> bool:
        connection = Connection()
        connection.viewer = await authenticate(stack.services.database, credential) or await resume(
            stack.services.database, credential, idle=timedelta(hours=1)
        )
        connections.add(connection)
        opened.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        connections.discard(connection)
        return connection.is_ended

    task = asyncio.create_task(hold())
    await opened.wait()
    return task


async def test_the_end_of_a_session_ends_what_it_has_open(quiet: Stack) -> None:
    (user_id,) = (await quiet.services.database.rows(select(User.id)))[0]
    secrets = ("ended", "idle", "used")
    async with quiet.services.transaction() as transaction:
        for secret in secrets:
            given: dict[str, Any] = {"digest": token_digest(secret), "expires_at": now() + timedelta(days=1)}
            transaction.session.add(AppSession(user_id=user_id, method=Method.PASSWORD, **given))
    connections = Connections(quiet.services.database, idle=timedelta(hours=1))
    holding = {secret: await held(connections, quiet, secret) for secret in secrets}
    await write(quiet, delete(AppSession).where(col(AppSession.digest) == token_digest("ended")))
    long_ago = update(AppSession).where(col(AppSession.digest) == token_digest("idle"))
    await write(quiet, long_ago.values(last_used_at=now() - timedelta(hours=2)))
    async with asyncio.timeout(SECONDS):
        assert (await holding["ended"], await holding["idle"]) == (True, True)
    assert not holding["used"].done()
    holding["used"].cancel()
    assert await holding["used"] is False


async def test_open_connections_are_checked_in_one_query_and_not_at_all_if_there_are_none(quiet: Stack) -> None:
    asked: list[str] = []
    engine = quiet.services.database._readers.sync_engine
    connections = Connections(quiet.services.database, idle=timedelta(hours=1))
    holding = [await held(connections, quiet, TOKEN) for _ in range(50)]
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, words, *_: asked.append(words))
    await connections._end_changed()
    assert len(asked) == 1
    assert not any(task.done() for task in holding)
    looking = connections._looking
    assert looking is not None
    for task in holding:
        task.cancel()
    assert await asyncio.gather(*holding) == [False] * 50
    await asyncio.gather(looking, return_exceptions=True)
    assert looking.cancelled()
