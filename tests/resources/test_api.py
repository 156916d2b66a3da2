"""Resources and health in the API and on the command line."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.live.client import socket
from tests.live.serving import served
from tests.resources.charts import chart
from tests.resources.looking import deployed, until_health
from tests.resources.test_following import delete
from tests.stack import Stack, eventually

TARGET = """query ($id: ID!, $health: [Health!]) { node(id: $id) { ... on Deployment {
  healthCounts { health count }
  targets {
    health healthSince healthReasons { kind namespace name health reason message } resourcesLeftOut
    resources(health: $health) { nodes {
      apiVersion kind namespace name origin health reason message clusterName images addresses target { status }
    } }
  }
} } }"""
FLEET = "{ fleet { healthCounts { health count } } }"
FOUND = """query ($filter: ResourceFilter!, $first: Int, $after: String) {
  resources(filter: $filter, first: $first, after: $after) {
    nodes { kind name clusterName } pageInfo { hasNextPage endCursor }
  }
}"""
CHANGES = "subscription ($id: ID!) { targets(deployment: $id) { clusterName health healthReasons { kind name } } }"


async def found(stack: Stack, **chosen: Any) -> list[str]:
    nodes = (await stack.data(FOUND, filter=chosen))["resources"]["nodes"]
    return sorted(f"{node['clusterName']}: {node['kind']}/{node['name']}" for node in nodes)


async def test_a_target_shows_its_health_and_its_resources(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment", "config-map", "role")
    await until_health(stack, "HEALTHY")
    shown = (await stack.data(TARGET, id=deployment_id))["node"]
    [target] = shown["targets"]
    assert shown["healthCounts"] == [{"health": "HEALTHY", "count": 1}]
    assert (target["health"], target["healthReasons"], target["resourcesLeftOut"]) == ("HEALTHY", [], 0)
    [role, config_map, deployment] = target["resources"]["nodes"]
    assert (role["kind"], role["apiVersion"], role["namespace"]) == (
        "ClusterRole",
        "rbac.authorization.k8s.io/v1",
        None,
    )
    assert (config_map["kind"], config_map["namespace"], config_map["health"]) == ("ConfigMap", "default", "HEALTHY")
    assert deployment["images"] == ["registry.test/web:1.0"]
    assert (deployment["clusterName"], deployment["origin"]) == ("paris", "MANIFEST")
    assert deployment["target"] == {"status": "DEPLOYED"}

    delete(paris, ("", "configmaps"))
    await until_health(stack, "MISSING", "ConfigMap/shop: NotFound")
    [target] = (await stack.data(TARGET, id=deployment_id, health=["MISSING"]))["node"]["targets"]
    assert [node["kind"] for node in target["resources"]["nodes"]] == ["ConfigMap"]
    assert target["healthReasons"] == [
        {
            "kind": "ConfigMap",
            "namespace": "default",
            "name": "shop",
            "health": "MISSING",
            "reason": "NotFound",
            "message": "The release has this ConfigMap, and the cluster does not.",
        }
    ]
    assert (await stack.data(FLEET))["fleet"]["healthCounts"] == [{"health": "MISSING", "count": 1}]


async def test_resources_of_all_clusters_are_found_by_image_host_kind_and_health(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = {name: simulated(name) for name in ("paris", "tokyo")}
    await stack.fleet({name: member.kubeconfig for name, member in members.items()})
    await stack.upload(chart("deployment", "ingress", version="2.0.0"))
    overrides = [{"cluster": "tokyo", "values": {"tag": "2.0"}}]
    given = {"chart": "charts/web", "version": "2.0.0", "valueOverrides": overrides}
    await stack.deployed(releaseName="shop", **given)

    async def all_healthy() -> bool:
        counts = (await stack.data(FLEET))["fleet"]["healthCounts"]
        return bool(counts == [{"health": "HEALTHY", "count": 2}])

    await eventually(all_healthy)
    both = ["paris: Deployment/shop", "tokyo: Deployment/shop"]
    assert await found(stack, image="registry.test/web:*") == both
    assert await found(stack, image="*:2.0") == ["tokyo: Deployment/shop"]
    assert await found(stack, image="*:2_0") == await found(stack, image="*:%") == []
    assert await found(stack, host="*.shop.test", cluster="paris") == ["paris: Ingress/shop"]
    assert await found(stack, kind="Deployment", group="fleet", release="shop", health=["HEALTHY"]) == both
    assert await found(stack, kind="Deployment", health=["DEGRADED"]) == await found(stack, group="other") == []
    first = (await stack.data(FOUND, filter={}, first=3))["resources"]
    rest = (await stack.data(FOUND, filter={}, after=first["pageInfo"]["endCursor"]))["resources"]
    assert (len(first["nodes"]), first["pageInfo"]["hasNextPage"]) == (3, True)
    assert [node["kind"] for node in first["nodes"] + rest["nodes"]] == [
        "Deployment",
        "Deployment",
        "Ingress",
        "Ingress",
    ]


async def test_a_subscriber_sees_each_change_of_health(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment", "config-map")
    await until_health(stack, "HEALTHY")
    async with served(stack) as url, socket(url) as opened:
        targets = await opened.subscribe(CHANGES, id=deployment_id)
        await targets.until(health="HEALTHY")
        delete(paris, ("", "configmaps"))
        missing = await targets.until(health="MISSING")
    assert missing["healthReasons"] == [{"kind": "ConfigMap", "name": "shop"}]


async def test_nobody_sees_the_resources_of_another_organization(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    await deployed(stack, simulated("paris"), "config-map")
    await until_health(stack, "HEALTHY")
    assert await found(stack, kind="ConfigMap") == ["paris: ConfigMap/shop"]
    await stack.mutate("createOrganization", "... on OrganizationPayload { __typename }", name="other")
    nodes = await stack.data(FOUND.replace("filter: $filter", 'organization: "other", filter: $filter'), filter={})
    assert nodes["resources"]["nodes"] == []
