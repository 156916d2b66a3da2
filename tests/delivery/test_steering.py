"""Users steer rollouts in progress, on simulated members with a worker and an observer."""

from app.tables.identity import Role
from simulator import Member
from tests.delivery.asking import (
    APPROVAL,
    approve,
    generations,
    holds,
    paris_first,
    rollout_of,
    states,
    steer,
    until_phase,
    until_steps_are_done,
    until_verified,
    until_waiting,
    wave,
)
from tests.identity.callers import token_of
from tests.stack import Stack


async def test_a_paused_rollout_moves_no_target_until_it_is_resumed(stack: Stack, fleet: dict[str, Member]) -> None:
    shop = await stack.deployed(releaseName="shop")
    answer = await stack.update(shop, values={"replicas": 2}, strategy=paris_first())
    waiting = await until_waiting(stack, shop, "ApprovalGate")
    assert (await steer(stack, "pauseRollout", waiting))["phase"] == "PAUSED"
    await approve(stack, waiting, 1, await token_of(stack, Role.APPROVER))
    await until_steps_are_done(stack)
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (1, 1)}
    assert (await rollout_of(stack, shop))["phase"] == "PAUSED"
    await steer(stack, "resumeRollout", waiting)
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == dict.fromkeys(fleet, (2, 2))


async def test_an_aborted_rollout_leaves_its_targets_and_a_newer_generation_begins_at_the_first_wave(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    answer = await stack.update(shop, values={"replicas": 2}, strategy=paris_first())
    waiting = await until_waiting(stack, shop, "ApprovalGate")
    assert (await steer(stack, "abortRollout", waiting))["phase"] == "ABORTED"
    assert (await stack.settled(answer))["state"] == "CANCELLED"
    refused = await approve(stack, waiting, 1, await token_of(stack, Role.APPROVER))
    assert refused["code"] == "rollout_state"
    await until_steps_are_done(stack)
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (1, 1)}
    await stack.update(shop, values={"replicas": 3})
    newer = await until_waiting(stack, shop, "ApprovalGate")
    assert (newer["generation"], states(newer)) == (3, {"paris": "READY", "berlin": "BEHIND", "tokyo": "BEHIND"})
    assert await generations(stack, shop) == {"paris": (3, 3), "berlin": (1, 1), "tokyo": (1, 1)}


async def test_a_rejection_aborts_a_rollout_and_leaves_its_targets(stack: Stack, fleet: dict[str, Member]) -> None:
    shop = await stack.deployed(releaseName="shop")
    answer = await stack.update(shop, values={"replicas": 2}, strategy=paris_first())
    waiting = await until_waiting(stack, shop, "ApprovalGate")
    approver = await token_of(stack, Role.APPROVER)
    assert (await approve(stack, waiting, 0, approver, verb="rejectWave"))["code"] == "wave_without_approval"
    assert "rollout" in await approve(stack, waiting, 1, approver, verb="rejectWave")
    assert (await stack.settled(answer))["state"] == "CANCELLED"
    rejected = await rollout_of(stack, shop)
    assert (rejected["phase"], rejected["ending"], rejected["waitingFor"]) == ("ABORTED", "REJECTED", [])
    assert (await approve(stack, waiting, 1, approver))["code"] == "rollout_state"
    await until_steps_are_done(stack)
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (1, 1)}


async def test_a_newer_generation_supersedes_a_rollout_and_begins_at_the_first_wave(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    first = await stack.update(shop, values={"replicas": 2}, strategy=paris_first())
    older = await until_waiting(stack, shop, "ApprovalGate")
    second = await stack.update(shop, values={"replicas": 3})
    assert (await stack.settled(first))["state"] == "SUPERSEDED"
    newer = await until_waiting(stack, shop, "ApprovalGate")
    assert (newer["generation"], newer["supersedes"]) == (3, {"id": older["id"]})
    assert await generations(stack, shop) == {"paris": (3, 3), "berlin": (1, 1), "tokyo": (1, 1)}
    approver = await token_of(stack, Role.APPROVER)
    assert (await approve(stack, older, 1, approver))["code"] == "rollout_state"
    await approve(stack, newer, 1, approver)
    assert (await stack.settled(second))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == dict.fromkeys(fleet, (3, 3))


async def test_a_rollback_returns_each_target_to_its_own_last_verified_generation_and_holds_the_bad_one(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    strategy = {
        "waves": [
            wave("first", count=2, before=APPROVAL, maxDeferred="100%"),
            wave("second", before=APPROVAL, maxDeferred="100%"),
        ]
    }
    approver = await token_of(stack, Role.APPROVER)
    answer = await stack.update(shop, values={"replicas": 2}, strategy=strategy)
    second = await until_waiting(stack, shop, "ApprovalGate")
    assert states(second) == dict.fromkeys(fleet, "BEHIND")
    deferred = await stack.mutate(
        "deferTarget", "... on RolloutPayload { rollout { id } }", rollout=second["id"], cluster="berlin"
    )
    assert "rollout" in deferred, deferred
    for index in (0, 1):
        await approve(stack, second, index, approver)
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (2, 2)}

    await stack.update(shop, values={"replicas": 3})
    third = await until_waiting(stack, shop, "ApprovalGate")
    await approve(stack, third, 0, approver)
    await until_waiting(stack, shop, "ApprovalGate", wave=1)
    assert await generations(stack, shop) == {"paris": (3, 3), "berlin": (3, 3), "tokyo": (2, 2)}
    await steer(stack, "abortRollout", third, targets="ROLL_BACK")
    back = await until_phase(stack, shop, "SUCCEEDED")
    assert (back["rollbackOf"], states(back)) == ({"id": third["id"]}, {"paris": "READY", "berlin": "READY"})
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (2, 2)}
    values = {name: target["values"] for name, target in (await stack.targets(shop)).items()}
    assert values == {"paris": {"replicas": 2}, "berlin": {}, "tokyo": {"replicas": 2}}
    [held] = await holds(stack, shop)
    assert held["generation"] == 3
    reconciled = await stack.settled(await stack.reconcile(shop))
    assert reconciled["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (2, 2)}

    lifted = await stack.mutate(
        "liftHold", "... on LiftHoldPayload { deployment { id } }", deployment=shop, generation=3
    )
    assert "deployment" in lifted, lifted
    assert await holds(stack, shop) == []
    again = await until_waiting(stack, shop, "ApprovalGate")
    assert (again["rollbackOf"], states(again)) == (None, dict.fromkeys(fleet, "BEHIND"))
    for index in (0, 1):
        await approve(stack, again, index, approver)
    await until_phase(stack, shop, "SUCCEEDED")
    assert await generations(stack, shop) == dict.fromkeys(fleet, (3, 3))
