"""What a version of Kubernetes breaks, over the objects of all releases: by the API and by the command line."""

from collections.abc import Callable
from typing import Any

import pytest_asyncio
from sqlalchemy import text

from app.releases.inventory import ResourceOrigin
from app.tables.identity import Role
from app.tables.resources import LiveResource
from app.tables.targets import Target
from simulator import Member
from tests.cli.conftest import polyhelm
from tests.cli.polyhelm import Polyhelm
from tests.compatibility.releases import store
from tests.identity.callers import token_of
from tests.stack import TOKEN, Stack

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


RELEASES = """query ($version: String!, $state: ApiState, $cluster: String, $first: Int, $after: String) {
  apiCompatibility(kubernetesVersion: $version) {
    releases(state: $state, cluster: $cluster, first: $first, after: $after) {
      nodes { clusterName releaseName revision obstacle mayMigrate objects { kind state } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


async def listed(stack: Stack, version: str = "1.25", token: str = TOKEN, **given: Any) -> Any:
    found = await stack.data(RELEASES, token, version=version, **given)
    return found["apiCompatibility"]["releases"]


async def test_a_release_of_somebody_else_is_listed_and_cannot_be_migrated(old: Stack) -> None:
    found = (await listed(old, cluster="paris"))["nodes"]
    assert found == [
        {
            "clusterName": "paris",
            "releaseName": "shop",
            "revision": None,
            "obstacle": "Polyhelm did not install this release.",
            "mayMigrate": True,
            "objects": [
                {"kind": "PodDisruptionBudget", "state": "REMOVED"},
                {"kind": "HorizontalPodAutoscaler", "state": "DEPRECATED"},
            ],
        }
    ]


async def test_releases_are_found_by_state_and_pages_follow_each_other(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({name: simulated(name).kubeconfig for name in ("berlin", "paris")})
    for name in ("shop", "old"):
        answer = await quiet.create(releaseName=name)
        await store(quiet, answer["deployment"]["id"])
    assert (await listed(quiet, "1.20"))["nodes"] == []
    assert len((await listed(quiet, "1.21"))["nodes"]) == 4
    assert (await listed(quiet, "1.21", state="REMOVED"))["nodes"] == []
    names, after = [], None
    for _ in range(4):
        page = await listed(quiet, first=1, after=after)
        names += [(each["clusterName"], each["releaseName"], each["obstacle"]) for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert not page["pageInfo"]["hasNextPage"]
    assert names == [
        *(("berlin", "old", None), ("berlin", "shop", None)),
        *(("paris", "old", None), ("paris", "shop", None)),
    ]
    viewer = await token_of(quiet, Role.VIEWER)
    assert {each["mayMigrate"] for each in (await listed(quiet, token=viewer))["nodes"]} == {False}


async def test_the_reason_says_what_stands_against_a_migration(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = (await quiet.create(releaseName="shop"))["deployment"]["id"]
    await store(quiet, deployment_id)

    async def obstacle(version: str = "1.25") -> str | None:
        [found] = (await listed(quiet, version))["nodes"]
        return str(found["obstacle"]) if found["obstacle"] else None

    async def change(statement: str) -> None:
        async with quiet.services.transaction() as transaction:
            await transaction.session.execute(text(statement))

    assert await obstacle() is None
    assert await obstacle("1.21") == "No removed API version is in it."
    await change("UPDATE cluster SET kubernetes_version = 'v1.20.4'")
    words = "The cluster has Kubernetes 1.20, which does not serve policy/v1 of PodDisruptionBudget shop."
    assert await obstacle() == words
    await change("UPDATE release SET resource_version = '2'")
    assert await obstacle() == "The objects of revision 3 are not known yet."
    await change("UPDATE release SET status = 'failed'")
    assert await obstacle() == "The newest revision is failed."
    await quiet.reconcile(deployment_id)
    assert await obstacle() == "An operation is in progress on this release."
    await change("UPDATE target SET wanted = false")
    assert await obstacle() == "The release is being uninstalled."


async def test_the_command_line_shows_the_plan_and_starts_it(
    quiet: Stack, simulated: Callable[[str], Member], polyhelm: Polyhelm
) -> None:
    await quiet.fleet({name: simulated(name).kubeconfig for name in ("berlin", "paris")})
    await store(quiet, (await quiet.create(releaseName="shop"))["deployment"]["id"])
    other = await polyhelm("compatibility", "1.25", "--migrate")
    assert other.code != 0
    assert "Add --yes to confirm it." in other.err
    done = await polyhelm("compatibility", "1.25", "--migrate", "--cluster", "paris", "--yes", "--no-wait")
    assert done.code == 0, done
    [row] = done.out.splitlines()[1:]
    assert row.split("   ")[0] == "paris"
    assert row.endswith("3 -> 4     PodDisruptionBudget/shop: policy/v1beta1 -> policy/v1")
    again = await polyhelm("compatibility", "1.25", "--migrate", "--cluster", "paris", "--yes")
    assert again.words == [
        "Not fleet/shop on paris: An operation is in progress on this release.",
        "There is no record to migrate for Kubernetes 1.25.",
    ]
