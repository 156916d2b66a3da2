"""Who is in a group, and what becomes of those who leave it."""

from collections.abc import Callable

from simulator import Member
from tests.stack import Stack

GROUP = "... on ClusterGroupPayload { clusterGroup { id name members { name } features { name enabled state } } }"


async def test_a_new_group_has_multi_cluster_deployment_on(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig)
    answer = await quiet.mutate("createClusterGroup", GROUP, name="web", members=["paris"])
    assert answer["clusterGroup"] | {"id": ""} == {
        "id": "",
        "name": "web",
        "members": [{"name": "paris"}],
        "features": [{"name": "multi-cluster-deployment", "enabled": True, "state": "ACTIVE"}],
    }


async def test_groups_are_searched_by_name(quiet: Stack) -> None:
    for name in ("web", "web-eu", "shop"):
        await quiet.group(name, [])
    query = "query ($search: String) { clusterGroups(search: $search) { nodes { name } } }"
    found = [(await quiet.data(query, search=text))["clusterGroups"]["nodes"] for text in ("WEB", "-eu", "%", None)]
    assert [[group["name"] for group in groups] for groups in found] == [
        ["web", "web-eu"],
        ["web-eu"],
        [],
        ["shop", "web", "web-eu"],
    ]


async def test_a_cluster_is_in_one_group_at_most(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig)
    await quiet.group("web", ["paris"])
    answer = await quiet.mutate("createClusterGroup", GROUP, name="other", members=["paris"])
    assert (answer["__typename"], answer["code"]) == ("Conflict", "cluster_in_other_group")
    answer = await quiet.mutate("createClusterGroup", GROUP, name="other", members=["rome"])
    assert answer["problems"] == [{"path": ["members", "rome"], "message": "There is no cluster 'rome'."}]
    answer = await quiet.mutate("createClusterGroup", GROUP, name="web", members=[])
    assert (answer["__typename"], answer["code"]) == ("Conflict", "name_taken")


async def test_a_cluster_that_leaves_loses_the_groups_releases_and_a_new_one_gets_none_until_it_is_named(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = {name: simulated(name) for name in ("paris", "berlin", "tokyo")}
    await stack.register("tokyo", members["tokyo"].kubeconfig)
    group_id = await stack.fleet({name: members[name].kubeconfig for name in ("paris", "berlin")})
    deployment_id = await stack.deployed(
        releaseName="shop", valueOverrides=[{"cluster": "paris", "values": {"name": "boutique"}}]
    )
    fields = "... on ClusterGroupPayload { operations { id kind } }"
    answer = await stack.mutate("updateClusterGroup", fields, id=group_id, members=["berlin", "tokyo"])
    query = """query ($id: ID!) { node(id: $id) { ... on Deployment {
      generation valueOverrides { cluster } operations(first: 1) { nodes { id kind } }
    } } }"""
    deployment = (await stack.data(query, id=deployment_id))["node"]
    assert (deployment["generation"], deployment["valueOverrides"]) == (2, [])
    assert answer["operations"] == deployment["operations"]["nodes"]
    operation = await stack.settled({"operation": answer["operations"][0]})
    assert {result["clusterName"]: result["action"] for result in operation["results"]} == {
        "berlin": "NONE",
        "paris": "UNINSTALL",
    }
    assert members["paris"].objects("secrets") == []

    assert (await stack.settled(await stack.reconcile(deployment_id)))["state"] == "SUCCEEDED"
    assert list(await stack.targets(deployment_id)) == ["berlin"]
    assert members["tokyo"].writes == 0

    answer = await stack.update(
        deployment_id,
        targets=["berlin", "tokyo"],
        valueOverrides=[{"cluster": "tokyo", "values": {"name": "mise"}}],
    )
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    targets = await stack.targets(deployment_id)
    assert {name: target["revision"] for name, target in targets.items()} == {"berlin": 1, "tokyo": 1}
    assert targets["tokyo"]["values"] == {"name": "mise"}


async def test_a_group_with_deployments_is_deleted_by_force_alone_and_its_releases_are_named(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    group_id = await stack.fleet({"paris": paris.kubeconfig})
    await stack.deployed(releaseName="shop")
    fields = "... on DeleteClusterGroupPayload { abandoned { clusterName releaseName } }"
    assert (await stack.mutate("deleteClusterGroup", fields, id=group_id))["code"] == "group_in_use"
    answer = await stack.mutate("deleteClusterGroup", fields, id=group_id, force=True)
    assert answer["abandoned"] == [{"clusterName": "paris", "releaseName": "shop"}]
    assert (await stack.data("{ clusterGroups { nodes { name } } deployments { nodes { id } } }")) == {
        "clusterGroups": {"nodes": []},
        "deployments": {"nodes": []},
    }
    assert len(paris.objects("secrets")) == 1
