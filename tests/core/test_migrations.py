"""The migrations make what the tables say."""

import asyncio

import alembic.command
from sqlalchemy import Connection

from app.core import migrations
from app.core.settings import Settings
from tests.outages import TEMPLATE
from tests.stack import drop_database, fresh_database


async def test_a_migrated_database_is_what_the_tables_say(servers: Settings) -> None:
    assert servers.database_url is not None
    url = await fresh_database(servers.database_url, "test_migrated", TEMPLATE)
    try:
        assert await migrations.differences(url) == []
        assert await migrations.is_current(url)
    finally:
        await drop_database(servers.database_url, "test_migrated")


async def test_an_empty_database_is_not_current_and_two_may_migrate_it_at_once(servers: Settings) -> None:
    assert servers.database_url is not None
    url = await fresh_database(servers.database_url, "test_empty")
    try:
        assert not await migrations.is_current(url)
        await asyncio.gather(migrations.migrate(url), migrations.migrate(url))
        assert await migrations.is_current(url)
    finally:
        await drop_database(servers.database_url, "test_empty")


async def test_migrations_can_be_undone_and_done_again(servers: Settings) -> None:
    assert servers.database_url is not None
    url = await fresh_database(servers.database_url, "test_undone", TEMPLATE)

    def undo(connection: Connection) -> None:
        alembic.command.downgrade(migrations._config(connection), "0009")

    try:
        await migrations._run(url, undo)
        assert not await migrations.is_current(url)
        await migrations.migrate(url)
        assert await migrations.differences(url) == []
    finally:
        await drop_database(servers.database_url, "test_undone")
