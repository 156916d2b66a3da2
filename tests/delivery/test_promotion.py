"""A generation of one deployment is promoted to another one, on simulated members with a worker and an observer."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest_asyncio

from app.tables.identity import Role
from simulator import Member
from tests.delivery.asking import paris_first, rollout_of, until_phase, until_verified, until_waiting
from tests.identity.callers import token_of
from tests.plans.planned import applied, made
from tests.sample_charts import packaged
from tests.stack import SIMPLE_RESULT, TOKEN, Stack

PAYLOAD = f"""... on DeploymentPayload {{ deployment {{ id generation }} operation {{ id kind state }}
  plan {{ changed targets {{ clusterName action desiredValues }} }} }} {SIMPLE_RESULT}"""
HISTORY = """query ($id: ID!) { node(id: $id) { ... on Deployment { history { nodes {
  generation chartVersion values valuesFrom { secret key path } targets
  valueOverrides { cluster values } promotedFrom { name generation deployment { id } }
} } } } }"""
PAGE = Path(__file__).parents[2] / "docs" / "rollouts.md"
(EXAMPLE,) = re.findall(r"```graphql\n([^`]*promoteDeployment.*?)```", PAGE.read_text(), re.DOTALL)
SECRET = {"secret": "db", "key": "password", "path": "password"}


@pytest_asyncio.fixture(loop_scope="session")
async def dev(stack: Stack, simulated: Callable[[str], Member]) -> str:
    """A deployment `shop` in the group `dev` at its healthy second generation, with another version and a secret. The
    group `prod` has two clusters."""
    await stack.register("lab", simulated("lab").kubeconfig)
    for name in ("paris", "berlin"):
        await stack.register(name, simulated(name).kubeconfig, labels={"wave": name})
    await stack.group("dev", ["lab"])
    await stack.group("prod", ["paris", "berlin"])
    await stack.upload(packaged())
    await stack.upload(packaged(version="1.1.0"))
    await stack.mutate("createSecret", "__typename", name="db", data={"password": "secret"})
    shop = await stack.deployed(group="dev", releaseName="shop", version="1.0.0")
    override = {"cluster": "lab", "values": {"debug": True}}
    given = {"version": "1.1.0", "values": {"replicas": 2}, "valuesFrom": [SECRET], "valueOverrides": [override]}
    assert (await stack.settled(await stack.update(shop, **given)))["state"] == "SUCCEEDED"
    await until_verified(stack, shop)
    return shop


async def prod(stack: Stack, strategy: Any = None) -> str:
    override = {"cluster": "paris", "values": {"color": "red"}}
    place = {"group": "prod", "releaseName": "shop", "version": "1.0.0"}
    shop = await stack.deployed(**place, values={"replicas": 1, "old": True}, valueOverrides=[override])
    await until_verified(stack, shop)
    await stack.update(shop, strategy=strategy)
    return shop


async def promote(stack: Stack, source: str, to: str, token: str = TOKEN, **given: Any) -> Any:
    return await stack.mutate("promoteDeployment", PAYLOAD, token, id=to, source=source, **given)


async def test_a_promotion_copies_the_version_and_the_common_values_and_begins_a_rollout(
    stack: Stack, dev: str
) -> None:
    shop = await prod(stack, paris_first())
    plan = (await promote(stack, dev, shop, dryRun=True))["plan"]
    assert (plan["changed"], [target["action"] for target in plan["targets"]]) == (True, ["UPGRADE"] * 2)
    answer = (await stack.data(EXAMPLE, source=dev, destination=shop))["promoteDeployment"]
    assert (answer["deployment"]["generation"], answer["operation"]["kind"]) == (2, "PROMOTION")
    waiting = await until_waiting(stack, shop, "ApprovalGate")
    assert waiting["generation"] == 2
    newest, oldest = (await stack.data(HISTORY, id=shop))["node"]["history"]["nodes"]
    assert newest == {
        "generation": 2,
        "chartVersion": "1.1.0",
        "values": {"replicas": 2},
        "valuesFrom": [SECRET],
        "targets": ["berlin", "paris"],
        "valueOverrides": [{"cluster": "paris", "values": {"color": "red"}}],
        "promotedFrom": {"name": "dev/shop", "generation": 2, "deployment": {"id": dev}},
    }
    assert oldest["promotedFrom"] is None
    targets = await stack.targets(shop)
    assert targets["paris"]["values"] == {"replicas": 2, "color": "red", "password": "••••••••"}
    assert targets["berlin"]["values"] == {"replicas": 1, "old": True}  # its wave needs an approval
    events = await stack.data('{ events(kinds: ["deployment.promoted"]) { nodes { message subject { id } } } }')
    assert events["events"]["nodes"] == [
        {"message": "Generation 2 of dev/shop was promoted to shop: generation 2.", "subject": {"id": shop}}
    ]

    again = await promote(stack, dev, shop)
    assert (again["deployment"]["generation"], again["operation"]) == (2, None)
    assert (await stack.settled(await stack.delete(dev)))["state"] == "SUCCEEDED"
    newest, _ = (await stack.data(HISTORY, id=shop))["node"]["history"]["nodes"]
    assert newest["promotedFrom"] == {"name": "dev/shop", "generation": 2, "deployment": None}


async def test_only_a_verified_generation_is_promoted_unless_the_request_says_so(
    stack: Stack, dev: str, simulated: Callable[[str], Member]
) -> None:
    shop = await prod(stack)
    answer = await promote(stack, dev, shop, generation=1)
    assert (answer["code"], answer["message"]) == (
        "generation_not_verified",
        "Generation 1 of dev/shop is not verified: it is not the present one, and all targets got it at once, so that"
        " their health then is not known.",
    )
    answer = await promote(stack, dev, shop, generation=7)
    assert (answer["code"], answer["message"]) == ("generation_not_found", "dev/shop has no generation 7.")
    waves = {"waves": [{"name": "all", "minReady": "0s", "before": [{"approval": {}}]}]}
    await stack.update(dev, values={"replicas": 3}, strategy=waves)
    await until_waiting(stack, dev, "ApprovalGate")
    answer = await promote(stack, dev, shop)
    words = "Generation 3 of dev/shop is not verified: its rollout is WAITING."
    assert (answer["code"], answer["message"]) == ("generation_not_verified", words)
    answer = await promote(stack, dev, shop, unverified=True)
    assert (answer["deployment"]["generation"], (await stack.settled(answer))["state"]) == (2, "SUCCEEDED")
    assert (await stack.targets(shop))["berlin"]["values"] == {"replicas": 3, "password": "••••••••"}

    rollout = await rollout_of(stack, dev)
    await stack.mutate("expediteRollout", "__typename", id=rollout["id"], reason="Test.")
    await until_phase(stack, dev, "SUCCEEDED")
    await stack.update(dev, values={"replicas": 4}, strategyOverride={"waves": []})
    # An earlier generation whose rollout succeeded is verified.
    assert (await promote(stack, dev, shop, generation=3, dryRun=True))["plan"]["changed"] is False


async def test_a_promotion_needs_the_same_chart_organization_and_the_permission_in_the_group_that_is_changed(
    stack: Stack, dev: str
) -> None:
    shop = await prod(stack)
    answer = await promote(stack, shop, shop)
    assert (answer["code"], answer["path"]) == ("promotion_source", ["source"])
    await stack.upload(packaged("api"))
    api = await stack.deployed(group="dev", chart="charts/api", releaseName="api")
    answer = await promote(stack, api, shop)
    assert answer["message"] == (
        "api has the chart api, and shop the chart web: a deployment's chart cannot be changed."
    )
    answer = await promote(stack, dev, shop, await token_of(stack, Role.VIEWER))
    assert answer["code"] == "forbidden"


async def test_a_stored_plan_of_a_promotion_keeps_its_generation_and_shows_where_it_comes_from(
    stack: Stack, dev: str
) -> None:
    shop = await prod(stack, paris_first())
    plan = await made(stack, promote={"id": shop, "source": dev}, requiredApprovals=1)
    assert (plan["kind"], plan["counts"]) == ("PROMOTE", [{"action": "UPGRADE", "count": 2}])
    options = await stack.data("query ($id: ID!) { node(id: $id) { ... on Plan { options } } }", id=plan["id"])
    assert options["node"]["options"] == {"promoted_from": "dev/shop, generation 2"}
    approver = await token_of(stack, Role.ADMIN)
    await stack.mutate("approvePlan", "__typename", approver, id=plan["id"], digest=plan["digest"])
    # The source has another generation by now: the plan still promotes the one that it has shown.
    waves = {"waves": [{"name": "all", "minReady": "0s"}]}
    await stack.update(dev, values={"replicas": 9}, strategyOverride=waves)
    await until_phase(stack, dev, "SUCCEEDED")
    answer = await applied(stack, plan)
    assert "operation" in answer, answer
    await until_waiting(stack, shop, "ApprovalGate")
    newest, _ = (await stack.data(HISTORY, id=shop))["node"]["history"]["nodes"]
    assert (newest["values"], newest["promotedFrom"]["generation"]) == ({"replicas": 2}, 2)
    assert (await rollout_of(stack, shop))["planDigest"] == plan["digest"]
