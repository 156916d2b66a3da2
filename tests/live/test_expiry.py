"""A status that nobody has confirmed for too long is UNKNOWN, whoever died, and comes back by itself."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from app.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.live.client import socket
from tests.live.conftest import Served
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

CONFIRM_EVERY = 1
UNCONFIRMED = {
    "code": "UNREACHABLE",
    "message": f"Nobody has confirmed it for {3 * CONFIRM_EVERY} s: is an observer running?",
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
