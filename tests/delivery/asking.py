"""What tests ask about rollouts."""

from typing import Any

from tests.stack import Stack, eventually

ROLLOUT = """
id generation phase ending planDigest isExpedited
waves { index name state targets { nodes { clusterName state } } }
waitingFor { __typename wave targetCount message }
counts { state count }
budget { maxUnavailable inUse }
supersedes { id } supersededBy { id } rollbackOf { id }
operation { id state }
"""


def wave(name: str, **given: Any) -> dict[str, Any]:
    """A wave whose targets are ready as soon as they are healthy."""
    return {"name": name, "minReady": "0s"} | given


def waves(*names: str, **given: Any) -> dict[str, Any]:
    """A strategy with one wave for each of these clusters, which are labelled with their names."""
    return {"waves": [wave(name, select={"labels": {"wave": name}}) for name in names]} | given


async def rollout_of(stack: Stack, deployment_id: str) -> Any:
    """The rollout of the deployment's present generation."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ rollout {{ {ROLLOUT} }} }} }} }}"
    return (await stack.data(query, id=deployment_id))["node"]["rollout"]


async def until_phase(stack: Stack, deployment_id: str, *phases: str) -> Any:
    """The rollout, once it is in one of these phases."""

    async def is_there() -> Any:
        found = await rollout_of(stack, deployment_id)
        return found if found and found["phase"] in phases else None

    return await eventually(is_there)


async def until_waiting(stack: Stack, deployment_id: str, gate: str) -> Any:
    """The rollout, once it waits for a gate of this type."""

    async def is_there() -> Any:
        found = await rollout_of(stack, deployment_id)
        return found if found and any(each["__typename"] == gate for each in found["waitingFor"]) else None

    return await eventually(is_there)


def states(rollout: Any) -> dict[str, str]:
    """The state of each target by the name of its cluster."""
    return {node["clusterName"]: node["state"] for wave in rollout["waves"] for node in wave["targets"]["nodes"]}


async def generations(stack: Stack, deployment_id: str) -> dict[str, tuple[int | None, int | None]]:
    """The generation that each target may have, and the one that it has, by the name of its cluster."""
    query = """query ($id: ID!) { node(id: $id) { ... on Deployment {
      targets { clusterName allowedGeneration generation }
    } } }"""
    targets = (await stack.data(query, id=deployment_id))["node"]["targets"]
    return {each["clusterName"]: (each["allowedGeneration"], each["generation"]) for each in targets}
