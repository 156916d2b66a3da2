"""What a version of Kubernetes breaks, over the objects of all releases: by the API and by the command line."""

from collections.abc import Callable
from typing import Any

import pytest_asyncio

from app.releases.inventory import ResourceOrigin
from app.tables.resources import LiveResource
from app.tables.targets import Target
from simulator import Member
from tests.cli.conftest import polyhelm
from tests.cli.polyhelm import Polyhelm
from tests.stack import Stack

__all__ = ["polyhelm"]

QUERY = """query ($version: String!, $state: ApiState, $cluster: String, $first: Int, $after: String) {
  apiCompatibility(kubernetesVersion: $version) {
    kubernetesVersion checkedOn completeThrough removedCount deprecatedCount
    objects(state: $state, cluster: $cluster, first: $first, after: $after) {
      nodes { kind name clusterName } pageInfo { hasNextPage endCursor }
    }
  }
}"""
FIELDS = """{ apiCompatibility(kubernetesVersion: "v1.25.3-gke.1") { objects(first: 1) { nodes {
  apiVersion kind namespace name state deprecatedIn removedIn replacement replacementSince
  clusterName groupName releaseName releaseNamespace
} } } }"""


@pytest_asyncio.fixture(loop_scope="session")
async def old(quiet: Stack, simulated: Callable[[str], Member]) -> Stack:
    """Shop on two clusters, with a budget and an autoscaler of old API versions on each, and a Deployment."""
    await quiet.fleet({name: simulated(name).kubeconfig for name in ("berlin", "paris")})
    await quiet.create(releaseName="shop")
    targets = await quiet.services.database.rows(Target.__table__.select())  # type: ignore[attr-defined]
    async with quiet.services.transaction() as transaction:
        for target in targets:
            for group, version, kind in (
                ("policy", "v1beta1", "PodDisruptionBudget"),
                ("autoscaling", "v2beta2", "HorizontalPodAutoscaler"),
                ("apps", "v1", "Deployment"),
            ):
                resource = LiveResource(
                    target_id=target.id,
                    api_group=group,
                    api_version=version,
                    kind=kind,
                    plural="",
                    namespace="default",
                    name="shop",
                    origin=ResourceOrigin.MANIFEST,
                    manifest_digest=b"",
                )
                transaction.session.add(resource)
    return quiet


async def seen(stack: Stack, version: str, **more: Any) -> tuple[int, int, list[str]]:
    """The numbers of removed and deprecated objects, and those on the page."""
    found = (await stack.data(QUERY, version=version, **more))["apiCompatibility"]
    assert (found["kubernetesVersion"], found["checkedOn"], found["completeThrough"]) == (version, "2026-11-30", "1.36")
    nodes = [f"{node['kind']} on {node['clusterName']}" for node in found["objects"]["nodes"]]
    return found["removedCount"], found["deprecatedCount"], nodes


async def test_objects_are_found_by_version_state_and_cluster(old: Stack) -> None:
    budgets = ["PodDisruptionBudget on berlin", "PodDisruptionBudget on paris"]
    scalers = ["HorizontalPodAutoscaler on berlin", "HorizontalPodAutoscaler on paris"]
    assert await seen(old, "1.20") == (0, 0, [])
    assert await seen(old, "1.25") == (2, 2, budgets)
    assert await seen(old, "1.25", state="DEPRECATED") == (2, 2, scalers)
    assert await seen(old, "1.26") == (4, 0, [*scalers, *budgets])
    assert await seen(old, "1.26", cluster="paris") == (4, 0, [scalers[1], budgets[1]])


async def test_an_object_has_its_release_and_the_replacement(old: Stack) -> None:
    assert (await old.data(FIELDS))["apiCompatibility"]["objects"]["nodes"] == [
        {
            "apiVersion": "policy/v1beta1",
            "kind": "PodDisruptionBudget",
            "namespace": "default",
            "name": "shop",
            "state": "REMOVED",
            "deprecatedIn": "1.21",
            "removedIn": "1.25",
            "replacement": "policy/v1",
            "replacementSince": "1.21",
            "clusterName": "berlin",
            "groupName": "fleet",
            "releaseName": "shop",
            "releaseNamespace": "default",
        }
    ]


async def test_pages_follow_each_other(old: Stack) -> None:
    found: list[str] = []
    after = None
    for _ in range(4):
        page = (await old.data(QUERY, version="1.26", first=1, after=after))["apiCompatibility"]["objects"]
        found += [node["kind"] + node["clusterName"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert not page["pageInfo"]["hasNextPage"]
    assert len(set(found)) == 4


async def test_a_text_that_is_not_a_version_is_refused(old: Stack) -> None:
    answer = await old.ask(QUERY, version="latest")
    assert "'latest' is not a version of Kubernetes, such as 1.32." in str(answer)


async def test_the_command_line_lists_the_objects_and_says_how_far_the_table_goes(
    old: Stack, polyhelm: Polyhelm
) -> None:
    listed = await polyhelm("compatibility", "1.25", "--cluster", "paris", "--exit-code")
    rows = [line.split("   ")[0] for line in listed.out.splitlines()[1:]]
    assert (listed.code, rows, listed.words) == (2, ["REMOVED in 1.25", "DEPRECATED in 1.23"], [])
    assert listed.out.splitlines()[1].split()[-3:] == ["paris", "fleet/shop", "policy/v1"]
    later = await polyhelm("compatibility", "1.99", "--cluster", "lima", "--exit-code")
    notice, none = later.words
    assert notice.startswith("Removals after Kubernetes 1.")
    assert (later.code, none) == (0, "No object uses an API version that Kubernetes 1.99 removes or deprecates.")
