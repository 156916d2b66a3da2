"""Rollouts of changes that a stored plan has shown, on simulated members with a worker and an observer."""

from app.tables.identity import Role
from simulator import Member
from tests.delivery.asking import (
    PAYLOAD,
    approve,
    generations,
    paris_first,
    records,
    states,
    until_phase,
    until_waiting,
)
from tests.identity.callers import token_of
from tests.plans.planned import applied, made
from tests.stack import Stack


async def test_approvals_of_a_planned_rollout_are_for_the_digest_of_its_plan(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    approver = await token_of(stack, Role.APPROVER)
    plan = await made(stack, update={"id": shop, "values": {"replicas": 2}, "strategy": paris_first()})
    answer = await applied(stack, plan)
    waiting = await until_waiting(stack, shop, "ApprovalGate")
    assert waiting["planDigest"] == plan["digest"]
    assert (await approve(stack, waiting | {"planDigest": "0" * 64}, 1, approver))["code"] == "rollout_digest"
    assert states(waiting) == {"paris": "READY", "berlin": "BEHIND", "tokyo": "BEHIND"}
    # Another client writes the release that the plan has shown, before it is its turn.
    [secret] = [each for each in fleet["berlin"].objects("secrets") if each["type"] == "helm.sh/release.v1"]
    secret["metadata"]["labels"]["by"] = "another-client"
    fleet["berlin"].put("secrets", secret)
    assert "rollout" in await approve(stack, waiting, 1, approver)
    failed = await until_phase(stack, shop, "FAILED")
    assert states(failed) == {"paris": "READY", "berlin": "FAILED", "tokyo": "BEHIND"}
    results = {each["clusterName"]: each for each in (await stack.settled(answer))["results"]}
    assert results["berlin"]["error"]["code"] == "release_not_as_planned"
    assert {name: records(member) for name, member in fleet.items()} == {"paris": 2, "berlin": 1, "tokyo": 1}
    # A user who retries the target accepts the release as it is.
    await stack.mutate("retryTarget", PAYLOAD, rollout=failed["id"], cluster="berlin")
    await until_phase(stack, shop, "SUCCEEDED")
    assert await generations(stack, shop) == dict.fromkeys(fleet, (2, 2))
