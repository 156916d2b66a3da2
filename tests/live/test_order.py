"""Subscribers are told of events in the order of commits, whichever transaction wrote first."""

from app.core.transaction import Transaction
from tests.events.test_events import organization
from tests.happenings import Happening
from tests.live.client import followed_by, socket
from tests.live.serving import Served
from tests.stack import Stack, eventually

EVENTS = "subscription { events { message } }"


async def test_an_event_that_is_written_first_and_committed_last_is_sent_in_its_place(
    quiet: Stack, served: Served
) -> None:
    organization_id = await organization(quiet)

    async def happens(message: str) -> None:
        async with quiet.services.transaction() as transaction:
            transaction.record(Happening.TEST, message, organization_id=organization_id)

    async with served(quiet) as url, socket(url) as opened:
        events = await opened.subscribe(EVENTS)
        await eventually(lambda: followed_by(quiet, 1))
        async with quiet.services.database.sessions() as session, session.begin():
            slow = Transaction(session, quiet.services.fingerprints)
            slow.record(Happening.TEST, "slow", organization_id=organization_id)
            await slow.write_events()
            await happens("quick")
            assert (await events.next())["message"] == "quick"
        quiet.services.notifications.notify_soon()
        assert (await events.next())["message"] == "slow"


async def test_a_transaction_that_begins_first_and_commits_last_is_sent_last(quiet: Stack, served: Served) -> None:
    organization_id = await organization(quiet)
    async with served(quiet) as url, socket(url) as opened:
        events = await opened.subscribe(EVENTS)
        await eventually(lambda: followed_by(quiet, 1))
        async with quiet.services.transaction() as early:
            early.record(Happening.TEST, "early", organization_id=organization_id)
            async with quiet.services.transaction() as late:
                late.record(Happening.TEST, "late", organization_id=organization_id)
            assert (await events.next())["message"] == "late"
        assert (await events.next())["message"] == "early"
