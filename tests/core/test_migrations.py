"""The migrations make what the tables say."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import alembic.command
from sqlalchemy import Connection, text

from app.core import migrations
from app.core.settings import Settings
from simulator import Member
from tests.outages import TEMPLATE
from tests.secrets.test_keeping import REFERENCE, made
from tests.stack import Stack, drop_database, fresh_database


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


async def test_words_of_helm_that_older_versions_stored_of_deployments_with_secrets_are_withheld(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> None:
    words = {"code": "helm_failed", "message": "It quotes hunter2-5f2e.", "output": "hunter2-5f2e", "attempts": 1}

    def undo(connection: Connection) -> None:
        alembic.command.downgrade(migrations._config(connection), "0022")

    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        await made(stack)
        await stack.create(releaseName="with", valuesFrom=[REFERENCE])
        await stack.create(releaseName="without")
        async with stack.services.transaction() as transaction:
            for statement in (
                "UPDATE operation_result SET error = CAST(:words AS jsonb), output = 'hunter2-5f2e', state = 'FAILED'",
                "UPDATE target SET error = CAST(:words AS jsonb)",
            ):
                await transaction.session.execute(text(statement), {"words": json.dumps(words)})
        url = str(stack.services.settings.database_url)
        await migrations._run(url, undo)
        await migrations.migrate(url)
        rows = await stack.services.database.rows(
            text("""
            SELECT release_name, r.output, r.error, target.error AS of_target FROM deployment
            JOIN operation ON operation.deployment_id = deployment.id
            JOIN operation_result r ON r.operation_id = operation.id
            JOIN target ON target.deployment_id = deployment.id ORDER BY release_name
            """)
        )
    withheld = words | {
        "message": "This text was stored by an earlier version and may contain values of secrets. It is not shown.",
        "output": None,
    }
    assert [tuple(row) for row in rows] == [
        ("with", None, withheld, withheld),
        ("without", "hunter2-5f2e", words, words),
    ]


async def test_texts_that_look_like_expressions_stay_what_they_were(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> None:
    looks = {"plain": "${{ x }}", "list": ["a ${{ y }} $${{ z }}"], "${{ key }}": 1, "template": "{{ .Values.a }}"}

    def undo(connection: Connection) -> None:
        alembic.command.downgrade(migrations._config(connection), "0026")

    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        answer = await stack.create(values={"a": 1}, valueOverrides=[{"cluster": "paris", "values": {"b": "c"}}])
        deployment_id = answer["deployment"]["id"]
        url = str(stack.services.settings.database_url)
        await migrations._run(url, undo)
        async with stack.services.transaction() as transaction:
            write = "UPDATE deployment_revision SET values = CAST(:looks AS jsonb)"
            await transaction.session.execute(text(write), {"looks": json.dumps(looks)})
        await migrations.migrate(url)
        rows = await stack.services.database.rows(text("SELECT values FROM deployment_revision"))
        desired = (await stack.targets(deployment_id))["paris"]["desiredValues"]
    escaped = {"plain": "$${{ x }}", "list": ["a $${{ y }} $$${{ z }}"]}
    assert [row[0] for row in rows] == [looks | escaped]
    assert desired == looks | {"b": "c"}
