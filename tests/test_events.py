"""Positions of events grow in the order in which commits become visible, whatever overlaps."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import text

from app.transaction import EVENT_LOCK, Transaction
from tests.stack import Stack, eventually

# Were events written without the lock, the first test here would fail: its reader would have gone past the slow one.


async def read(stack: Stack, after: int) -> Sequence[tuple[int, str]]:
    """What a reader sees that has seen everything up to `after`."""
    statement = text("SELECT position, message FROM event WHERE position > :after ORDER BY position")
    return [tuple(row) for row in await stack.services.database.rows(statement, after=after)]


async def newest(stack: Stack) -> int:
    return int((await stack.services.database.rows(text("SELECT coalesce(max(position), 0) FROM event")))[0][0])


async def organization(stack: Stack) -> int:
    return int((await stack.services.database.rows(text("SELECT id FROM organization")))[0][0])


async def someone_waits_for_the_lock(stack: Stack) -> bool:
    statement = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND NOT granted")
    return bool((await stack.services.database.rows(statement, key=EVENT_LOCK))[0][0])


async def test_a_reader_misses_no_event_of_a_transaction_that_commits_late(quiet: Stack) -> None:
    """The first transaction writes its event first and commits last, as nobody could forbid it without the lock."""
    organization_id, seen = await organization(quiet), await newest(quiet)
    async with quiet.services.database.sessions() as slow_session, slow_session.begin():
        slow = Transaction(slow_session, quiet.services.fingerprints)
        slow.record("test.slow", "slow", organization_id=organization_id)
        await slow.write_events()

        async def quick() -> None:
            async with quiet.services.transaction() as transaction:
                transaction.record("test.quick", "quick", organization_id=organization_id)

        quickly = asyncio.create_task(quick())

        async def ended_or_waits() -> bool:
            """It may end now only where nothing keeps the order; else it waits for the slow one."""
            return quickly.done() or await someone_waits_for_the_lock(quiet)

        await eventually(ended_or_waits)
        found = [message for _, message in await read(quiet, seen)]
        seen = await newest(quiet)
    await quickly
    found += [message for _, message in await read(quiet, seen)]
    assert found == ["slow", "quick"]


async def test_transactions_that_overlap_do_their_work_at_once_and_wait_for_the_lock_alone(quiet: Stack) -> None:
    """What begins first and commits last has the later position."""
    organization_id, seen = await organization(quiet), await newest(quiet)
    async with quiet.services.transaction() as early:
        early.record("test.early", "early", organization_id=organization_id)
        async with asyncio.timeout(10), quiet.services.transaction() as late:
            late.record("test.late", "late", organization_id=organization_id)
    assert [message for _, message in await read(quiet, seen)] == ["late", "early"]


async def test_a_reader_beside_many_writers_sees_every_event_once_and_in_order(quiet: Stack) -> None:
    organization_id, begin = await organization(quiet), await newest(quiet)
    writers, each = 6, 10

    async def write(writer: int) -> None:
        for number in range(each):
            async with quiet.services.transaction() as transaction:
                transaction.record("test.many", f"{writer} {number} a", organization_id=organization_id)
                transaction.record("test.many", f"{writer} {number} b", organization_id=organization_id)
                await transaction.session.execute(text("SELECT pg_sleep(random() * 0.005)"))

    writing = asyncio.gather(*(write(writer) for writer in range(writers)))
    seen: list[tuple[int, str]] = []

    async def has_all() -> bool:
        seen.extend(await read(quiet, seen[-1][0] if seen else begin))
        return len(seen) >= writers * each * 2

    await eventually(has_all)
    await writing
    assert seen == await read(quiet, begin)
    messages = [message for _, message in seen]
    for first, second in zip(messages[::2], messages[1::2], strict=True):
        assert (first[:-1], first[-1], second[-1]) == (second[:-1], "a", "b")
    for writer in range(writers):
        own = [message for message in messages if message.startswith(f"{writer} ")]
        assert own == [f"{writer} {number} {part}" for number in range(each) for part in "ab"]


async def test_what_is_rolled_back_leaves_no_event(quiet: Stack) -> None:
    organization_id, seen = await organization(quiet), await newest(quiet)
    try:
        async with quiet.services.transaction() as transaction:
            transaction.record("test.lost", "lost", organization_id=organization_id)
            raise LookupError
    except LookupError:
        pass
    async with quiet.services.transaction() as transaction:
        transaction.record("test.kept", "kept", organization_id=organization_id)
    assert [message for _, message in await read(quiet, seen)] == ["kept"]


async def test_a_transaction_without_events_does_not_wait_for_those_that_have_some(quiet: Stack) -> None:
    organization_id = await organization(quiet)
    async with quiet.services.database.sessions() as session, session.begin():
        slow = Transaction(session, quiet.services.fingerprints)
        slow.record("test.slow", "slow", organization_id=organization_id)
        await slow.write_events()
        async with asyncio.timeout(10), quiet.services.transaction() as transaction:
            await transaction.session.execute(text("SELECT 1"))
