"""Rollouts in waves, on simulated members with a worker and an observer."""

from app.tables.identity import Role
from simulator import Member
from tests.delivery.asking import APPROVAL, approve, generations, rollout_of, states, until_waiting, waves
from tests.identity.callers import token_of
from tests.stack import Stack


async def test_a_change_reaches_one_wave_after_the_other(stack: Stack, fleet: dict[str, Member]) -> None:
    deployment_id = await stack.deployed(releaseName="shop")
    assert await rollout_of(stack, deployment_id) is None
    strategy = waves("paris", "berlin")
    strategy["waves"][1]["before"] = APPROVAL
    answer = await stack.update(deployment_id, values={"replicas": 2}, strategy=strategy)
    assert answer["operation"]["state"] == "RUNNING", answer
    waiting = await until_waiting(stack, deployment_id, "ApprovalGate")
    query = """query ($id: ID!) { node(id: $id) { ... on Rollout {
      berlin: wave(index: 1) { name state targets { nodes { clusterName } } } none: wave(index: 9) { name }
    } } }"""
    berlin = {"name": "berlin", "state": "PENDING", "targets": {"nodes": [{"clusterName": "berlin"}]}}
    assert (await stack.data(query, id=waiting["id"]))["node"] == {"berlin": berlin, "none": None}
    assert (waiting["phase"], [each["name"] for each in waiting["waves"]]) == ("WAITING", ["paris", "berlin", "rest"])
    assert states(waiting) == {"paris": "READY", "berlin": "BEHIND", "tokyo": "BEHIND"}
    assert await generations(stack, deployment_id) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (1, 1)}
    assert {name: each["status"] for name, each in (await stack.targets(deployment_id)).items()} == dict.fromkeys(
        fleet, "DEPLOYED"
    )
    # Nothing else moves a target: neither a request to reconcile nor a repair of its release.
    reconciled = await stack.settled(await stack.reconcile(deployment_id))
    assert reconciled["state"] == "SUCCEEDED"
    assert (await generations(stack, deployment_id))["tokyo"] == (1, 1)
    assert (await stack.targets(deployment_id))["tokyo"]["values"] == {}
    refused = await approve(stack, waiting, 1, await token_of(stack, Role.DEPLOYER))
    assert refused["code"] == "wave_role"
    await approve(stack, waiting, 1, await token_of(stack, Role.APPROVER))
    operation = await stack.settled(answer)
    assert operation["state"] == "SUCCEEDED", operation
    done = await rollout_of(stack, deployment_id)
    assert (done["phase"], states(done)) == ("SUCCEEDED", dict.fromkeys(fleet, "READY"))
    assert await generations(stack, deployment_id) == dict.fromkeys(fleet, (2, 2))
    values = {name: each["values"] for name, each in (await stack.targets(deployment_id)).items()}
    assert values == {name: {"replicas": 2} for name in fleet}
