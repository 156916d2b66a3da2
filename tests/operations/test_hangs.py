"""A hang hangs alone: what only waits holds neither the validation of a chart, nor a slot of its cluster, nor one of
the Helm processes of its worker."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from simulator import Member
from tests.operations.charts import with_hook, with_workload
from tests.operations.test_cancel import cancel, hanging_install, records
from tests.operations.test_slots import LONG, hanging, until_phase
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def test_clusters_that_hang_are_waited_for_concurrently_and_a_healthy_one_is_not_delayed(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin, rome = simulated("paris"), simulated("berlin"), simulated("rome")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig, "rome": rome.kubeconfig})
    await stack.upload(with_workload())
    paris.faults.stuck = berlin.faults.stuck = True
    answer = await stack.create(releaseName="shop", chart="charts/waiting", wait=True, timeoutSeconds=LONG)
    await stack.until_status(answer["deployment"]["id"], "rome", "DEPLOYED")

    async def both_hang() -> bool:
        return records(paris) == records(berlin) == [(1, "pending-install")]

    await eventually(both_hang)
    await cancel(stack, answer)
    assert (await stack.settled(answer))["state"] == "CANCELLED"


async def test_hooks_that_hang_leave_the_slots_of_their_cluster_and_of_their_worker_to_others(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(cluster_concurrency=2, helm_concurrency=2) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.upload(with_hook("pre-install"))
        paris.faults.stuck = True
        for number in range(4):
            await hanging(stack, number)
        deployment_id = await stack.deployed(releaseName="shop")
        assert (await stack.targets(deployment_id))["paris"]["status"] == "DEPLOYED"


async def test_no_more_than_the_limit_wait_on_a_cluster_beside_its_slots(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(cluster_concurrency=1, cluster_waiting=1) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.upload(with_hook("pre-install"))
        paris.faults.stuck = True
        waiting = await hanging(stack, 1)
        await until_phase(stack, waiting["deployment"]["id"], "HOOK")
        holding = await hanging(stack, 2)
        await until_phase(stack, holding["deployment"]["id"], "HOOK")
        third = await stack.create(releaseName="shop")
        found = await until_phase(stack, third["deployment"]["id"], "WAITING_FOR_SLOT")
        assert found["waitsFor"] == [{"releaseName": "hang-2"}]
        await cancel(stack, holding)
        assert (await stack.settled(third))["state"] == "SUCCEEDED"


async def test_a_target_reports_the_running_hook_and_its_deadline_as_an_event(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    answer = await hanging_install(stack, simulated("paris"))
    found = await until_phase(stack, answer["deployment"]["id"], "HOOK")
    assert found["hook"] == {
        "kind": "Job",
        "name": "shop-pre-install",
        "namespace": "default",
        "events": ["pre-install"],
    }
    assert found["message"].startswith("Running the pre-install hook Job shop-pre-install since ")
    assert found["since"] < found["until"]
    events = (await stack.data('{ events(kinds: ["target.activity"]) { nodes { message } } }'))["events"]["nodes"]
    assert [event["message"] for event in events] == [f"shop on paris: {found['message']}"]


async def test_a_delete_ends_the_hook_that_hangs_and_says_which_it_was(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    answer = await hanging_install(stack, paris)
    await until_phase(stack, answer["deployment"]["id"], "HOOK")
    assert (await stack.settled(await stack.delete(answer["deployment"]["id"])))["state"] == "SUCCEEDED"
    (result,) = (await stack.settled(answer))["results"]
    assert (result["state"], result["error"]["code"]) == ("SUPERSEDED", "superseded")
    assert "The pre-install hook Job shop-pre-install had been running for " in result["error"]["message"]
    assert records(paris) == []


async def test_a_cancelled_result_says_which_hook_was_ended(stack: Stack, simulated: Callable[[str], Member]) -> None:
    answer = await hanging_install(stack, simulated("paris"))
    await until_phase(stack, answer["deployment"]["id"], "HOOK")
    await cancel(stack, answer)
    (result,) = (await stack.settled(answer))["results"]
    words: Any = result["error"]["message"]
    assert words.startswith(
        "Cancelled by admin. Installation was stopped. The pre-install hook Job shop-pre-install had been"
    )
