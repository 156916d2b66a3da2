"""Subscribers are told of events in the order of commits, whichever transaction wrote first."""

import asyncio

from app.transaction import Transaction
from tests.live.client import followed_by, socket
from tests.live.serving import Served
from tests.stack import Stack, eventually
from tests.test_events import organization, someone_waits_for_the_lock

EVENTS = "subscription { events { message } }"


async def test_an_event_that_is_written_first_and_committed_last_is_told_and_in_its_place(
    quiet: Stack, served: Served
) -> None:
    organization_id = await organization(quiet)

    async def happens(message: str) -> None:
        async with quiet.services.transaction() as transaction:
            transaction.record("test", message, organization_id=organization_id)

    async with served(quiet) as url, socket(url) as opened:
        events = await opened.subscribe(EVENTS)
        await eventually(lambda: followed_by(quiet, 1))
        async with quiet.services.database.sessions() as session, session.begin():
            slow = Transaction(session, quiet.services.fingerprints)
            slow.record("test", "slow", organization_id=organization_id)
            await slow.write_events()
            quick = asyncio.create_task(happens("quick"))
            await eventually(lambda: someone_waits_for_the_lock(quiet))
            quiet.services.hints.tell_soon()  # so that whoever follows looks while neither is there
            assert events.told.empty()
        await quick
        assert [(await events.next())["message"] for _ in range(2)] == ["slow", "quick"]


async def test_a_transaction_that_begins_first_and_commits_last_is_told_last(quiet: Stack, served: Served) -> None:
    organization_id = await organization(quiet)
    async with served(quiet) as url, socket(url) as opened:
        events = await opened.subscribe(EVENTS)
        await eventually(lambda: followed_by(quiet, 1))
        async with quiet.services.transaction() as early:
            early.record("test", "early", organization_id=organization_id)
            async with quiet.services.transaction() as late:
                late.record("test", "late", organization_id=organization_id)
            assert (await events.next())["message"] == "late"
        assert (await events.next())["message"] == "early"
