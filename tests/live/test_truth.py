"""What changed on a member while nobody could see it is told afterwards, whatever was seen before."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.live import hands
from tests.live.client import socket
from tests.live.serving import Served
from tests.live.test_trouble import line_to, through, watched
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def revision(stack: Stack, deployment_id: str) -> tuple[str, int | None]:
    """The status of the release on its one cluster, and the revision that it is of."""
    [target] = (await stack.targets(deployment_id)).values()
    return target["status"], target["revision"]


async def becomes(stack: Stack, deployment_id: str, *wanted: Any) -> None:
    async def is_it() -> bool:
        return await revision(stack, deployment_id) == wanted

    await eventually(is_it)


async def test_a_revision_that_is_lost_while_no_observer_runs_is_known_once_one_does(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False, unreachable_after=30) as stack, running(run_worker(stack.services)):
        await stack.fleet({"paris": paris.kubeconfig})
        deployment_id = await stack.deployed(releaseName="shop", values={"a": 1})
        async with running(run_observer(stack.services)):
            assert hands.upgrade(paris, "shop", {"a": 1}) == 2
            await becomes(stack, deployment_id, "DEPLOYED", 2)
        hands.lose_newest(paris, "shop")
        async with running(run_observer(stack.services)):
            await becomes(stack, deployment_id, "SUPERSEDED", 1)


async def test_a_revision_made_behind_a_cut_network_is_known_once_the_network_is_back(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with line_to(paris) as line, watched(stack, served, paris=through(line, paris)) as targets:
        hands.upgrade(paris, "shop", {"a": 1})
        await targets.until(status="STALE", revision=2)
        line.freeze()
        hands.lose_newest(paris, "shop")
        await targets.until(status="UNKNOWN")
        await line.heal()
        await targets.until(status="SUPERSEDED", revision=1)


@pytest.mark.parametrize("labels", [{"status": "failed"}, {"version": "99"}, {"version": "0"}, {"status": ""}])
async def test_labels_that_were_edited_do_not_outweigh_the_record(
    new_stack: NewStack, simulated: Callable[[str], Member], labels: dict[str, str]
) -> None:
    paris = simulated("paris")
    async with new_stack(unreachable_after=30) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        deployment_id = await stack.deployed(releaseName="shop", values={"a": 1})
        hands.upgrade(paris, "shop", {"a": 1})
        await becomes(stack, deployment_id, "DEPLOYED", 2)
        hands.label(paris, "shop", **labels)
        hands.upgrade(paris, "shop", {"a": 2})
        await becomes(stack, deployment_id, "STALE", 3)
        hands.label(paris, "shop", **labels)
        hands.lose_newest(paris, "shop")
        await becomes(stack, deployment_id, "SUPERSEDED", 2)


async def test_a_release_with_an_edited_name_is_reported_as_helm_finds_it(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(unreachable_after=30) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        deployment_id = await stack.deployed(releaseName="shop", values={"a": 1})
        hands.label(paris, "shop", name="other")
        await becomes(stack, deployment_id, "NOT_INSTALLED", None)


async def test_subscribers_see_a_generation_that_changes_nothing_on_a_target(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig, "lima": simulated("lima").kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop", values={"a": 1})
    async with served(stack) as url, socket(url) as opened:
        targets = await opened.subscribe("subscription { targets { clusterName generation revision } }")
        for _ in range(2):
            assert (await targets.next())["generation"] == 1
        change = {"valueOverrides": [{"cluster": "lima", "values": {"a": 2}}]}
        await stack.settled(await stack.update(deployment_id, **change))
        assert await targets.until(clusterName="paris", generation=2) == {
            "clusterName": "paris",
            "generation": 2,
            "revision": 1,
        }


async def test_a_success_of_the_worker_says_nothing_of_other_targets_on_the_cluster(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False, unreachable_after=1) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        async with running(run_worker(stack.services)):
            deployment_id = await stack.deployed(releaseName="shop")
            async with running(run_observer(stack.services)):
                await becomes(stack, deployment_id, "DEPLOYED", 1)
                paris.faults.down = True
                await stack.until_status(deployment_id, "paris", "UNKNOWN")
            paris.faults.down = False
            hands.uninstall(paris, "shop")
            await stack.deployed(releaseName="other")
            assert await revision(stack, deployment_id) == ("UNKNOWN", 1)
            async with running(run_observer(stack.services)):
                await becomes(stack, deployment_id, "NOT_INSTALLED", None)
