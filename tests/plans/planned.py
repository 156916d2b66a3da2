"""What the tests of stored plans say to the API."""

from typing import Any

from tests.stack import TOKEN, Stack

PLAN = """plan { id state kind digest generation changed failing unreachable approvals requiredApprovals
  counts { action count } blocker { code message } removal { count clusters } operation { id state }
  deployment { id } comments { author text verdict counts }
  targets { nodes { clusterName action status revision resourceVersion reasons { code message } desiredValues
    valuesDiff manifest manifestDiff warnings error { code message }
    definitionChanges { name action servedVersions storedVersions plannedVersions removedVersions differences { path } }
    objectChanges { leftOut nodes { kind name action reason differences { path wanted live changedBy } } } } } }"""
MADE = f"__typename ... on PlanDeploymentPayload {{ {PLAN} planProgress {{ id }} notices {{ code }} }}"
_CHANGES = "... on Conflict { changes { kind cluster message } }"
_REMOVAL = "... on RemovalUnconfirmed { removed }"
APPLIED = (
    f"__typename ... on ApplyPlanPayload {{ wasApplied operation {{ id kind state }} deployment {{ id generation }}"
    f" {PLAN} }} {_CHANGES} {_REMOVAL}"
)
SAID = f"__typename ... on PlanPayload {{ {PLAN} }}"


async def made(stack: Stack, token: str = TOKEN, /, **given: Any) -> Any:
    """The answer to planDeployment: its plan, or its error."""
    answer = await stack.mutate("planDeployment", MADE, token, **given)
    return answer.get("plan") or answer


async def applied(stack: Stack, plan: Any, token: str = TOKEN, /, **given: Any) -> Any:
    return await stack.mutate("applyPlan", APPLIED, token, id=plan["id"], **given)


async def said(stack: Stack, mutation: str, plan: Any, token: str = TOKEN, /, **given: Any) -> Any:
    """The plan after a decision or a comment, or the error."""
    if mutation in ("approvePlan", "rejectPlan"):
        given = {"digest": plan["digest"]} | given
    answer = await stack.mutate(mutation, SAID, token, id=plan["id"], **given)
    return answer.get("plan") or answer


async def shown(stack: Stack, plan: Any, token: str = TOKEN) -> Any:
    query = (
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Plan {{ {PLAN.removeprefix('plan {').removesuffix('}')} }} }} }}"
    )
    return (await stack.data(query, token, id=plan["id"]))["node"]


def create(**given: Any) -> dict[str, Any]:
    return {"create": {"group": "fleet", "chart": "charts/web", "namespace": "default", "releaseName": "shop"} | given}


def changes(answer: Any) -> list[tuple[str, str | None, str]]:
    """What an outdated plan is refused for."""
    assert answer["__typename"] == "Conflict", answer
    assert answer["code"] == "plan_outdated", answer
    for change in answer["changes"]:
        assert change["message"].removesuffix(".") in answer["message"]
    return [(change["kind"], change["cluster"], change["message"]) for change in answer["changes"]]
