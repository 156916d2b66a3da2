"""Clusters that differ, and a deployment on them, for the tests of layers, selectors and expressions."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.stack import Stack

WANTED = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  generation
  selectorOverrides { select { labels cloud region distribution kubernetesVersion text } values valuesYaml }
  targetSelector { text } pendingMembership { joining leaving }
  targets { clusterName desiredValues status }
  desired { targets listedTargets targetSelector { labels } }
  history { nodes { generation targets selectorOverrides { values } targetSelector { text } } }
} } }"""


CLUSTERS: dict[str, dict[str, Any]] = {
    "paris": {"cloud": "amazon", "distribution": "eks", "region": "eu-west-3", "labels": {"tier": "prod", "size": "3"}},
    "berlin": {"cloud": "amazon", "distribution": "eks", "region": "eu-central-1", "labels": {"tier": "test"}},
    "tokyo": {"cloud": "google", "distribution": "gke", "labels": {"tier": "prod", "size": "5"}},
}


async def fleet(stack: Stack, simulated: Callable[[str], Member], *names: str) -> dict[str, str]:
    """Registers clusters of CLUSTERS in a group; returns their ids by name."""
    names = names or tuple(CLUSTERS)
    await stack.fleet({})
    ids = {}
    for name in names:
        ids[name] = (await stack.register(name, simulated(name).kubeconfig, **CLUSTERS[name]))["cluster"]["id"]
    await members(stack, *names)
    return ids


async def members(stack: Stack, *names: str) -> None:
    group = (await stack.data('{ clusterGroup(name: "fleet") { id } }'))["clusterGroup"]["id"]
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    await stack.mutate("updateClusterGroup", fields, id=group, members=list(names))


async def wanted(stack: Stack, deployment_id: str) -> Any:
    return (await stack.data(WANTED, id=deployment_id))["node"]


async def desired(stack: Stack, deployment_id: str) -> dict[str, Any]:
    return {one["clusterName"]: one["desiredValues"] for one in (await wanted(stack, deployment_id))["targets"]}


async def made(stack: Stack, **given: Any) -> str:
    answer = await stack.create(releaseName="shop", **given)
    assert answer["__typename"] == "DeploymentPayload", answer
    deployment_id: str = answer["deployment"]["id"]
    return deployment_id
