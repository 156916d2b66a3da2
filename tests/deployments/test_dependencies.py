"""Dependencies between deployments: the order of installs, upgrades and removals on each cluster."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from tests.operations.charts import with_hook
from tests.sample_charts import packaged
from tests.stack import Stack, eventually

WORK = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  dependsOn { releaseName condition deployment { releaseName } } dependents { releaseName }
  targets { clusterName activity { phase message } }
} } }"""
WAITING = "WAITING_FOR_DEPENDENCY"


async def node(stack: Stack, deployment_id: str) -> Any:
    return (await stack.data(WORK, id=deployment_id))["node"]


async def until_waiting(stack: Stack, deployment_id: str, message: str) -> None:
    """Returns once exactly one target waits, with this message."""

    async def waits() -> bool:
        found = await node(stack, deployment_id)
        activities = [one["activity"] for one in found["targets"] if one["activity"]]
        return activities == [{"phase": WAITING, "message": message}]

    await eventually(waits)


async def install(stack: Stack, name: str, *others: Any, **given: Any) -> Any:
    depends_on = [{"deployment": one} if isinstance(one, str) else one for one in others]
    answer = await stack.create(releaseName=name, dependsOn=depends_on, **given)
    assert answer["__typename"] == "DeploymentPayload", answer
    return answer


@pytest.fixture
async def pair(stack: Stack, simulated: Callable[[str], Member]) -> dict[str, Member]:
    members = {name: simulated(name) for name in ("paris", "berlin")}
    await stack.fleet({name: member.kubeconfig for name, member in members.items()})
    return members


async def test_a_release_waits_on_each_cluster_until_the_other_one_is_there_and_healthy(
    stack: Stack, pair: dict[str, Member]
) -> None:
    db = await install(stack, "db", targets=["berlin"])
    db_id = db["deployment"]["id"]
    plan = await stack.create(releaseName="shop", dependsOn=[{"deployment": "db"}], dryRun=True)
    [paris] = [one for one in plan["plan"]["targets"] if one["clusterName"] == "paris"]
    message = "Waiting for db, which has no target on paris."
    assert (paris["action"], [one["message"] for one in paris["reasons"]][1:]) == ("INSTALL", [message])
    assert paris["manifest"] is not None

    shop = await install(stack, "shop", "db")
    shop_id = shop["deployment"]["id"]
    await stack.until_status(shop_id, "berlin", "DEPLOYED")
    assert (await stack.targets(db_id))["berlin"]["status"] == "DEPLOYED"
    await until_waiting(stack, shop_id, message)
    waiting = (await stack.targets(shop_id))["paris"]
    assert [(one["code"], one["message"]) for one in waiting["reasons"]][1:] == [("DEPENDENCY", message)]
    found = await node(stack, shop_id)
    assert found["dependsOn"] == [{"releaseName": "db", "condition": None, "deployment": {"releaseName": "db"}}]
    assert (await node(stack, db_id))["dependents"] == [{"releaseName": "shop"}]

    await stack.update(db_id, targets=["berlin", "paris"])
    assert (await stack.settled(shop))["state"] == "SUCCEEDED"
    events = (await stack.data('{ events(first: 100, kinds: ["target.converged"]) { nodes { message } } }'))["events"]
    messages = [one["message"] for one in events["nodes"]]
    installed = [f"Installation of {name} on paris succeeded." for name in ("shop", "db")]
    assert messages.index(installed[0]) < messages.index(installed[1])

    # What is as wanted waits for nothing, whatever the other release is like.
    await stack.update(db_id, targets=["berlin"])
    assert (await stack.settled(await stack.reconcile(shop_id)))["state"] == "SUCCEEDED"


async def test_a_condition_decides_in_place_of_status_and_health_and_a_removed_dependency_ends_the_wait(
    stack: Stack, pair: dict[str, Member]
) -> None:
    await stack.upload(packaged(version="1.1.0"))
    db_id = await stack.deployed(releaseName="db", version="1.0.0", targets=["paris"])
    condition = 'target.chartVersion == "1.1.0" && cluster.name == "paris"'
    shop = await install(stack, "shop", {"deployment": "db", "condition": condition}, targets=["paris"])
    shop_id = shop["deployment"]["id"]
    await until_waiting(stack, shop_id, f"Waiting for db on paris: the condition {condition} is not met.")
    await stack.settled(await stack.update(db_id, version="1.1.0"))
    assert (await stack.settled(shop))["state"] == "SUCCEEDED"

    broken = {"deployment": "db", "condition": "target.revision"}
    changed = await stack.update(shop_id, dependsOn=[broken])
    assert (changed["operation"], changed["deployment"]["generation"]) == (None, 1)
    upgrade = await stack.update(shop_id, values={"replicas": 2})
    message = "Waiting for db on paris: the condition target.revision has no result: the result is not a boolean."
    await until_waiting(stack, shop_id, message)
    await stack.update(shop_id, dependsOn=[])
    assert (await stack.settled(upgrade))["state"] == "SUCCEEDED"
    assert (await node(stack, shop_id))["dependsOn"] == []
    events = (await stack.data('{ events(first: 10, kinds: ["deployment.options"]) { nodes { message } } }'))["events"]
    assert [one["message"] for one in events["nodes"]] == ["shop was changed: dependencies."] * 2


async def test_a_cancelled_operation_waits_no_more(stack: Stack, pair: dict[str, Member]) -> None:
    await install(stack, "db", targets=["berlin"])
    shop = await install(stack, "shop", "db", targets=["paris"])
    await until_waiting(stack, shop["deployment"]["id"], "Waiting for db, which has no target on paris.")
    cancelled = "... on OperationPayload { operation { state } }"
    answer = await stack.mutate("cancelOperation", cancelled, id=shop["operation"]["id"])
    assert answer["operation"]["state"] == "CANCELLED"
    paris = (await stack.targets(shop["deployment"]["id"]))["paris"]
    assert [one["code"] for one in paris["reasons"]] == ["ABSENT"]


async def test_releases_are_removed_in_the_reverse_order_and_one_that_is_needed_is_not_deleted(
    stack: Stack, pair: dict[str, Member]
) -> None:
    await stack.upload(with_hook("pre-delete"))
    db_id = await stack.deployed(releaseName="db", targets=["paris"])
    shop = await install(stack, "shop", "db", targets=["paris"], chart="charts/pre-delete")
    await stack.settled(shop)
    shop_id = shop["deployment"]["id"]
    for dry_run in (True, False):
        refused = await stack.delete(db_id, dryRun=dry_run)
        assert (refused["code"], refused["message"]) == (
            "has_dependents",
            "shop depends on db: delete it first, remove the dependency, or delete with force.",
        )
    pair["paris"].faults.stuck = True  # the hook of the uninstall runs until it is over
    first = await stack.delete(shop_id)
    second = await stack.delete(db_id)
    await until_waiting(stack, db_id, "Waiting until shop, which depends on it, is removed from paris.")
    assert len(pair["paris"].objects("configmaps", namespace="default")) == 2
    pair["paris"].faults.stuck = False
    assert [(await stack.settled(one))["state"] for one in (first, second)] == ["SUCCEEDED", "SUCCEEDED"]
    assert await stack.targets(db_id) == {}


async def test_a_forced_deletion_waits_for_nobody_and_frees_what_waited(stack: Stack, pair: dict[str, Member]) -> None:
    db_id = await stack.deployed(releaseName="db", targets=["paris"])
    shop = await install(stack, "shop", "db", targets=["berlin"])
    await until_waiting(stack, shop["deployment"]["id"], "Waiting for db, which has no target on berlin.")
    assert (await stack.settled(await stack.delete(db_id, force=True)))["state"] == "SUCCEEDED"
    assert (await stack.settled(shop))["state"] == "SUCCEEDED"


async def test_a_cluster_that_leaves_the_targets_keeps_the_release_until_the_other_one_is_gone(
    stack: Stack, pair: dict[str, Member]
) -> None:
    db_id = await stack.deployed(releaseName="db")
    shop = await install(stack, "shop", "db")
    await stack.settled(shop)
    query = """mutation ($input: UpdateDeploymentInput!) { updateDeployment(input: $input) {
      ... on DeploymentPayload { plan { warnings { code message path } } } } }"""
    plan = await stack.data(query, input={"id": db_id, "targets": ["paris"], "dryRun": True})
    message = "shop depends on it on berlin: the removal there waits until shop is removed."
    assert plan["updateDeployment"]["plan"]["warnings"] == [
        {"code": "NEEDED_BY_OTHERS", "message": message, "path": ["targets"]}
    ]
    leaving = await stack.update(db_id, targets=["paris"])
    await until_waiting(stack, db_id, "Waiting until shop, which depends on it, is removed from berlin.")
    await stack.update(shop["deployment"]["id"], targets=["paris"])
    assert (await stack.settled(leaving))["state"] == "SUCCEEDED"
    assert set(await stack.targets(db_id)) == {"paris"}


async def test_cycles_and_names_of_no_other_deployment_are_refused(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    a = (await install(quiet, "a"))["deployment"]["id"]
    await install(quiet, "b", "a")
    await install(quiet, "c", "b")
    for dry_run in (True, False):
        refused = await quiet.update(a, dependsOn=[{"deployment": "c"}], dryRun=dry_run)
        assert (refused["__typename"], refused["code"]) == ("ValidationFailed", "dependency_cycle")
        assert refused["message"] == "The deployments depend on each other in a cycle: a → c → b → a."
    for given, path, message in (
        ([{"deployment": "a"}], "0.deployment", "A deployment cannot depend on itself."),
        ([{"deployment": "b"}] * 2, "1.deployment", "b is given twice."),
        ([{"deployment": "d"}], "0.deployment", "There is no deployment d in the group."),
        (
            [{"deployment": "b", "condition": "others"}],
            "0.condition",
            "line 1, column 1: undeclared reference to 'others'.",
        ),
    ):
        refused = await quiet.update(a, dependsOn=given)
        assert refused["problems"] == [{"path": ["dependsOn", *path.split(".")], "message": message}]
    plan = """mutation ($input: CreateDeploymentInput!) { createDeployment(input: $input) {
      ... on DeploymentPayload { plan { warnings { code message path } } } } }"""
    given_input = {
        "group": "fleet",
        "chart": "charts/web",
        "namespace": "default",
        "releaseName": "e",
        "dependsOn": [{"deployment": "later"}, {"deployment": "a"}],
        "dryRun": True,
    }
    warnings = (await quiet.data(plan, input=given_input))["createDeployment"]["plan"]["warnings"]
    assert warnings == [
        {
            "code": "UNKNOWN_DEPENDENCY",
            "message": "There is no deployment later in the group yet.",
            "path": ["dependsOn"],
        }
    ]
