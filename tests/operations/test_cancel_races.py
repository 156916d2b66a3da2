"""A cancellation at the moment at which Helm ends, and one of work that several workers do."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from simulator import Member
from tests.faults.failures import Delay, Hang
from tests.faults.proxy import Proxy
from tests.faults.requests import Request
from tests.forks import polyhelm
from tests.live.processes import environment
from tests.operations.charts import with_hook
from tests.operations.test_cancel import LONG, cancel, records, until_hook
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
RECORD = r"/secrets/sh\.helm\.release\.v1\.shop\.v1$"


@pytest.mark.parametrize("acted", [False, True], ids=["not-written", "written"])
async def test_a_cancellation_during_helms_last_write_ends_with_what_the_record_says(
    stack: Stack, simulated: Callable[[str], Member], acted: bool
) -> None:
    """Helm, when it is ended, marks the release as failed, whether its last write came through or not."""
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        await stack.fleet({"paris": proxy.kubeconfig})
        last = proxy.fault(Hang(acted=acted), method="PUT", path=RECORD, times=1)
        answer = await stack.create(releaseName="shop")
        await last.hit()
        await cancel(stack, answer)
        operation = await stack.settled(answer)
        assert (operation["state"], records(paris)) == ("CANCELLED", [(1, "failed")])
        target = await stack.until_status(answer["deployment"]["id"], "paris", "FAILED")
        assert target["error"]["code"] == "cancelled"
        assert (await stack.settled(await stack.reconcile(answer["deployment"]["id"])))["state"] == "SUCCEEDED"


async def test_a_cancellation_after_helms_last_write_comes_too_late(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        await stack.fleet({"paris": proxy.kubeconfig})

        def is_look(request: Request) -> bool:
            return request.headers["User-Agent"] == "polyhelm" and proxy.count("PUT", RECORD) > 0

        look = proxy.fault(Delay(60), method="GET", path="/namespaces/default/secrets", where=is_look)
        answer = await stack.create(releaseName="shop")
        await look.hit()
        await cancel(stack, answer)
        look.lift()
        operation = await stack.settled(answer)
        assert (operation["state"], records(paris)) == ("SUCCEEDED", [(1, "deployed")])
        target = await stack.until_status(answer["deployment"]["id"], "paris", "DEPLOYED")
        assert target["error"] is None


async def test_every_worker_ends_its_part_of_a_cancelled_operation(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
        await stack.upload(with_hook("pre-install"))
        paris.faults.stuck = berlin.faults.stuck = True
        one_at_a_time = environment(stack, worker_concurrency=1)
        workers = [polyhelm("worker", environment=one_at_a_time) for _ in range(2)]
        try:
            answer = await stack.create(releaseName="shop", chart="charts/pre-install", timeoutSeconds=LONG)
            await asyncio.gather(until_hook(paris), until_hook(berlin))
            await cancel(stack, answer)
            operation = await stack.settled(answer)
        finally:
            for worker in workers:
                worker.kill()
                await worker.wait()
        assert operation["state"] == "CANCELLED"
        assert {result["clusterName"]: result["state"] for result in operation["results"]} == {
            "paris": "CANCELLED",
            "berlin": "CANCELLED",
        }
        assert records(paris) == records(berlin) == [(1, "failed")]
