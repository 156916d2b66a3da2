"""What waits on a cluster says for whom; what only waits there takes no slot."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from simulator import Member
from tests.operations.charts import with_hook
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
ACTIVITY = "activity { phase message since until hook { kind name namespace events } waitsFor { releaseName } }"
LONG = 600


async def activity(stack: Stack, deployment_id: str) -> Any:
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ targets {{ {ACTIVITY} }} }} }} }}"
    (target,) = (await stack.data(query, id=deployment_id))["node"]["targets"]
    return target["activity"]


async def until_phase(stack: Stack, deployment_id: str, phase: str) -> Any:
    async def reached() -> Any:
        found = await activity(stack, deployment_id)
        return found if found and found["phase"] == phase else None

    return await eventually(reached)


async def hanging(stack: Stack, number: int) -> Any:
    return await stack.create(releaseName=f"hang-{number}", chart="charts/pre-install", timeoutSeconds=LONG)


async def test_a_release_that_waits_for_a_slot_says_who_holds_it_and_one_that_runs_takes_it_over(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(cluster_concurrency=1, cluster_waiting=0) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.upload(with_hook("pre-install"))
        paris.faults.stuck = True
        await hanging(stack, 1)

        async def runs() -> bool:
            return bool(paris.objects("jobs", "batch"))

        await eventually(runs)
        answer = await stack.create(releaseName="shop")
        found = await until_phase(stack, answer["deployment"]["id"], "WAITING_FOR_SLOT")
        assert found["waitsFor"] == [{"releaseName": "hang-1"}]
        assert found["message"] == "Waiting for a slot on the cluster, held by hang-1."
        query = "query ($id: ID!) { operation(id: $id) { results { outcome summary activity { phase } } } }"
        assert (await stack.data(query, id=answer["operation"]["id"]))["operation"]["results"] == [
            {
                "outcome": "WAITING_FOR_SLOT",
                "summary": "waiting for slot",
                "activity": {"phase": "WAITING_FOR_SLOT"},
            }
        ]
        paris.faults.stuck = False
        assert (await stack.settled(answer))["state"] == "SUCCEEDED"
        (result,) = (await stack.data(query, id=answer["operation"]["id"]))["operation"]["results"]
        assert result == {"outcome": "INSTALLED", "summary": "installed", "activity": None}
        assert await activity(stack, answer["deployment"]["id"]) is None
        answer = await stack.reconcile(answer["deployment"]["id"])
        await stack.settled(answer)
        (result,) = (await stack.data(query, id=answer["operation"]["id"]))["operation"]["results"]
        assert (result["outcome"], result["summary"]) == ("UNCHANGED", "unchanged")
