"""A member's credentials are replaced, and nothing is lost by it, on real control planes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.client import Client
from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, outcomes
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")


async def cluster(fleet: Fleet, name: str) -> Any:
    query = """query ($name: String!) { cluster(name: $name) {
      id reachability reachabilityMessage group { name }
    } }"""
    return (await fleet.stack.data(query, name=name))["cluster"]


async def until(fleet: Fleet, name: str, reachability: str) -> Any:
    async def is_so() -> Any:
        found = await cluster(fleet, name)
        return found if found["reachability"] == reachability else None

    return await eventually(is_so)


async def test_a_revoked_token_is_replaced_and_group_targets_overrides_and_history_stay(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["tokyo"]) as fleet:
        tokyo = fleet.hands["tokyo"]
        overrides = [{"cluster": "tokyo", "values": {"color": "red"}}]
        deployment_id = await fleet.deployed(values={"color": "blue"}, valueOverrides=overrides)
        await tokyo.member.revoke()
        found = await until(fleet, "tokyo", "UNAUTHORIZED")
        assert found["reachabilityMessage"] == (
            "The API server does not accept the credentials (401)."
            " Replace them: polyhelm cluster update tokyo --kubeconfig FILE"
        )
        answer = await fleet.stack.update(deployment_id, values={"size": 2})
        changed = await fleet.stack.mutate(
            "updateCluster",
            "... on ClusterPayload { cluster { name } }",
            id=found["id"],
            kubeconfig=tokyo.member.kubeconfig,
        )
        assert changed == {"cluster": {"name": "tokyo"}}
        assert (await until(fleet, "tokyo", "REACHABLE"))["group"] == {"name": "fleet"}
        assert outcomes(await fleet.stack.settled(answer)) == {"tokyo": ("UPGRADE", "SUCCEEDED")}
        assert await fleet.targets(deployment_id, "status", "values", "generation", "revision") == {
            "tokyo": ("DEPLOYED", {"color": "red", "size": 2}, 2, 2)
        }
        async with Client(tokyo.member.kubeconfig) as client:  # the test's own token is revoked, too
            await replace(tokyo, client=client).clean_up()


async def test_a_cluster_that_was_removed_by_force_and_is_back_has_its_release_at_the_same_revision(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], members["berlin"]) as fleet:
        berlin = fleet.hands["berlin"]
        deployment_id = await fleet.deployed(values={"color": "red"})
        removed = await fleet.stack.mutate(
            "removeCluster",
            "... on RemoveClusterPayload { abandoned { clusterName releaseName } }",
            id=(await cluster(fleet, "berlin"))["id"],
            force=True,
        )
        assert removed == {"abandoned": [{"clusterName": "berlin", "releaseName": fleet.release}]}
        await fleet.stack.register("bern", berlin.member.kubeconfig)
        members_now = ["paris", "bern"]
        await fleet.stack.mutate(
            "updateClusterGroup",
            "... on ClusterGroupPayload { clusterGroup { name } }",
            id=fleet.group_id,
            members=members_now,
        )
        operation = await fleet.updated(deployment_id, targets=members_now)
        assert outcomes(operation) == {"paris": ("NONE", "SUCCEEDED"), "bern": ("NONE", "SUCCEEDED")}
        assert await fleet.targets(deployment_id, "status", "revision") == {
            "paris": ("DEPLOYED", 1),
            "bern": ("DEPLOYED", 1),
        }
        assert [revision for revision, *_ in await berlin.history(fleet.release)] == [1]
        operation = await fleet.updated(deployment_id, values={"color": "blue"})
        assert outcomes(operation) == {"paris": ("UPGRADE", "SUCCEEDED"), "bern": ("UPGRADE", "SUCCEEDED")}
        await fleet.stack.settled(await fleet.stack.delete(deployment_id))
        assert await berlin.listed() == {}
