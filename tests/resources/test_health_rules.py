"""Health rules of users: checked when they are set, and used by running observers."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from tests.live import hands
from tests.pools import crash
from tests.resources.looking import deployed, until_health, until_rows
from tests.resources.test_following import WIDGET, WIDGETS
from tests.stack import SIMPLE_RESULT, Stack

FIELDS = f"""... on HealthRulePayload {{ healthRule {{
  id group kind current inProgress failed suspended reason message version replacesPack
}} }} {SIMPLE_RESULT}"""
LIST = "{ healthRules { nodes { kind version replacesPack } } }"
TRY = """query ($target: ID!, $name: String!, $expressions: HealthExpressionsInput!) {
  tryHealthRule(target: $target, kind: "Widget", name: $name, expressions: $expressions) { health reason message }
}"""
OURS = {"group": "test.example", "kind": "Widget"}


async def set_rule(stack: Stack, **given: Any) -> Any:
    return await stack.mutate("setHealthRule", FIELDS, **OURS | given)


async def test_a_rule_is_set_changed_and_deleted(quiet: Stack) -> None:
    made = (await set_rule(quiet, current=" has(status.up) ", failed="", message="status.why", version=0))["healthRule"]
    assert {name: value for name, value in made.items() if name != "id"} == {
        **OURS,
        "current": "has(status.up)",
        **dict.fromkeys(("inProgress", "failed", "suspended", "reason", "replacesPack")),
        "message": "status.why",
        "version": 1,
    }
    assert (await set_rule(quiet, current="has(status.up)", message="status.why"))["healthRule"]["version"] == 1
    assert (await set_rule(quiet, current="true", version=1))["healthRule"]["version"] == 2
    refused = await set_rule(quiet, current="false", version=1)
    assert (refused["code"], refused["path"]) == ("health_rule_changed", ["version"])
    await set_rule(quiet, group="cert-manager.io", kind="Certificate", current="true")
    assert (await quiet.data(LIST))["healthRules"]["nodes"] == [
        {"kind": "Certificate", "version": 1, "replacesPack": "cert-manager"},
        {"kind": "Widget", "version": 2, "replacesPack": None},
    ]
    deleted = "... on DeleteHealthRulePayload { id } ... on UserError { code }"
    assert (await quiet.mutate("deleteHealthRule", deleted, id=made["id"])) == {"id": made["id"]}
    assert (await quiet.mutate("deleteHealthRule", deleted, id=made["id"]))["code"] == "health_rule_not_found"
    events = await quiet.data('{ events(kinds: ["health_rule"], first: 1) { nodes { kind message } } }')
    assert events["events"]["nodes"] == [
        {"kind": "health_rule.deleted", "message": "The health rule for Widget (test.example) was deleted."}
    ]


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"current": "state.up"}, "current", "current: line 1, column 6: undeclared reference to 'state.up'."),
        (
            {"current": "true", "inProgress": "1 + 1"},
            "inProgress",
            "inProgress: it must return a boolean, not a whole number.",
        ),
        ({"current": "true", "reason": "1 +"}, "reason", "reason: "),
        ({"current": "x" * 4097}, "current", "current: an expression may have 4,096 characters, and this has 4,097."),
        ({"current": "true", "message": "'\x00'"}, "message", "message: it contains the character U+0000."),
        ({"current": " "}, "current", "`current` is the expression that is true when an object is HEALTHY."),
        ({"current": "true", "kind": "not a kind"}, "kind", "A kind has 1 to 63 letters and digits"),
        ({"current": "true", "group": "not/a group"}, "group", "An API group is a DNS name"),
        ({"current": "true", "group": "", "kind": "Secret"}, "kind", "Secret objects have no status"),
    ],
)
async def test_a_rule_that_cannot_be_used_is_refused_when_it_is_set(
    shared: Stack, given: dict[str, Any], path: str, message: str
) -> None:
    [problem] = (await set_rule(shared, **given))["problems"]
    assert problem["path"] == [path]
    assert problem["message"].startswith(message), problem


async def test_a_rule_whose_check_crashes_is_not_called_too_expensive(
    shared: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash(monkeypatch, "health_rules")
    [problem] = (await set_rule(shared, current="true"))["problems"]
    assert problem["message"] == (
        "The expressions could not be compiled: the evaluation crashed, which is an error of Polyhelm itself."
    )


async def widget(stack: Stack, paris: Member, status: Any) -> str:
    """Deploys a release with a widget that has a status; gives the deployment's ID."""
    paris.put("customresourcedefinitions", WIDGETS, "apiextensions.k8s.io")
    deployment_id = await deployed(stack, paris, "deployment")
    put(paris, status)
    hands.rewrite(paris, "shop", lambda record: record.update(manifest=f"{record['manifest']}---\n{WIDGET}"))
    await until_rows(stack, lambda found: "Widget/shop" in found)
    return deployment_id


def put(member: Member, status: Any) -> None:
    """Writes the widget as its controller would."""
    metadata = {"name": "shop", "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    kept = {"apiVersion": "test.example/v1", "kind": "Widget", "metadata": metadata, "status": status}
    member.put("widgets", kept, "test.example")


async def test_rules_take_effect_on_a_running_observer_and_follow_the_objects(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await widget(stack, paris, {"state": "Broken", "why": "no paper"})
    await until_health(stack, "HEALTHY")
    current = "status.state == 'Up'"
    made = await set_rule(stack, current=current, failed="status.state == 'Broken'", message="status.why")
    blamed = (await until_health(stack, "DEGRADED", "Widget/shop: None")).health_reasons
    assert blamed[0]["message"] == "no paper"
    put(paris, {"state": "Up"})
    await until_health(stack, "HEALTHY")
    put(paris, {})
    unknown = await until_health(stack, "UNKNOWN", "Widget/shop: RuleFailed")
    assert unknown.health_reasons[0]["message"].startswith("The health rule for Widget failed: Key not found in map")
    target_id = (await stack.targets(deployment_id))["paris"]["id"]
    live = "query ($id: ID!) { node(id: $id) { ... on DeploymentTarget { %s } } }"
    shown = await stack.data(live % 'liveObject(kind: "Widget", name: "shop") { health reason }', id=target_id)
    assert shown["node"]["liveObject"] == {"health": "UNKNOWN", "reason": "RuleFailed"}
    rule = {"current": "false", "suspended": "!has(status.state)", "reason": "'Idle'"}
    tried = await stack.data(TRY, target=target_id, name="shop", expressions=rule)
    assert tried["tryHealthRule"] == {"health": "SUSPENDED", "reason": "Idle", "message": "It is paused"}
    none = await stack.data(TRY, target=target_id, name="other", expressions=rule)
    assert none == {"tryHealthRule": None}
    await stack.mutate("deleteHealthRule", "__typename", id=made["healthRule"]["id"])
    await until_health(stack, "HEALTHY")


async def test_a_rule_that_needs_too_much_makes_its_objects_unknown_and_nothing_else(
    new_stack: Any, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(schema_cpu_seconds=0.2) as stack:
        paris = simulated("paris")
        await widget(stack, paris, {"items": list(range(4000))})
        await set_rule(stack, current="status.items.all(a, status.items == status.items)")
        found = await until_health(stack, "UNKNOWN", "Widget/shop: RuleFailed")
        assert "its expressions may use 0.2 s of CPU time" in found.health_reasons[0]["message"]
        put(paris, {"items": []})
        await until_health(stack, "HEALTHY")
