"""Targets by selector: clusters that come to match or cease to. No worker runs."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.deployments.fleets import desired, fleet, made, members, wanted
from tests.stack import Stack


async def test_a_cluster_that_comes_to_match_is_pending_until_the_next_generation(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    ids = await fleet(quiet, simulated)
    deployment_id = await made(quiet, targetSelector={"labels": {"tier": "prod"}}, targets=["berlin"])
    found = await wanted(quiet, deployment_id)
    assert found["desired"] == {
        "targets": ["berlin", "paris", "tokyo"],
        "listedTargets": ["berlin"],
        "targetSelector": {"labels": {"tier": "prod"}},
    }
    assert found["pendingMembership"] == {"joining": [], "leaving": []}
    deployment_id = await made_second(quiet)
    found = await wanted(quiet, deployment_id)
    assert found["desired"]["targets"] == ["paris", "tokyo"]

    payload = "... on ClusterPayload { cluster { id } }"
    await quiet.mutate("updateCluster", payload, id=ids["berlin"], labels={"tier": "prod"})
    await quiet.mutate("updateCluster", payload, id=ids["tokyo"], labels={"tier": "test"})
    found = await wanted(quiet, deployment_id)
    assert found["generation"] == 1
    assert [target["clusterName"] for target in found["targets"]] == ["paris", "tokyo"]
    assert found["pendingMembership"] == {"joining": ["berlin"], "leaving": ["tokyo"]}

    plan = (await quiet.update(deployment_id, dryRun=True))["plan"]["targets"]
    assert [(one["clusterName"], one["action"]) for one in plan] == [
        ("berlin", "INSTALL"),
        ("paris", "INSTALL"),
        ("tokyo", "NONE"),
    ]
    answer = await quiet.update(deployment_id)
    assert answer["deployment"]["generation"] == 2
    found = await wanted(quiet, deployment_id)
    assert found["desired"]["targets"] == ["berlin", "paris"]
    assert found["pendingMembership"] == {"joining": [], "leaving": []}
    assert (await quiet.update(deployment_id))["operation"] is None


async def test_clusters_that_cease_to_match_leave_under_the_guard(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    ids = await fleet(quiet, simulated)
    deployment_id = await made(quiet, targetSelector={"labels": {"tier": ["prod", "test"]}})
    for cluster_id in ids.values():
        await quiet.mutate("updateCluster", "... on ClusterPayload { cluster { id } }", id=cluster_id, labels={})
    assert (await wanted(quiet, deployment_id))["pendingMembership"]["leaving"] == ["berlin", "paris", "tokyo"]
    refused = await quiet.update(deployment_id)
    assert (refused["__typename"], refused["code"]) == ("RemovalUnconfirmed", "removal_unconfirmed")
    assert (await wanted(quiet, deployment_id))["generation"] == 1
    confirmed = await quiet.update(deployment_id, confirmRemoval=3)
    assert confirmed["deployment"]["generation"] == 2
    assert (await wanted(quiet, deployment_id))["desired"]["targets"] == []


async def test_a_list_replaces_the_selector_and_a_selector_the_list(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    deployment_id = await made(quiet, targetSelector={}, targets=None)
    assert (await wanted(quiet, deployment_id))["targetSelector"] == {"text": "every cluster"}
    await quiet.update(deployment_id, targets=["berlin", "paris", "tokyo"])
    found = await wanted(quiet, deployment_id)
    assert (found["generation"], found["targetSelector"]) == (2, None)
    await quiet.update(deployment_id, targetSelector={"cloud": "amazon"}, targets=["tokyo"])
    assert (await wanted(quiet, deployment_id))["desired"]["targets"] == ["berlin", "paris", "tokyo"]
    await quiet.update(deployment_id, targetSelector={"cloud": "amazon"})
    assert (await wanted(quiet, deployment_id))["desired"]["targets"] == ["berlin", "paris"]


async def test_a_renamed_cluster_stays_a_listed_target(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    ids = await fleet(quiet, simulated)
    deployment_id = await made(
        quiet, targetSelector={"cloud": "google"}, targets=["paris"], values={"name": "${{ cluster.name }}"}
    )
    await quiet.mutate("updateCluster", "... on ClusterPayload { cluster { id } }", id=ids["paris"], name="lyon")
    found = await wanted(quiet, deployment_id)
    assert found["desired"]["listedTargets"] == ["lyon"]
    assert found["pendingMembership"] == {"joining": [], "leaving": []}
    assert (await desired(quiet, deployment_id))["lyon"] == {"name": "lyon"}


async def test_a_member_that_leaves_the_group_leaves_the_listed_targets(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    deployment_id = await made(
        quiet,
        targetSelector={"cloud": "google"},
        targets=["paris"],
        values={"name": "${{ cluster.name }}"},
        valueOverrides=[{"cluster": "paris", "values": {"a": 1}}],
    )
    await members(quiet, "berlin", "tokyo")
    found = await wanted(quiet, deployment_id)
    assert (found["generation"], found["desired"]["targets"], found["desired"]["listedTargets"]) == (2, ["tokyo"], [])
    assert (await desired(quiet, deployment_id))["tokyo"] == {"name": "tokyo"}


async def test_an_editor_learns_which_members_a_selector_matches(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    query = """query ($group: String!, $selector: ClusterSelectorInput!) {
      selectClusters(group: $group, selector: $selector) { clusters problems { path message } } }"""

    async def matching(selector: dict[str, Any], group: str = "fleet") -> Any:
        return (await quiet.data(query, group=group, selector=selector))["selectClusters"]

    found = await matching({"labels": {"tier": ["prod", "stage"]}, "kubernetesVersion": ">=1.20"})
    assert found == {"clusters": ["paris", "tokyo"], "problems": []}
    assert (await matching({}))["clusters"] == ["berlin", "paris", "tokyo"]
    assert (await matching({}, "none"))["clusters"] == []
    wrong = await matching({"kubernetesVersion": "newest"})
    assert (wrong["clusters"], [one["path"] for one in wrong["problems"]]) == ([], [["kubernetesVersion"]])


async def made_second(stack: Stack) -> str:
    answer = await stack.create(releaseName="second", targetSelector={"labels": {"tier": "prod"}})
    deployment_id: str = answer["deployment"]["id"]
    return deployment_id
