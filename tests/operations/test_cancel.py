"""An operation that is cancelled ends, whatever it is in, and leaves the release in a state that is told truly."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import text

from app.program.processes import running
from reconcilers.worker import run_worker
from simulator import Member
from tests.forks import polyhelm
from tests.live import hands
from tests.live.processes import environment
from tests.operations.charts import with_hook, with_workload
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
LONG = 600
"""A timeout that no test waits for."""


async def cancel(stack: Stack, answer: Any) -> Any:
    fields = "... on OperationPayload { operation { id state cancelledBy } }"
    return await stack.mutate("cancelOperation", fields, id=answer["operation"]["id"])


def records(member: Member, name: str = "shop") -> list[tuple[int, str]]:
    labels = [secret["metadata"]["labels"] for secret in member.objects("secrets")]
    return sorted((int(found["version"]), found["status"]) for found in labels if found.get("name") == name)


async def until_hook(member: Member) -> None:
    async def runs() -> bool:
        return bool(member.objects("jobs", "batch"))

    await eventually(runs)


async def hanging_install(stack: Stack, member: Member) -> Any:
    await stack.fleet({"paris": member.kubeconfig})
    await stack.upload(with_hook("pre-install"))
    member.faults.stuck = True
    answer = await stack.create(releaseName="shop", chart="charts/pre-install", timeoutSeconds=LONG)
    await until_hook(member)
    return answer


async def test_a_helm_that_hangs_in_a_hook_is_ended_and_its_record_says_failed(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    answer = await hanging_install(stack, paris)
    assert (await cancel(stack, answer))["operation"]["cancelledBy"] == "admin"
    operation = await stack.settled(answer)
    assert operation["state"] == "CANCELLED"
    (result,) = operation["results"]
    assert (result["action"], result["state"], result["error"]["code"]) == ("INSTALL", "CANCELLED", "cancelled")
    assert result["error"]["message"].startswith("Cancelled by admin. ")
    assert records(paris) == [(1, "failed")]
    target = await stack.until_status(answer["deployment"]["id"], "paris", "FAILED")
    assert target["error"]["code"] == "cancelled"

    again = await cancel(stack, answer)
    assert (again["__typename"], again["code"]) == ("Conflict", "operation_ended")
    paris.faults.stuck = False
    assert (await stack.settled(await stack.reconcile(answer["deployment"]["id"])))["state"] == "SUCCEEDED"
    assert (await stack.targets(answer["deployment"]["id"]))["paris"]["status"] == "DEPLOYED"


async def test_results_that_have_not_begun_are_cancelled_at_once(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    answer = await quiet.create(releaseName="shop")
    assert (await cancel(quiet, answer))["operation"]["state"] == "CANCELLED"
    async with running(run_worker(quiet.services)):
        await asyncio.sleep(3 * quiet.services.settings.sweep_every)
        target = (await quiet.targets(answer["deployment"]["id"]))["paris"]
        assert (target["revision"], target["error"]["message"]) == (None, "Cancelled by admin. It had not started.")
        assert (await quiet.settled(await quiet.reconcile(answer["deployment"]["id"])))["state"] == "SUCCEEDED"


async def test_an_update_that_hangs_is_cancelled_and_the_deployed_release_is_stale_or_failed(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(with_workload())
    deployment_id = await stack.deployed(releaseName="shop", chart="charts/waiting", wait=True, timeoutSeconds=LONG)
    paris.faults.stuck = True
    answer = await stack.update(deployment_id, values={"replicas": 2})

    async def upgrades() -> bool:
        return (2, "pending-upgrade") in records(paris)

    await eventually(upgrades)
    await cancel(stack, answer)
    assert (await stack.settled(answer))["state"] == "CANCELLED"
    assert records(paris)[1] == (2, "failed")
    assert (await stack.targets(deployment_id))["paris"]["status"] == "FAILED"


async def test_a_delete_and_an_update_end_a_helm_that_hangs_before_them(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    first = await hanging_install(stack, paris)
    deployment_id = first["deployment"]["id"]
    second = await stack.update(deployment_id, values={"replicas": 2})

    async def replaced() -> bool:
        return [status for _, status in records(paris)] in (["failed"], ["failed", "pending-upgrade"])

    await eventually(replaced)
    third = await stack.delete(deployment_id)
    assert (await stack.settled(third))["state"] == "SUCCEEDED"
    assert records(paris) == []
    for answer in (first, second):
        operation = await stack.settled(answer)
        assert operation["state"] == "SUPERSEDED"
    assert (await stack.settled(first))["results"][0]["error"]["code"] == "superseded"


async def test_an_update_of_another_cluster_does_not_end_what_runs_here(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    await stack.upload(with_hook("pre-install"))
    paris.faults.stuck = True
    answer = await stack.create(releaseName="shop", chart="charts/pre-install", timeoutSeconds=LONG)
    await until_hook(paris)
    override = [{"cluster": "berlin", "values": {"replicas": 2}}]
    second = await stack.update(answer["deployment"]["id"], valueOverrides=override)
    await stack.until_status(answer["deployment"]["id"], "berlin", "DEPLOYED")
    paris.faults.stuck = False
    assert (await stack.settled(second))["state"] == "SUCCEEDED"
    assert records(paris) == [(1, "deployed")]


async def test_a_worker_that_is_killed_while_it_cancels_leaves_that_to_the_next(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False, lease_seconds=1.0) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.upload(with_hook("pre-install"))
        paris.faults.stuck = True
        worker = polyhelm("worker", environment=environment(stack, lease_seconds=1.0))
        answer = await stack.create(releaseName="shop", chart="charts/pre-install", timeoutSeconds=3)
        await until_hook(paris)
        worker.send_signal(signal.SIGSTOP)  # so that it is killed with the cancellation before it
        assert (await cancel(stack, answer))["operation"]["state"] == "RUNNING"
        worker.kill()
        await worker.wait()
        async with running(run_worker(stack.services)):
            operation = await stack.settled(answer)
        assert operation["state"] == "CANCELLED"
        assert not any(status.startswith("pending") for _, status in records(paris))


async def test_a_target_that_waits_for_a_retry_is_cancelled_at_once(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(retry_base=1000, retry_cap=1000) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        deployment_id = await stack.deployed(releaseName="shop")
        paris.faults.down = True
        answer = await stack.update(deployment_id, values={"replicas": 2})

        async def waits() -> Any:
            return (await stack.targets(deployment_id))["paris"]["error"]

        await eventually(waits)
        await cancel(stack, answer)
        assert (await stack.settled(answer))["state"] == "CANCELLED"


async def test_a_cancellation_whose_notification_is_lost_is_found_when_the_lease_is_renewed(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(lease_seconds=1.5) as stack:
        answer = await hanging_install(stack, paris)
        async with stack.services.transaction() as transaction:
            await transaction.session.execute(text("UPDATE operation SET cancelled_at = now(), cancelled_by = 'ann'"))
        assert (await stack.settled(answer))["state"] == "CANCELLED"


async def test_drift_whose_correction_a_person_cancelled_is_corrected_only_after_something_has_changed(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(with_hook("pre-upgrade"))
    given = {"chart": "charts/pre-upgrade", "timeoutSeconds": LONG, "driftPolicy": "CORRECT"}
    deployment_id = await stack.deployed(releaseName="shop", **given)
    paris.faults.stuck = True
    hands.upgrade(paris, "shop", {"replicas": 9})
    await until_hook(paris)
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { operations(first: 9) { nodes { id kind } } } } }"
    newest = (await stack.data(query, id=deployment_id))["node"]["operations"]["nodes"][0]
    assert newest["kind"] == "RECONCILE"
    await cancel(stack, {"operation": newest})
    assert (await stack.settled({"operation": newest}))["state"] == "CANCELLED"
    assert records(paris)[2:] == [(3, "failed")]
    paris.faults.stuck = False
    await asyncio.sleep(4 * stack.services.settings.sweep_every)
    assert records(paris)[2:] == [(3, "failed")]

    async with stack.services.transaction() as transaction:  # else, a second correction would wait for half a minute
        await transaction.session.execute(text("UPDATE target SET corrected_at = NULL"))
    hands.upgrade(paris, "shop", {"replicas": 8})

    async def corrected() -> bool:
        return (5, "deployed") in records(paris)

    await eventually(corrected)
