"""Releases that were left behind are ours again when their cluster and deployment are back."""

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from reconcilers.housekeeping import Housekeeping
from simulator import Member
from tests.live import hands
from tests.sample_charts import packaged
from tests.stack import Stack


async def id_of(stack: Stack, cluster: str) -> str:
    query = "query ($name: String!) { cluster(name: $name) { id } }"
    return str((await stack.data(query, name=cluster))["cluster"]["id"])


async def forget(stack: Stack, cluster: str) -> Any:
    fields = "... on RemoveClusterPayload { abandoned { clusterName releaseName } }"
    return await stack.mutate("removeCluster", fields, id=await id_of(stack, cluster), force=True)


async def counted(stack: Stack) -> float | None:
    """What the metric says once it is brought up to date."""
    await Housekeeping(stack.services).count_abandoned()
    return REGISTRY.get_sample_value("polyhelm_abandoned_releases")


async def register_again(stack: Stack, group_id: str, name: str, member: Member) -> None:
    assert (await stack.register(name, member.kubeconfig))["cluster"]["name"] == name
    fields = "... on ClusterGroupPayload { clusterGroup { name } }"
    answer = await stack.mutate("updateClusterGroup", fields, id=group_id, members=["berlin", name])
    assert answer == {"clusterGroup": {"name": "fleet"}}


async def test_a_cluster_that_is_registered_again_under_another_name_has_its_release_at_the_same_revision(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    group_id = await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    shop = await stack.deployed(releaseName="shop", values={"color": "red"})
    assert await forget(stack, "paris") == {"abandoned": [{"clusterName": "paris", "releaseName": "shop"}]}
    assert await counted(stack) == 1
    await register_again(stack, group_id, "lutetia", paris)
    writes = paris.writes
    plan = await stack.update(shop, targets=["berlin", "lutetia"], dryRun=True)
    assert {(each["clusterName"], each["action"], each["error"]) for each in plan["plan"]["targets"]} == {
        *(("berlin", "NONE", None), ("lutetia", "NONE", None))
    }
    operation = await stack.settled(await stack.update(shop, targets=["berlin", "lutetia"]))
    assert {(each["clusterName"], each["action"], each["state"]) for each in operation["results"]} == {
        *(("berlin", "NONE", "SUCCEEDED"), ("lutetia", "NONE", "SUCCEEDED"))
    }
    target = (await stack.targets(shop))["lutetia"]
    assert (target["status"], target["revision"]) == ("DEPLOYED", 1)
    assert paris.writes == writes
    assert await counted(stack) == 0
    await stack.settled(await stack.delete(shop))
    assert hands.revisions(paris, "shop") == []


async def test_a_deployment_that_was_deleted_by_force_and_is_made_again_has_its_release_back(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    shop = await stack.deployed(releaseName="shop", values={"color": "red"})
    paris.faults.down = True
    answer = await stack.delete(shop, force=True)
    assert [left["releaseName"] for left in answer["abandoned"]] == ["shop"]
    await stack.settled(answer)
    paris.faults.down = False
    shop = await stack.deployed(releaseName="shop", values={"color": "red"})
    assert (await stack.targets(shop))["paris"]["revision"] == 1
    operation = await stack.settled(await stack.update(shop, values={"color": "blue"}))
    assert operation["state"] == "SUCCEEDED"
    assert hands.revisions(paris, "shop") == [1, 2]


@pytest.mark.parametrize("what", ["another chart", "a release that somebody installed since"])
async def test_a_release_that_belongs_to_somebody_else_is_not_claimed(
    stack: Stack, simulated: Callable[[str], Member], what: str
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    shop = await stack.deployed(releaseName="shop")
    await stack.settled(await stack.update(shop, values={"color": "red"}))
    paris.faults.down = True
    await stack.settled(await stack.delete(shop, force=True))
    paris.faults.down = False
    chart = "charts/web"
    if what == "another chart":
        chart = "charts/other"
        await stack.upload(packaged("other"))
    else:
        hands.lose_newest(paris, "shop")
    answer = await stack.create(releaseName="shop", chart=chart)
    assert (answer["__typename"], answer["code"]) == ("Conflict", "release_name_taken")
    assert "a release that Polyhelm does not manage" in answer["message"]
