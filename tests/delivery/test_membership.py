"""Clusters that leave or join while a rollout is in progress."""

from collections.abc import Callable

from app.tables.identity import Role
from simulator import Member
from tests.delivery.asking import approve, generations, paris_first, records, rollout_of, states, until_waiting
from tests.identity.callers import token_of
from tests.stack import Stack

GROUP = "... on ClusterGroupPayload { clusterGroup { id } }"


async def test_a_cluster_that_leaves_is_skipped_and_one_that_joins_moves_in_the_last_wave(
    stack: Stack, fleet: dict[str, Member], simulated: Callable[[str], Member]
) -> None:
    created = await stack.create(releaseName="shop", strategy=paris_first())
    shop = created["deployment"]["id"]
    waiting = await until_waiting(stack, shop, "ApprovalGate")
    approver = await token_of(stack, Role.APPROVER)
    lima = simulated("lima")
    await stack.register("lima", lima.kubeconfig)
    group = (await stack.data("{ clusterGroups { nodes { id } } }"))["clusterGroups"]["nodes"][0]["id"]

    updated = await stack.mutate("updateClusterGroup", GROUP, id=group, members=["paris", "tokyo", "lima"])
    assert "clusterGroup" in updated, updated
    left = await rollout_of(stack, shop)
    assert (left["id"], left["generation"]) == (waiting["id"], 2)
    assert states(left) == {"paris": "READY", "berlin": "SKIPPED", "tokyo": "BEHIND"}
    assert left["planDigest"] != waiting["planDigest"]

    answer = await stack.update(shop, targets=["paris", "tokyo", "lima"])
    assert answer["operation"]["id"] == created["operation"]["id"], answer
    joined = await rollout_of(stack, shop)
    assert (joined["id"], joined["generation"]) == (waiting["id"], 3)
    assert states(joined) == {"paris": "READY", "berlin": "SKIPPED", "tokyo": "BEHIND", "lima": "BEHIND"}
    assert [each["name"] for each in joined["waves"]] == ["paris", "berlin", "rest"]
    assert (await approve(stack, waiting, 1, approver))["code"] == "rollout_digest"
    assert "rollout" in await approve(stack, joined, 1, approver)
    assert (await stack.settled(created))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == dict.fromkeys(("paris", "tokyo", "lima"), (3, 3))
    assert [records(member) for member in (*fleet.values(), lima)] == [1, 0, 1, 1]
