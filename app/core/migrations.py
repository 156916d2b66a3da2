"""Migrates the database schema, and compares it with the tables."""

import asyncio
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from app.core.database import engine_for
from app.tables import all_tables

_LOCK = 0x504F4C5B
_ENGINE_LOCK = _LOCK + 1
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)")
_PAUSE = 0.1  # seconds
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    "REVOKE UPDATE, DELETE, TRUNCATE ON event, event_horizon FROM {role}",
    "REVOKE ALL ON event_removal FROM {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
)


def folder() -> Path:
    """Returns the directory of the migrations: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent.parent
    installed = package / "alembic"
    return installed if installed.exists() else package.parent / "alembic"


async def migrate(database_url: str, *, program_role: str | None = None) -> None:
    """Migrates the schema to this version, and grants the program's role its permissions, if one is configured.

    Several processes may call it at once: one migrates, the others wait.
    """

    def upgrade(connection: Connection) -> None:
        _upgrade(connection)
        if program_role is not None:
            _grant(connection, program_role)

    await _run(database_url, upgrade)
    await _migrate_engine(database_url, program_role)


async def _migrate_engine(database_url: str, program_role: str | None) -> None:
    """Migrates the schema of the engine of workflows, one process at a time.

    It creates indexes concurrently, which waits for all statements that run, also for those that wait for a lock. So
    the lock is tried repeatedly.
    """
    from app.durable.engine import migrate as migrate_engine  # DBOS takes time and memory to import

    engine = engine_for(database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            while not (await connection.execute(_TRY_LOCK, {"key": _ENGINE_LOCK})).scalar_one():
                await connection.commit()
                await asyncio.sleep(_PAUSE)
            await connection.commit()
            await asyncio.to_thread(migrate_engine, database_url, program_role=program_role)
    finally:
        await engine.dispose()


async def new_migration(database_url: str, message: str) -> None:
    """Writes a migration with the differences between the tables and the database. For developers."""

    def write(connection: Connection) -> None:
        config = _config(connection)
        number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
        alembic.command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")

    await _run(database_url, write)


async def differences(database_url: str) -> list[Any]:
    """Returns the differences between the migrated database and the tables. The list is empty if the migrations are
    complete."""
    found: list[Any] = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found.extend(compare_metadata(context, all_tables()))

    await _run(database_url, compare)
    return found


async def is_current(database_url: str) -> bool:
    """Returns whether the database schema is that of this version."""
    heads: list[bool] = []

    def look(connection: Connection) -> None:
        present = MigrationContext.configure(connection).get_current_heads()
        heads.append(set(present) == set(ScriptDirectory(str(folder())).get_heads()))

    await _run(database_url, look)
    return heads[0]


async def _run(database_url: str, step: Any) -> None:
    engine = engine_for(database_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(step)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    alembic.command.upgrade(_config(connection), "head")


def _grant(connection: Connection, role: str) -> None:
    """Grants the role everything the program needs, except permissions to change or remove events."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    for statement in _GRANTS:
        connection.exec_driver_sql(statement.format(role=quoted))


def _config(connection: Connection) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(folder()))
    config.attributes["connection"] = connection
    return config
