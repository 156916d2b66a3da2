"""Overrides by selector and expressions on a real control plane: what Helm installs is what the layers say."""

import pytest

from tests.real.fleet import Fleet, outcomes

pytestmark = pytest.mark.xdist_group("kubernetes")

FIELDS = "... on ClusterPayload { cluster { id } }"


async def test_helm_installs_what_the_layers_of_each_cluster_say(fleet: Fleet) -> None:
    nodes = (await fleet.stack.data("{ clusters { nodes { id name } } }"))["clusters"]["nodes"]
    ids = {node["name"]: node["id"] for node in nodes}
    await fleet.stack.mutate("updateCluster", FIELDS, id=ids["tokyo"], labels={"tier": "test"})
    deployment_id = await fleet.deployed(
        values={"name": "${{ cluster.name + '-' + group.name }}"},
        selectorOverrides=[{"select": {"labels": {"tier": "test"}}, "values": {"name": "test ${{ cluster.name }}"}}],
        targetSelector={"kubernetesVersion": ">=1.20"},
    )
    group = (await fleet.stack.data("{ clusterGroups { nodes { name } } }"))["clusterGroups"]["nodes"][0]["name"]
    names = {name: target["values"]["name"] for name, target in (await fleet.stack.targets(deployment_id)).items()}
    assert names == {"berlin": f"berlin-{group}", "paris": f"paris-{group}", "tokyo": "test tokyo"}
    assert (await fleet.hands["tokyo"].config(fleet.release)) is not None

    await fleet.stack.mutate("updateCluster", FIELDS, id=ids["berlin"], labels={"tier": "test"})
    targets = await fleet.stack.targets(deployment_id)
    assert {name: target["status"] for name, target in targets.items()} == {
        "berlin": "STALE",
        "paris": "DEPLOYED",
        "tokyo": "DEPLOYED",
    }
    assert outcomes(await fleet.reconciled(deployment_id)) == {
        "berlin": ("UPGRADE", "SUCCEEDED"),
        "paris": ("NONE", "SUCCEEDED"),
        "tokyo": ("NONE", "SUCCEEDED"),
    }
    berlin = await fleet.until(deployment_id, "berlin", status="DEPLOYED", revision=2)
    assert berlin["values"] == {"name": "test berlin"}
