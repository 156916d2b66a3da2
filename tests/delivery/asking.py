"""What tests ask about rollouts."""

from typing import Any

from sqlalchemy import text

from app.delivery.verification import why_unverified
from app.deployments.queries import current
from app.tables.deployments import Deployment
from schema.relay.ids import row_id
from simulator import Member
from tests.sample_charts import packaged
from tests.stack import TOKEN, Stack, eventually

PAYLOAD = "... on RolloutPayload { rollout { id phase } }"
APPROVAL = [{"approval": {"role": "APPROVER"}}]
_REQUESTED = text("SELECT count(*) FROM job WHERE name = 'rollouts.step' AND finished_at IS NULL")

ROLLOUT = """
id generation phase ending planDigest isExpedited
waves {
  index name state targets { nodes { clusterName state } }
  checks { rule { name } isBefore run { verdict message measurements { answer message clusters { cluster answer } } } }
}
waitingFor { __typename wave targetCount message }
counts { state count }
budget { maxUnavailable inUse }
supersedes { id } supersededBy { id } rollbackOf { id }
operation { id state }
"""


async def register(stack: Stack, members: dict[str, Member]) -> None:
    """Registers members, each labelled with its name, makes the group `fleet` of them, and uploads the test chart."""
    for name, member in members.items():
        answer = await stack.register(name, member.kubeconfig, labels={"wave": name})
        assert "cluster" in answer, answer
    await stack.group("fleet", list(members))
    await stack.upload(packaged())


def wave(name: str, **given: Any) -> dict[str, Any]:
    """A wave whose targets are ready as soon as they are healthy."""
    return {"name": name, "minReady": "0s"} | given


def waves(*names: str, **given: Any) -> dict[str, Any]:
    """A strategy with one wave for each of these clusters, which are labelled with their names."""
    return {"waves": [wave(name, select={"labels": {"wave": name}}) for name in names]} | given


def paris_first(**given: Any) -> dict[str, Any]:
    """A strategy whose second wave needs an approval."""
    strategy = waves("paris", "berlin", **given)
    strategy["waves"][1]["before"] = APPROVAL
    return strategy


def records(member: Member) -> int:
    """The number of revisions of releases on a member."""
    return sum(each["type"] == "helm.sh/release.v1" for each in member.objects("secrets"))


async def until_verified(stack: Stack, deployment_id: str) -> None:
    """Waits until all targets are known to be healthy at the present generation: then they can return to it."""

    async def is_verified() -> bool:
        async with stack.services.database.reading() as session:
            deployment = await session.get_one(Deployment, row_id(deployment_id, "Deployment"))
            revision = await current(session, deployment)
            return not await why_unverified(session, deployment, revision, was_verified=False)

    await eventually(is_verified)


async def rollout_of(stack: Stack, deployment_id: str) -> Any:
    """The rollout of the deployment's present generation."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ rollout {{ {ROLLOUT} }} }} }} }}"
    return (await stack.data(query, id=deployment_id))["node"]["rollout"]


async def rollout_by_id(stack: Stack, rollout: Any) -> Any:
    """A rollout as it is now."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Rollout {{ {ROLLOUT} }} }} }}"
    return (await stack.data(query, id=rollout["id"]))["node"]


async def until_phase(stack: Stack, deployment_id: str, *phases: str) -> Any:
    """The rollout, once it is in one of these phases."""

    async def is_there() -> Any:
        found = await rollout_of(stack, deployment_id)
        return found if found and found["phase"] in phases else None

    return await eventually(is_there)


async def until_waiting(stack: Stack, deployment_id: str, gate: str, wave: int | None = None) -> Any:
    """The rollout, once it waits for a gate of this type, in this wave if one is given."""

    async def is_there() -> Any:
        found = await rollout_of(stack, deployment_id)
        gates = found["waitingFor"] if found else ()
        is_waiting = any(each["__typename"] == gate and wave in (None, each["wave"]) for each in gates)
        return found if is_waiting else None

    return await eventually(is_there)


def states(rollout: Any) -> dict[str, str]:
    """The state of each target by the name of its cluster."""
    return {node["clusterName"]: node["state"] for wave in rollout["waves"] for node in wave["targets"]["nodes"]}


async def until_states(stack: Stack, deployment_id: str, expected: dict[str, str]) -> None:
    """Waits until the targets of the deployment's rollout have these states."""

    async def is_so() -> bool:
        return states(await rollout_of(stack, deployment_id)) == expected

    await eventually(is_so)


async def generations(stack: Stack, deployment_id: str) -> dict[str, tuple[int | None, int | None]]:
    """The generation that each target may have, and the one that it has, by the name of its cluster."""
    query = """query ($id: ID!) { node(id: $id) { ... on Deployment {
      targets { clusterName allowedGeneration generation }
    } } }"""
    targets = (await stack.data(query, id=deployment_id))["node"]["targets"]
    return {each["clusterName"]: (each["allowedGeneration"], each["generation"]) for each in targets}


async def steer(stack: Stack, mutation: str, rollout: Any, token: str = TOKEN, **given: Any) -> Any:
    """The rollout after a mutation that takes its id, or the error."""
    answer = await stack.mutate(mutation, PAYLOAD, token, id=rollout["id"], **given)
    return answer.get("rollout", answer)


async def approve(stack: Stack, rollout: Any, index: int, token: str, *, verb: str = "approveWave") -> Any:
    return await stack.mutate(verb, PAYLOAD, token, rollout=rollout["id"], wave=index, digest=rollout["planDigest"])


async def until_steps_are_done(stack: Stack) -> None:
    """Returns once all requested steps of rollouts have been computed."""

    async def are_done() -> bool:
        [[count]] = await stack.services.database.rows(_REQUESTED)
        return not count

    await eventually(are_done)


async def holds(stack: Stack, deployment_id: str) -> Any:
    """The generations that are held, newest first."""
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { holds { generation reason } } } }"
    return (await stack.data(query, id=deployment_id))["node"]["holds"]


def check(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "interval": "1s", "errorLimit": 0} | given


async def results(stack: Stack, shop: str, *checks: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The verdict and the message of each check after a wave, once all have ended."""
    strategy = {"waves": [wave("first", checks=list(checks))], "rollBackOn": []}
    answer = await stack.update(shop, values={"replicas": 2}, strategy=strategy)
    assert "operation" in answer, answer

    async def have_ended() -> Any:
        found = (await rollout_of(stack, shop))["waves"][0]["checks"]
        runs = {each["rule"]["name"]: each["run"] for each in found}
        is_done = all(run and run["verdict"] != "RUNNING" for run in runs.values())
        return is_done and {name: (run["verdict"], run["message"]) for name, run in runs.items()}

    found: dict[str, tuple[str, str]] = await eventually(have_ended)
    return found
