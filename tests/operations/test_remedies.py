"""Failed installs and upgrades are repeated and remedied, on simulated members with a worker and an observer."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from app.program.processes import running
from app.tables.identity import Role
from reconcilers.worker import run_worker
from simulator import Member
from tests.identity.callers import token_of
from tests.operations.charts import with_failing_hook
from tests.reconcilers.crashing_worker import FAILURE_STEPS
from tests.reconcilers.test_crashes import crash, revisions
from tests.stack import TOKEN, Stack, eventually
from tests.windows.samples import FREEZE, frozen_now

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
BAD = {"phase": "Failed"}
HELD = """query ($id: ID!) { node(id: $id) { ... on Deployment { targets {
  clusterName status health generation allowedGeneration error { code } hold { generation remedy code } } } } }"""
OPERATIONS = "query ($id: ID!) { node(id: $id) { ... on Deployment { operations { nodes { kind state } } } } }"


def remediation(remedy: str = "ROLLBACK", retries: int = 0) -> dict[str, Any]:
    return {"remedy": remedy, "retries": retries}


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: NewStack) -> AsyncIterator[Stack]:
    async with new_stack(helm_retries=0, retry_base=0.01, member_timeout=60) as opened:
        yield opened


@pytest.fixture
def paris(simulated: Callable[[str], Member]) -> Member:
    return simulated("paris")


async def create(stack: Stack, paris: Member, **given: Any) -> Any:
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(with_failing_hook())
    return await stack.create(**{"releaseName": "shop", "chart": "charts/failing"} | given)


async def healthy(stack: Stack, paris: Member, **given: Any) -> str:
    """A deployment whose target is healthy."""
    answer = await create(stack, paris, **given)
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    deployment_id: str = answer["deployment"]["id"]

    async def is_healthy() -> bool:
        return bool((await target(stack, deployment_id))["health"] == "HEALTHY")

    await eventually(is_healthy)
    return deployment_id


async def target(stack: Stack, deployment_id: str, cluster: str = "paris") -> Any:
    targets = (await stack.data(HELD, id=deployment_id))["node"]["targets"]
    return next(each for each in targets if each["clusterName"] == cluster)


async def operations(stack: Stack, deployment_id: str) -> list[tuple[str, str]]:
    """The kinds and states of the operations, the oldest first."""
    nodes = (await stack.data(OPERATIONS, id=deployment_id))["node"]["operations"]["nodes"]
    return [(each["kind"], each["state"]) for each in reversed(nodes)]


async def remedied(stack: Stack, deployment_id: str) -> Any:
    """The target, once its remedy has ended."""

    async def has_ended() -> bool:
        kind, state = (await operations(stack, deployment_id))[-1]
        return kind == "REMEDIATION" and state not in ("PENDING", "RUNNING")

    await eventually(has_ended)
    assert (await operations(stack, deployment_id))[-1] == ("REMEDIATION", "SUCCEEDED")
    return await target(stack, deployment_id)


def has(found: Any) -> tuple[int | None, int | None]:
    """The generation that a target may have, and the one that it has."""
    return found["allowedGeneration"], found["generation"]


async def lift(stack: Stack, deployment_id: str, generation: int, token: str = TOKEN) -> Any:
    fields = "... on LiftHoldPayload { deployment { id } }"
    given = {"deployment": deployment_id, "generation": generation, "cluster": "paris"}
    return await stack.mutate("liftHold", fields, token, **given)


async def test_a_failed_upgrade_returns_to_the_last_verified_generation_until_a_user_lifts_the_hold(
    stack: Stack, paris: Member
) -> None:
    before = REGISTRY.get_sample_value("polyhelm_remedies_total", {"remedy": "ROLLBACK"}) or 0
    shop = await healthy(stack, paris, remediation=remediation())
    assert (await stack.settled(await stack.update(shop, values=BAD)))["state"] == "FAILED"
    found = await remedied(stack, shop)
    assert (has(found), found["status"], found["error"]) == ((1, 1), "DEPLOYED", None)
    assert found["hold"] == {"generation": 2, "remedy": "ROLLBACK", "code": "helm_failed"}
    assert revisions(paris, "shop") == [(1, "superseded"), (2, "failed"), (3, "deployed")]
    assert REGISTRY.get_sample_value("polyhelm_remedies_total", {"remedy": "ROLLBACK"}) == before + 1

    assert (await stack.settled(await stack.reconcile(shop)))["state"] == "SUCCEEDED"
    assert len(revisions(paris, "shop")) == 3
    assert (await lift(stack, shop, 1))["code"] == "hold_not_found"
    assert (await lift(stack, shop, 2, await token_of(stack, Role.VIEWER)))["code"] == "forbidden"

    assert "deployment" in await lift(stack, shop, 2)

    async def has_failed_again() -> bool:
        return len(revisions(paris, "shop")) == 5

    await eventually(has_failed_again)
    assert (await remedied(stack, shop))["hold"]["generation"] == 2
    kinds = ["CREATE", "UPDATE", "REMEDIATION", "RECONCILE", "RECONCILE", "REMEDIATION"]
    assert [kind for kind, _ in await operations(stack, shop)] == kinds

    assert (await stack.settled(await stack.update(shop, values={})))["state"] == "SUCCEEDED"
    found = await target(stack, shop)
    assert (has(found), found["hold"]) == ((3, 3), None)


async def test_a_failed_first_install_is_uninstalled_and_installed_again_by_a_newer_generation(
    stack: Stack, paris: Member
) -> None:
    answer = await create(stack, paris, values=BAD, remediation=remediation())
    assert (await stack.settled(answer))["state"] == "FAILED"
    shop = answer["deployment"]["id"]
    found = await remedied(stack, shop)
    assert (has(found), found["status"], found["error"]) == ((None, None), "NOT_INSTALLED", None)
    assert found["hold"] == {"generation": 1, "remedy": "UNINSTALL", "code": "helm_failed"}
    assert revisions(paris, "shop") == []
    assert (await stack.settled(await stack.reconcile(shop)))["state"] == "SUCCEEDED"
    assert revisions(paris, "shop") == []
    assert (await stack.settled(await stack.update(shop, values={})))["state"] == "SUCCEEDED"
    assert revisions(paris, "shop") == [(1, "deployed")]
    assert (await target(stack, shop))["hold"] is None


async def test_an_upgrade_that_fails_is_repeated_as_often_as_the_deployment_asks_and_then_uninstalled(
    stack: Stack, paris: Member
) -> None:
    shop = await healthy(stack, paris, remediation=remediation("UNINSTALL", retries=2))
    operation = await stack.settled(await stack.update(shop, values=BAD))
    (result,) = operation["results"]
    assert (operation["state"], result["error"]["attempts"]) == ("FAILED", 3)
    found = await remedied(stack, shop)
    assert (has(found), found["hold"]["remedy"]) == ((None, None), "UNINSTALL")
    assert revisions(paris, "shop") == []


async def test_without_a_remedy_or_a_verified_generation_a_failed_target_stays_as_it_is(
    stack: Stack, paris: Member
) -> None:
    shop = await healthy(stack, paris)
    assert (await stack.settled(await stack.update(shop, values=BAD)))["state"] == "FAILED"
    answer = await stack.update(shop, values={**BAD, "more": 1}, remediation=remediation())
    assert (await stack.settled(answer))["state"] == "FAILED"
    found = await target(stack, shop)
    assert (has(found), found["error"]["code"], found["hold"]) == ((3, 1), "helm_failed", None)
    assert [kind for kind, _ in await operations(stack, shop)] == ["CREATE", "UPDATE", "UPDATE"]


async def test_a_remedy_that_fails_has_no_remedy(stack: Stack, paris: Member) -> None:
    shop = await healthy(stack, paris, remediation=remediation())
    paris.faults.stuck = True
    answer = await stack.update(shop, values={"replicas": 2}, timeoutSeconds=1)
    assert (await stack.settled(answer))["state"] == "FAILED"

    async def have_ended() -> bool:
        return all(state not in ("PENDING", "RUNNING") for _, state in await operations(stack, shop))

    await eventually(have_ended)
    expected = [("CREATE", "SUCCEEDED"), ("UPDATE", "FAILED"), ("REMEDIATION", "FAILED")]
    assert await operations(stack, shop) == expected
    found = await target(stack, shop)
    assert (has(found), found["error"]["code"]) == ((1, 1), "helm_timed_out")
    assert found["hold"] == {"generation": 2, "remedy": "ROLLBACK", "code": "helm_timed_out"}


async def test_a_generation_that_only_changes_targets_keeps_the_hold(
    stack: Stack, paris: Member, simulated: Callable[[str], Member]
) -> None:
    berlin = simulated("berlin")
    shop = await healthy(stack, paris, remediation=remediation())
    assert (await stack.settled(await stack.update(shop, values=BAD)))["state"] == "FAILED"
    await remedied(stack, shop)
    await stack.register("berlin", berlin.kubeconfig)
    [group] = (await stack.data("{ clusterGroups { nodes { id } } }"))["clusterGroups"]["nodes"]
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    await stack.mutate("updateClusterGroup", fields, id=group["id"], members=["paris", "berlin"])
    added = await stack.settled(await stack.update(shop, values=BAD, targets=["paris", "berlin"]))
    assert [result["clusterName"] for result in added["results"]] == ["berlin"]
    found = await target(stack, shop)
    assert (has(found), found["hold"]["generation"]) == ((1, 1), 3)
    assert len(revisions(paris, "shop")) == 3


@pytest.mark.parametrize("step", list(FAILURE_STEPS))
async def test_a_worker_killed_between_a_failure_and_its_remedy_loses_neither(
    new_stack: NewStack, paris: Member, step: str
) -> None:
    async with new_stack(working=False, helm_retries=0, retry_base=0.01) as stack:
        answer = await create(stack, paris, values=BAD, remediation=remediation())
        await crash(stack, step)
        shop = answer["deployment"]["id"]
        if step == "failure and remedy written":  # then the remedy waits for the member, and for no window
            assert [kind for kind, _ in await operations(stack, shop)] == ["CREATE", "REMEDIATION"]
            await stack.mutate("setChangeWindow", "__typename", **FREEZE | frozen_now())
            paris.faults.down = True
        async with running(run_worker(stack.services)):
            assert (await stack.settled(answer))["state"] == "FAILED"
            if paris.faults.down:

                async def is_delayed() -> bool:
                    return bool((await target(stack, shop))["error"]["code"] == "cluster_unreachable")

                await eventually(is_delayed)
                paris.faults.down = False
            found = await remedied(stack, shop)
        assert (has(found), found["hold"]["generation"]) == ((None, None), 1)
        assert revisions(paris, "shop") == []
