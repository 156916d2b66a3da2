"""Stored plans on real control planes: applied as they were shown, and refused with the name of what changed."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from tests.kubernetes.member import Member
from tests.plans.planned import applied, changes, made
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, outcomes

pytestmark = pytest.mark.xdist_group("kubernetes")


async def test_a_plan_is_applied_exactly_and_refused_after_changes_by_hand_of_values_and_of_members(
    fleet: Fleet,
) -> None:
    stack, paris = fleet.stack, fleet.hands["paris"]
    place = {"group": "fleet", "chart": "charts/web", "namespace": fleet.namespace, "releaseName": fleet.release}
    plan = await made(stack, create=place | {"values": {"name": "shop"}})
    assert plan["counts"] == [{"action": "INSTALL", "count": 3}]
    manifests = {target["clusterName"]: target["manifest"] for target in plan["targets"]["nodes"]}
    answer = await applied(stack, plan)
    deployment_id = answer["deployment"]["id"]
    assert outcomes(await stack.settled(answer)) == dict.fromkeys(fleet.hands, ("INSTALL", "SUCCEEDED"))
    for name, hand in fleet.hands.items():
        assert await hand.values(fleet.release) == {"name": "shop"}
        assert (await hand("get", "manifest", fleet.release)).strip() in manifests[name].strip()

    async def planned(values: dict[str, Any]) -> Any:
        return await made(stack, update={"id": deployment_id, "values": values})

    # Someone runs `helm upgrade` on one of the clusters. The plan is refused at once, whatever the observer has seen.
    plan = await planned({"name": "new"})
    assert {target["revision"] for target in plan["targets"]["nodes"]} == {1}
    await paris("upgrade", fleet.release, paris.chart(), "--set", "name=mine")
    by_hand = "The release on paris is at revision 2; the plan was made against 1."
    assert changes(await applied(stack, plan)) == [("RELEASE", "paris", by_hand)]
    assert await paris.values(fleet.release) == {"name": "mine"}

    # A new plan shows the values of the hand as those that are installed.
    plan = await planned({"name": "new"})
    diffs = {target["clusterName"]: target["valuesDiff"] for target in plan["targets"]["nodes"]}
    assert "-name: mine\n+name: new" in diffs["paris"]
    assert "-name: shop\n+name: new" in diffs["berlin"]
    answer = await applied(stack, plan)
    assert outcomes(await stack.settled(answer)) == dict.fromkeys(fleet.hands, ("UPGRADE", "SUCCEEDED"))
    assert await paris.values(fleet.release) == {"name": "new"}
    assert [revision[0] for revision in await paris.history(fleet.release)] == [1, 2, 3]

    # A value changes, and then a member leaves.
    plan = await planned({"name": "newer"})
    await stack.settled(await stack.update(deployment_id, values={"name": "other"}))
    found = changes(await applied(stack, plan))
    assert found == [("GENERATION", None, "The deployment is at generation 3; the plan was made at 2.")]
    plan = await planned({"name": "newer"})
    staying = [name for name in fleet.hands if name != "tokyo"]
    left = await stack.mutate("updateClusterGroup", "__typename", id=fleet.group_id, members=staying)
    assert left["__typename"] == "ClusterGroupPayload", left
    found = changes(await applied(stack, plan))
    assert found == [("GENERATION", None, "The deployment is at generation 4; the plan was made at 3.")]
    assert await paris.values(fleet.release) == {"name": "other"}


async def test_a_change_by_hand_between_the_apply_and_the_helm_run_is_not_overwritten(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], working=False) as fleet:
        stack, paris, services = fleet.stack, fleet.hands["paris"], fleet.stack.services
        async with running(run_worker(services), run_observer(services)):
            deployment_id = await fleet.deployed(values={"name": "shop"})
        plan = await made(stack, update={"id": deployment_id, "values": {"name": "new"}})
        answer = await applied(stack, plan)
        await paris("upgrade", fleet.release, paris.chart(), "--set", "name=mine")
        async with running(run_worker(services), run_observer(services)):
            (result,) = (await stack.settled(answer))["results"]
            assert (result["state"], result["error"]["code"]) == ("FAILED", "release_not_as_planned")
            assert await paris.values(fleet.release) == {"name": "mine"}
            # A reconcile without a plan brings it to the desired state.
            assert outcomes(await fleet.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}
        assert await paris.values(fleet.release) == {"name": "new"}
