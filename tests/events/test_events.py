"""Positions of events grow in the order in which commits become visible, whatever overlaps and whoever stops."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from app.core.transaction import Transaction
from tests.happenings import Happening
from tests.stack import Stack, eventually

EVENT_LOCK = 0x504F4C59
"""Under which the database gives events their positions."""


async def read(stack: Stack, after: int) -> Sequence[tuple[int, str]]:
    """What a reader sees that has seen everything up to `after`."""
    statement = text("SELECT position, message FROM event WHERE position > :after ORDER BY position")
    return [tuple(row) for row in await stack.services.database.rows(statement, after=after)]


async def newest(stack: Stack) -> int:
    return int((await stack.services.database.rows(text("SELECT coalesce(max(position), 0) FROM event")))[0][0])


async def organization(stack: Stack) -> int:
    return int((await stack.services.database.rows(text("SELECT id FROM organization")))[0][0])


async def test_a_transaction_that_has_written_its_events_and_stops_holds_up_nobody(quiet: Stack) -> None:
    """As a process does that is stopped just before it commits: others go on, and it comes last when it goes on."""
    organization_id, seen = await organization(quiet), await newest(quiet)
    async with quiet.services.database.sessions() as slow_session, slow_session.begin():
        slow = Transaction(slow_session, quiet.services.fingerprints)
        slow.record(Happening.TEST, "slow", organization_id=organization_id)
        await slow.write_events()
        async with quiet.services.transaction() as transaction:
            transaction.record(Happening.TEST, "quick", organization_id=organization_id)
        found = await read(quiet, seen)
        assert [message for _, message in found] == ["quick"]
    assert [message for _, message in await read(quiet, found[-1][0])] == ["slow"]


async def test_a_transaction_that_commits_last_has_the_later_position(quiet: Stack) -> None:
    organization_id, seen = await organization(quiet), await newest(quiet)
    async with quiet.services.transaction() as early:
        early.record(Happening.TEST, "early", organization_id=organization_id)
        async with quiet.services.transaction() as late:
            late.record(Happening.TEST, "late", organization_id=organization_id)
    assert [message for _, message in await read(quiet, seen)] == ["late", "early"]


async def test_no_commit_becomes_visible_while_another_is_given_its_positions(quiet: Stack) -> None:
    """Else a reader could see the later position, and go past the earlier one."""
    organization_id, seen = await organization(quiet), await newest(quiet)

    async def happens() -> None:
        async with quiet.services.transaction() as transaction:
            transaction.record(Happening.TEST, "waits", organization_id=organization_id)

    async with quiet.services.database.sessions() as session, session.begin():
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": EVENT_LOCK})
        waiting = asyncio.create_task(happens())
        await eventually(lambda: someone_waits_for_the_lock(quiet))
        assert await read(quiet, seen) == []
    await waiting
    assert [message for _, message in await read(quiet, seen)] == ["waits"]


async def someone_waits_for_the_lock(stack: Stack) -> bool:
    statement = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND NOT granted")
    return bool((await stack.services.database.rows(statement, key=EVENT_LOCK))[0][0])


async def test_events_of_one_transaction_keep_their_order_and_all_that_they_say(quiet: Stack) -> None:
    organization_id, seen = await organization(quiet), await newest(quiet)
    given: dict[str, Any] = {
        "text": "a'b\\n\U0001f600",
        "number": 2**53 + 1,
        "part": 0.1,
        "list": [None, True, {}],
        "map": {"": []},
    }
    async with quiet.services.transaction() as transaction:
        for number in range(50):
            transaction.record(Happening.TEST, str(number), organization_id=organization_id, actor="ann", **given)
        transaction.record(Happening.TEST, "installation", organization_id=None)
    assert [message for _, message in await read(quiet, seen)] == [*map(str, range(50)), "installation"]
    statement = text("SELECT * FROM event WHERE position > :after ORDER BY position LIMIT 1")
    [row] = await quiet.services.database.rows(statement, after=seen)
    assert (row.data, row.actor, row.given, row.subject_id, row.outcome) == (given, "ann", None, None, "SUCCEEDED")
    assert row.at.tzinfo is not None
    left = await quiet.services.database.rows(text("SELECT count(*) FROM event_batch"))
    assert left[0][0] == 0


async def test_a_reader_beside_many_writers_sees_every_event_once_and_in_order(quiet: Stack) -> None:
    organization_id, begin = await organization(quiet), await newest(quiet)
    writers, each = 6, 10

    async def write(writer: int) -> None:
        for number in range(each):
            async with quiet.services.transaction() as transaction:
                transaction.record(Happening.TEST, f"{writer} {number} a", organization_id=organization_id)
                transaction.record(Happening.TEST, f"{writer} {number} b", organization_id=organization_id)
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


async def test_a_transaction_that_is_rolled_back_leaves_no_event(quiet: Stack) -> None:
    organization_id, seen = await organization(quiet), await newest(quiet)
    try:
        async with quiet.services.transaction() as transaction:
            transaction.record(Happening.TEST, "lost", organization_id=organization_id)
            raise LookupError
    except LookupError:
        pass
    async with quiet.services.transaction() as transaction:
        transaction.record(Happening.TEST, "kept", organization_id=organization_id)
    assert [message for _, message in await read(quiet, seen)] == ["kept"]
