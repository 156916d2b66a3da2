"""What a newer generation does to a rollout in progress, on simulated members with a worker and an observer."""

from app.tables.identity import Role
from simulator import Member
from tests.delivery.asking import (
    approve,
    generations,
    paris_first,
    rollout_by_id,
    rollout_of,
    states,
    steer,
    until_phase,
    until_waiting,
)
from tests.identity.callers import token_of
from tests.stack import Stack


async def test_a_newer_generation_waits_for_the_rollout_in_progress_or_is_refused(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    approver = await token_of(stack, Role.APPROVER)
    first = await stack.update(shop, values={"replicas": 2}, strategy=paris_first(onNewer="QUEUE"))
    older = await until_waiting(stack, shop, "ApprovalGate")
    replaced = await stack.update(shop, values={"replicas": 3})
    second = await stack.update(shop, values={"replicas": 4}, strategy=paris_first(onNewer="REFUSE"))
    assert (await stack.settled(replaced))["state"] == "SUPERSEDED"
    queued = await rollout_of(stack, shop)
    assert (queued["generation"], queued["phase"], states(queued)) == (4, "WAITING", dict.fromkeys(fleet, "BEHIND"))
    assert [gate["__typename"] for gate in queued["waitingFor"]] == ["EarlierRolloutGate"]
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (1, 1)}
    # The rollout in progress is steered as before, and the next one begins when it has ended.
    assert (await steer(stack, "pauseRollout", older))["phase"] == "PAUSED"
    assert (await steer(stack, "resumeRollout", older))["phase"] == "RUNNING"
    assert "rollout" in await approve(stack, older, 1, approver)
    assert (await stack.settled(first))["state"] == "SUCCEEDED"
    newer = await until_waiting(stack, shop, "ApprovalGate")
    assert (newer["generation"], states(newer)) == (4, {"paris": "READY", "berlin": "BEHIND", "tokyo": "BEHIND"})
    assert await generations(stack, shop) == {"paris": (4, 4), "berlin": (2, 2), "tokyo": (2, 2)}
    found = await rollout_by_id(stack, older)
    assert (found["phase"], states(found)) == ("SUCCEEDED", dict.fromkeys(fleet, "READY"))

    refused = await stack.update(shop, values={"replicas": 5})
    assert (refused["__typename"], refused["code"]) == ("Conflict", "rollout_in_progress")
    assert (await rollout_of(stack, shop))["generation"] == 4
    assert "rollout" in await approve(stack, newer, 1, approver)
    assert (await stack.settled(second))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == dict.fromkeys(fleet, (4, 4))
    await stack.update(shop, values={"replicas": 5})
    await until_waiting(stack, shop, "ApprovalGate")
    assert (await generations(stack, shop))["paris"] == (5, 5)


async def test_a_queued_rollout_that_is_aborted_never_begins(stack: Stack, fleet: dict[str, Member]) -> None:
    shop = await stack.deployed(releaseName="shop")
    first = await stack.update(shop, values={"replicas": 2}, strategy=paris_first(onNewer="QUEUE"))
    older = await until_waiting(stack, shop, "ApprovalGate")
    second = await stack.update(shop, values={"replicas": 3})
    assert (await steer(stack, "abortRollout", await rollout_of(stack, shop)))["phase"] == "ABORTED"
    assert (await stack.settled(second))["state"] == "CANCELLED"
    await approve(stack, older, 1, await token_of(stack, Role.APPROVER))
    assert (await stack.settled(first))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == dict.fromkeys(fleet, (2, 2))
    assert (await until_phase(stack, shop, "ABORTED"))["generation"] == 3
