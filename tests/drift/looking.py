"""What tests see of the drift of live objects."""

from typing import Any

from tests.stack import Stack, eventually

_TARGETS = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  liveDrift driftCounts { state count } suggestedIgnoreRules { kind group path targets changedBy }
  targets { clusterName status liveDrift {
    state drifted notChecked
    differences { kind name isMissing contestedUntil field { path wanted live changedBy changedAt ignoredBy } }
  } resources(first: 50) { nodes { kind name drift driftReason differences { path wanted live ignoredBy } } } }
} } }"""


async def drift_of(stack: Stack, deployment_id: str) -> Any:
    """What the API shows of a deployment's drift."""
    return (await stack.data(_TARGETS, id=deployment_id))["node"]


async def until_drift(stack: Stack, deployment_id: str, state: str, *differing: str, cluster: str = "paris") -> Any:
    """The drift of a target, once it has this state and exactly these differences, each as `Kind path` or, for a
    missing object, `Kind`."""

    async def has_it() -> Any:
        found = await drift_of(stack, deployment_id)
        drift = next(each for each in found["targets"] if each["clusterName"] == cluster)["liveDrift"]
        named = tuple(
            each["kind"] if each["isMissing"] else f"{each['kind']} {each['field']['path']}"
            for each in drift["differences"]
        )
        return drift if (drift["state"], named) == (state, differing) else None

    return await eventually(has_it)
