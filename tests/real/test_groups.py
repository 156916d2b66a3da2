"""Who is in a group decides who may have its releases, and nobody gets one without being named."""

from typing import Any

import pytest

from tests.real.fleet import Fleet, outcomes
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")


async def set_members(fleet: Fleet, *names: str) -> None:
    fields = "... on ClusterGroupPayload { clusterGroup { members { name } } }"
    answer = await fleet.stack.mutate("updateClusterGroup", fields, id=fleet.group_id, members=list(names))
    assert {member["name"] for member in answer["clusterGroup"]["members"]} == set(names)


async def generation(fleet: Fleet, deployment_id: str) -> Any:
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { generation valueOverrides { cluster } } } }"
    node = (await fleet.stack.data(query, id=deployment_id))["node"]
    return node["generation"], [override["cluster"] for override in node["valueOverrides"]]


async def test_a_cluster_that_leaves_loses_the_groups_releases_and_nothing_else(fleet: Fleet) -> None:
    overrides = [{"cluster": name, "values": {"name": name}} for name in ("paris", "tokyo")]
    deployment_id = await fleet.deployed(valueOverrides=overrides)
    tokyo = fleet.hands["tokyo"]
    await tokyo("install", "somebody-elses", tokyo.chart())

    await set_members(fleet, "paris", "berlin")

    async def gone() -> bool:
        return set(await fleet.stack.targets(deployment_id)) == {"paris", "berlin"}

    await eventually(gone)
    assert set(await tokyo.listed()) == {"somebody-elses"}
    assert await tokyo.config(fleet.release) is None
    assert await generation(fleet, deployment_id) == (2, ["paris"])
    for name in ("paris", "berlin"):
        await fleet.until(deployment_id, name, status="DEPLOYED", revision=1, generation=2)
        assert (await fleet.hands[name].listed())[fleet.release]["revision"] == "1"


async def test_a_new_member_gets_nothing_until_an_update_names_it_and_no_reconcile_adds_it(fleet: Fleet) -> None:
    await set_members(fleet, "paris", "berlin")
    deployment_id = await fleet.deployed(values={"name": "shop"})
    assert set(await fleet.stack.targets(deployment_id)) == {"paris", "berlin"}
    await set_members(fleet, "paris", "berlin", "tokyo")
    assert outcomes(await fleet.reconciled(deployment_id)) == dict.fromkeys(("paris", "berlin"), ("NONE", "SUCCEEDED"))
    operation = await fleet.updated(deployment_id, values={"name": "boutique"})
    assert outcomes(operation) == dict.fromkeys(("paris", "berlin"), ("UPGRADE", "SUCCEEDED"))
    assert await fleet.hands["tokyo"].listed() == {}

    answer = await fleet.stack.reconcile(deployment_id, targets=["tokyo"])
    assert (answer["__typename"], answer["problems"][0]["path"]) == ("ValidationFailed", ["targets", "tokyo"])

    operation = await fleet.updated(
        deployment_id,
        targets=["paris", "berlin", "tokyo"],
        valueOverrides=[{"cluster": "tokyo", "values": {"name": "mise"}}],
    )
    assert outcomes(operation) == {
        "paris": ("NONE", "SUCCEEDED"),
        "berlin": ("NONE", "SUCCEEDED"),
        "tokyo": ("INSTALL", "SUCCEEDED"),
    }
    assert await fleet.hands["tokyo"].values(fleet.release) == {"name": "mise"}
