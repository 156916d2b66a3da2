"""Events are only added to, removed when they are old enough, and told to nobody with a gap."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.core import migrations
from app.core.database import Database
from app.events.export import exported
from app.events.retention import remove_old_events
from app.tables.columns import now
from app.tables.events import Event
from app.tables.identity import Organization
from reconcilers.housekeeping import Housekeeping
from tests.happenings import Happening
from tests.live.client import Socket, socket
from tests.live.serving import served
from tests.stack import Stack

EVENTS = "subscription ($after: String) { events(after: $after) { message } }"


async def happened(stack: Stack, message: str, *, days_ago: float = 0) -> None:
    """An event of the first organization."""
    ((organization_id,),) = await stack.services.database.rows(select(Organization.id).limit(1))
    async with stack.services.transaction() as transaction:
        transaction.record(Happening.TEST, message, organization_id=organization_id)
        transaction._events[-1]["at"] = now() - timedelta(days=days_ago)


async def messages(stack: Stack) -> list[str]:
    rows = await stack.services.database.rows(select(Event.message).order_by(col(Event.position)))
    return [message for (message,) in rows]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET message = 'nothing'",
        "DELETE FROM event",
        "TRUNCATE event",
        "DELETE FROM organization",
        "SELECT remove_events(now(), 1000)",
    ],
)
async def test_events_cannot_be_changed_or_deleted(quiet: Stack, statement: str) -> None:
    before = await messages(quiet)
    with pytest.raises(DBAPIError, match=r"events are only added to|events are kept for a day at least|foreign key"):
        async with quiet.services.database.sessions() as session, session.begin():
            await session.execute(text(statement))
    assert before
    assert await messages(quiet) == before


async def test_old_events_are_removed_and_newer_ones_stay(quiet: Stack) -> None:
    await happened(quiet, "young")
    assert await remove_old_events(quiet.services) == 0
    before = await messages(quiet)
    for day in (200, 91, 89):
        await happened(quiet, f"{day} days ago", days_ago=day)
    assert await remove_old_events(quiet.services) == 2
    assert await messages(quiet) == [*before, "89 days ago"]
    assert await remove_old_events(quiet.services) == 0


async def test_the_housekeeping_of_a_worker_removes_old_events(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
) -> None:
    async with new_stack(working=False, event_retention=2 * 24 * 3600) as stack:
        before = await messages(stack)
        for day in (3, 1):
            await happened(stack, f"{day} days ago", days_ago=day)
        await Housekeeping(stack.services).remove_events()
        assert await messages(stack) == [*before, "1 days ago"]


async def test_a_client_that_resumes_before_removed_events_is_told_that_it_missed_some(
    quiet: Stack,
) -> None:
    for number in range(4):
        await happened(quiet, f"event {number}", days_ago=100)
    listed = "{ events(first: 5) { nodes { cursor message } } }"
    cursors = {node["message"]: node["cursor"] for node in (await quiet.data(listed))["events"]["nodes"]}
    assert await remove_old_events(quiet.services) == 4
    await happened(quiet, "after")
    async with served(quiet) as url, socket(url) as opened:
        assert await first(opened, cursors["event 3"]) == {"message": "after"}
        (error,) = await first(opened, cursors["event 2"])
        assert error["extensions"] == {"code": "cursor_expired", "path": ["after"]}


async def first(opened: Socket, after: str) -> Any:
    return await (await opened.subscribe(EVENTS, after=after)).next()


@pytest_asyncio.fixture(loop_scope="session")
async def program(quiet: Stack) -> AsyncIterator[Database]:
    """The database as a user of its own sees it, who owns nothing."""
    url = make_url(quiet.services.settings.database_url or "")
    role = f"program_of_{url.database}"
    async with quiet.services.database.engine.begin() as connection:
        await connection.execute(text(f'CREATE ROLE "{role}" LOGIN'))
    await migrations.migrate(quiet.services.settings.database_url or "", program_role=role)
    database = Database(url.set(username=role).render_as_string(hide_password=False), pool_size=2)
    try:
        yield database
    finally:
        await database.close()
        async with quiet.services.database.engine.begin() as connection:
            await connection.execute(text(f'DROP OWNED BY "{role}"'))
            await connection.execute(text(f'DROP ROLE "{role}"'))


async def test_a_program_that_does_not_own_the_tables_adds_events_and_has_old_ones_removed(
    quiet: Stack, program: Database
) -> None:
    await happened(quiet, "old", days_ago=100)

    async def do(statement: str) -> Any:
        async with program.sessions() as session, session.begin():
            return (await session.execute(text(statement))).scalar()

    values = "now(), 'test', 'added', '{}', 'SUCCEEDED'"
    await do(f"INSERT INTO event (at, kind, message, data, outcome) VALUES ({values}) RETURNING position")
    before = await messages(quiet)
    for statement in (
        "UPDATE event SET message = 'nothing'",
        "DELETE FROM event",
        "TRUNCATE event",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "SET LOCAL session_replication_role = replica",
        "UPDATE event_horizon SET position = 0",
        "INSERT INTO event_removal VALUES (pg_current_xact_id()::text)",
        "SELECT * FROM event_removal",
        "UPDATE alembic_version SET version_num = '0001'",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            await do(statement)
    with pytest.raises(DBAPIError, match="foreign key constraint"):
        await do(
            "WITH switch AS (SELECT set_config('polyhelm.removes_events', 'on', true))"
            " DELETE FROM organization USING switch RETURNING id"
        )
    assert await messages(quiet) == before
    assert await do("SELECT remove_events(now() - interval '90 days', 10)") == 1
    assert await messages(quiet) == [message for message in before if message != "old"]


async def test_all_events_are_exported_in_order_as_json_lines_and_the_next_export_goes_on(quiet: Stack) -> None:
    for number in range(3):
        await happened(quiet, f"event {number}")
    lines = [json.loads(line) async for line in exported(quiet.services.database)]
    assert [line["message"] for line in lines] == await messages(quiet)
    assert lines[-1] | {"at": None, "position": None} == {
        "organization": "default",
        "position": None,
        "at": None,
        "kind": "test.happened",
        "actor": None,
        "message": "event 2",
        "subject_type": None,
        "subject_id": None,
        "deployment_id": None,
        "cluster_id": None,
        "data": {},
        "outcome": "SUCCEEDED",
        "mutation": None,
        "via": None,
        "address": None,
        "request_id": None,
        "given": None,
    }
    rest = [json.loads(line) async for line in exported(quiet.services.database, after=lines[-2]["position"])]
    assert rest == lines[-1:]
