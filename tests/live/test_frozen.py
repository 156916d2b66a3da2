"""A process that is stopped in the middle of what it does (a paused machine) holds up nobody for long."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import text

from app.core import database as module
from app.core.database import IDLE_SECONDS, Database
from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.events.test_events import EVENT_LOCK
from tests.forks import forked
from tests.live.frozen import freeze
from tests.live.processes import environment
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


@asynccontextmanager
async def frozen(stack: Stack) -> AsyncIterator[None]:
    """While the block runs, a stopped process has locked all clusters and written an event."""
    process = forked(freeze, environment=environment(stack))
    try:
        await eventually(lambda: holds_a_transaction(stack))
        yield
    finally:
        process.kill()
        await process.wait()


async def holds_a_transaction(stack: Stack) -> bool:
    statement = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
        " AND query LIKE '%event_batch%' AND state_change < clock_timestamp() - interval '0.5 s'"
    )
    return bool((await stack.services.database.rows(statement))[0][0])


async def test_mutations_are_answered_while_a_process_is_stopped_that_has_written_an_event(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig)
    async with frozen(quiet):
        began = time.monotonic()
        await quiet.group("others", [])
        assert await holds_a_transaction(quiet)
        assert time.monotonic() - began < IDLE_SECONDS  # it waited for nothing that the stopped one holds
        await quiet.group(
            "fleet", ["paris"]
        )  # the row is locked, for as long as a stopped process keeps what it locked
        assert not await holds_a_transaction(quiet)
        assert (await quiet.client.get("/readyz")).status_code == 200
    messages = await quiet.services.database.rows(text("SELECT message FROM event WHERE message = 'frozen'"))
    assert messages == []


async def test_a_status_turns_unknown_while_a_process_is_stopped_that_has_locked_the_cluster(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False) as stack, running(run_worker(stack.services), run_observer(stack.services)):
        await stack.fleet({"paris": paris.kubeconfig})
        deployment_id = await stack.deployed(releaseName="shop")
        async with frozen(stack):
            paris.faults.hang = True
            await stack.until_status(deployment_id, "paris", "UNKNOWN")
            paris.faults.hang = False
            await stack.until_status(deployment_id, "paris", "DEPLOYED")


async def test_a_process_that_can_read_and_not_write_is_not_ready(quiet: Stack) -> None:
    async with quiet.services.database.sessions() as session, session.begin():
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": EVENT_LOCK})
        answer = await quiet.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"postgres": "ok", "writing": "failed: see the log", "redis": "ok", "schema": "ok"}
    assert (await quiet.client.get("/readyz")).status_code == 200


async def test_the_locks_of_a_process_that_stops_between_preparing_a_statement_and_running_it_are_released(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres shows its connection as active although it waits for the client, and counts no other limit."""
    monkeypatch.setattr(module, "TRANSACTION_SECONDS", 1)
    monkeypatch.setitem(module._LIMITS, "idle_in_transaction_session_timeout", "1s")
    monkeypatch.setitem(module._LIMITS, "statement_timeout", "1s")
    await quiet.group("fleet", [])
    stopped = Database(str(quiet.services.settings.database_url), pool_size=2)
    lock = text("SELECT id FROM cluster_group FOR UPDATE")
    try:
        async with stopped.engine.connect() as connection:
            await connection.execute(lock)
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.prepare("SELECT 1")
            async with quiet.services.database.sessions() as session:  # waits for up to LOCK_SECONDS
                assert len((await session.execute(lock)).all()) == 1
            await connection.invalidate()
    finally:
        await stopped.close()
