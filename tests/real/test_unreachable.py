"""Members that are stopped or hang: what is known of them is kept, the others go on, and all converges by itself."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, outcomes
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")


async def until_others_ended(fleet: Fleet, answer: Any, waiting: str) -> dict[str, Any]:
    """The results of an operation by cluster, once all but one have succeeded."""

    async def ended() -> Any:
        results = {result["clusterName"]: result for result in (await fleet.operation(answer))["results"]}
        others = [result["state"] for name, result in results.items() if name != waiting]
        return results if set(others) == {"SUCCEEDED"} else None

    found: dict[str, Any] = await eventually(ended)
    return found


async def test_a_stopped_member_is_unknown_with_its_last_state_and_catches_up_when_it_is_back(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(values={"name": "shop"})
    async with fleet.hands["tokyo"].member.stopped():
        target = await fleet.stack.until_status(deployment_id, "tokyo", "UNKNOWN")
        (reason,) = target["reasons"]
        assert reason["code"] == "UNREACHABLE"
        assert reason["message"].startswith("The API server cannot be reached: ")
        assert (target["helmStatus"], target["version"], target["revision"]) == ("DEPLOYED", "1.0.0", 1)
        assert target["values"] == {"name": "shop"}

        answer = await fleet.stack.update(deployment_id, values={"name": "boutique"})
        results = await until_others_ended(fleet, answer, "tokyo")

        async def noted() -> Any:
            operation = await fleet.operation(answer)
            (result,) = [result for result in operation["results"] if result["clusterName"] == "tokyo"]
            return (operation["state"], result) if result["error"] else None

        state, result = await eventually(noted)
        assert (state, result["state"], result["error"]["code"]) == ("RUNNING", "RUNNING", "cluster_unreachable")
        assert {name: told["action"] for name, told in results.items() if name != "tokyo"} == {
            "paris": "UPGRADE",
            "berlin": "UPGRADE",
        }
        assert await fleet.targets(deployment_id, "status", "revision", "generation") == {
            "paris": ("DEPLOYED", 2, 2),
            "berlin": ("DEPLOYED", 2, 2),
            "tokyo": ("UNKNOWN", 1, 1),
        }
    operation = await fleet.stack.settled(answer)
    assert (operation["state"], outcomes(operation)["tokyo"]) == ("SUCCEEDED", ("UPGRADE", "SUCCEEDED"))
    # The worker may have been faster than the observer, and says nothing of the member.
    target = await fleet.stack.until_status(deployment_id, "tokyo", "DEPLOYED")
    assert (target["revision"], target["generation"]) == (2, 2)
    assert (target["reasons"], target["error"]) == ([], None)
    assert await fleet.hands["tokyo"].values(fleet.release) == {"name": "boutique"}


async def test_a_hanging_member_slows_no_other(new_fleet: NewFleet) -> None:
    async with new_fleet(member_timeout=300) as fleet:
        deployment_id = await fleet.deployed(values={"name": "shop"})
        with fleet.hands["tokyo"].member.suspended():
            answer = await fleet.stack.update(deployment_id, values={"name": "boutique"})
            results = await until_others_ended(fleet, answer, "tokyo")
            # Its first request has not even timed out.
            assert (results["tokyo"]["state"], results["tokyo"]["error"]) == ("RUNNING", None)
            await fleet.hands["paris"]("uninstall", fleet.release)
            await fleet.until(deployment_id, "paris", status="NOT_INSTALLED")
            assert (await fleet.operation(answer))["state"] == "RUNNING"
        assert outcomes(await fleet.stack.settled(answer))["tokyo"] == ("UPGRADE", "SUCCEEDED")


async def test_a_deployment_is_not_created_where_a_target_can_not_say_whether_the_name_is_free(fleet: Fleet) -> None:
    async with fleet.hands["tokyo"].member.stopped():
        answer = await fleet.create()
        assert (answer["__typename"], answer["code"]) == ("ClusterUnreachable", "cluster_unreachable")
        assert (answer["clusters"], answer["path"]) == (["tokyo"], ["targets"])
        assert "the release name is free on tokyo" in answer["message"]

        deployment_id = await fleet.deployed(targets=["paris", "berlin"])
        answer = await fleet.stack.update(deployment_id, targets=["paris", "tokyo"])
        assert (answer["__typename"], answer["clusters"]) == ("ClusterUnreachable", ["tokyo"])
    assert await fleet.targets(deployment_id, "status", "generation") == {
        "paris": ("DEPLOYED", 1),
        "berlin": ("DEPLOYED", 1),
    }
    assert await fleet.hands["tokyo"].listed() == {}


async def test_a_deletion_waits_for_the_member_that_can_not_be_reached(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(targets=["paris", "tokyo"], values={"name": "shop"})
    async with fleet.hands["tokyo"].member.stopped():
        answer = await fleet.stack.delete(deployment_id)
        assert answer["abandoned"] == []
        await until_others_ended(fleet, answer, "tokyo")
        target = await fleet.until(deployment_id, "tokyo", status="UNKNOWN")
        assert (target["helmStatus"], target["revision"]) == ("DEPLOYED", 1)
        assert set(await fleet.stack.targets(deployment_id)) == {"tokyo"}
        refused = await fleet.stack.update(deployment_id, values={})
        assert (refused["__typename"], refused["code"]) == ("Conflict", "being_deleted")
    assert outcomes(await fleet.stack.settled(answer)) == dict.fromkeys(("paris", "tokyo"), ("UNINSTALL", "SUCCEEDED"))
    assert await fleet.stack.targets(deployment_id) == {}
    assert await fleet.hands["tokyo"].listed() == {}


async def test_a_forced_deletion_abandons_unreachable_releases_and_names_them(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], members["tokyo"]) as fleet:
        deployment_id = await fleet.deployed()
        tokyo = fleet.hands["tokyo"]
        async with tokyo.member.stopped():
            await fleet.stack.until_status(deployment_id, "tokyo", "UNKNOWN")
            answer = await fleet.stack.delete(deployment_id, force=True)
            (left,) = answer["abandoned"]
            reason, objects = left.pop("reason"), left.pop("objects")
            assert objects == []  # the cluster can't be asked
            assert left == {"clusterName": "tokyo", "namespace": fleet.namespace, "releaseName": fleet.release}
            assert reason.startswith("The API server cannot be reached: ")
            operation = await fleet.stack.settled(answer)
            assert operation["state"] == "CANCELLED"
            assert outcomes(operation) == {"paris": ("UNINSTALL", "SUCCEEDED"), "tokyo": ("NONE", "CANCELLED")}
            assert await fleet.stack.targets(deployment_id) == {}
        assert await fleet.hands["paris"].listed() == {}
        assert (await tokyo.listed())[fleet.release]["status"] == "deployed"
