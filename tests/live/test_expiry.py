"""A status that nobody has confirmed for too long is UNKNOWN, whoever died, and comes back by itself."""

import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import select

from app.program.processes import run_observer, running
from app.tables.clusters import Cluster, Observer
from app.tables.columns import now
from app.targets.reachability import UNWATCHED
from reconcilers.worker import run_worker
from simulator import Member
from tests.live import hands
from tests.live.client import socket
from tests.live.processes import process
from tests.live.serving import Served
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

CONFIRM_EVERY = 1
UNCONFIRMED = {
    "code": "UNREACHABLE",
    "message": f"No observer has confirmed it for {3 * CONFIRM_EVERY} s. Check that one is running.",
}
TARGETS = "subscription { targets { status revision helmStatus reasons { code message } } }"


def told(status: str, *reasons: Any) -> dict[str, Any]:
    return {"status": status, "revision": 1, "helmStatus": "DEPLOYED", "reasons": list(reasons)}


async def test_without_an_observer_all_becomes_unknown_while_a_worker_runs(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, confirm_every=CONFIRM_EVERY) as stack, running(run_worker(stack.services)):
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        deployment_id = await stack.deployed(releaseName="shop")
        for _ in range(2):
            target = await stack.until_status(deployment_id, "paris", "UNKNOWN")
            assert target["reasons"][0]["message"] == UNCONFIRMED["message"]
            assert (target["revision"], target["helmStatus"]) == (1, "DEPLOYED")
            async with running(run_observer(stack.services)):
                await stack.until_status(deployment_id, "paris", "DEPLOYED")


async def test_without_an_observer_and_a_worker_all_becomes_unknown_while_the_api_is_asked(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, confirm_every=CONFIRM_EVERY) as stack:
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        async with running(run_worker(stack.services)):
            await stack.deployed(releaseName="shop")
        async with served(stack) as url, socket(url) as opened:
            targets = await opened.subscribe(TARGETS)
            assert await targets.until(status="UNKNOWN") == told("UNKNOWN", UNCONFIRMED)
            async with running(run_observer(stack.services)):
                assert await targets.until(status="DEPLOYED") == told("DEPLOYED")
            assert await targets.until(status="UNKNOWN") == told("UNKNOWN", UNCONFIRMED)


async def test_a_member_that_is_never_at_rest_is_confirmed_all_the_same(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    """There is always a change that is not written down yet, and what came before it is confirmed."""
    paris = simulated("paris")
    async with new_stack(confirm_every=2, unreachable_after=5) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.deployed(releaseName="shop")
        paris.faults.latency = 0.3
        begun, number = now(), 0

        async def confirmed_meanwhile() -> bool:
            nonlocal number
            number += 1
            hands.upgrade(paris, "shop", {"number": number})
            ((confirmed_at,),) = await stack.services.database.rows(select(Cluster.confirmed_at))
            return bool(confirmed_at and confirmed_at > begun + timedelta(seconds=2))

        await eventually(confirmed_meanwhile)


async def test_when_every_observer_is_stopped_all_becomes_unknown_long_before_it_would_have_to_be_confirmed(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, confirm_every=3600, unreachable_after=15) as stack:
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        async with running(run_worker(stack.services)):
            await stack.deployed(releaseName="shop")
        async with process(stack, "observer") as observer, served(stack) as url, socket(url) as opened:
            targets = await opened.subscribe(TARGETS)
            assert (await targets.next())["status"] == "DEPLOYED"
            await eventually(lambda: is_watched(stack))
            observer.send_signal(signal.SIGSTOP)
            try:
                found = await targets.until(status="UNKNOWN")
                assert found == told("UNKNOWN", {"code": "UNREACHABLE", "message": UNWATCHED})
            finally:
                observer.send_signal(signal.SIGCONT)
            await targets.until(status="DEPLOYED")


async def is_watched(stack: Stack) -> bool:
    return bool(await stack.services.database.rows(select(Observer.id)))


async def test_a_status_that_no_observer_confirms_is_unknown_although_its_row_says_otherwise(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    """No process runs that could write it down."""
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    async with running(run_worker(quiet.services)):
        deployment_id = await quiet.deployed(releaseName="shop")
    assert (await quiet.targets(deployment_id))["paris"]["status"] == "DEPLOYED"
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(
            text("UPDATE cluster SET created_at = now() - interval '31 s', confirmed_at = NULL, last_seen_at = NULL")
        )
    target = (await quiet.targets(deployment_id))["paris"]
    assert (target["status"], target["helmStatus"]) == ("UNKNOWN", "DEPLOYED")
    assert target["reasons"][0]["message"] == UNWATCHED
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("INSERT INTO observer (id, seen_at) VALUES ('alive', now())"))
        await transaction.session.execute(text("UPDATE cluster SET observer_id = 'alive'"))
    assert (await quiet.targets(deployment_id))["paris"]["status"] == "DEPLOYED"
