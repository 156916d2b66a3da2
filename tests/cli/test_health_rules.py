"""`polyhelm health-rules`."""

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.resources.charts import chart
from tests.resources.looking import until_health

FILE = """
rules:
  - group: example.com
    kinds: [Widget, Gadget]
    failed: status.?broken.orValue(false)
    current: has(status.up)
"""


async def test_rules_are_applied_from_a_file_listed_and_deleted(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "rules.yaml").write_text(FILE)
    applied = await polyhelm("health-rules", "apply", "-f", "rules.yaml")
    assert applied.words == ["Widget.example.com added.", "Gadget.example.com added."]
    again = await polyhelm("health-rules", "apply", "-f", "rules.yaml", "-o", "json")
    assert [(rule["kind"], rule["version"], rule["failed"]) for rule in again.data] == [
        ("Widget", 1, "status.?broken.orValue(false)"),
        ("Gadget", 1, "status.?broken.orValue(false)"),
    ]
    assert again.words == ["Widget.example.com unchanged.", "Gadget.example.com unchanged."]
    deleted = await polyhelm("health-rules", "rm", "Widget.example.com", "--yes")
    assert deleted.words == ["Widget.example.com deleted."]
    assert await polyhelm.fine("health-rules", "ls", "-o", "name") == ["Gadget.example.com"]


DEPLOYMENT_RULE = """
rules:
  - group: apps
    kinds: [Deployment]
    failed: spec.replicas > 0
    current: 'true'
    reason: "'TooMany'"
"""


async def test_a_rule_is_tried_on_a_file_and_on_a_live_object_and_not_saved(
    working: Polyhelm, members: dict[str, Member]
) -> None:
    home = working.home
    (home / "rules.yaml").write_text(FILE)
    (home / "widget.yaml").write_text("{apiVersion: example.com/v1, kind: Widget, status: {broken: true}}")
    tried = ("health-rules", "try", "-f", "rules.yaml")
    assert await working.fine(*tried, "--object", "widget.yaml") == [
        "Widget in widget.yaml would be DEGRADED (Its controller has reported a failure)"
    ]
    (home / "widget.yaml").write_text("{apiVersion: example.com/v1, kind: Widget, status: {}}")
    judged = await working(*tried, "--object", "widget.yaml", "-o", "json")
    assert judged.data == {
        "health": "PROGRESSING",
        "reason": None,
        "message": "Its controller has not yet reported that it is ready",
    }
    (home / "pod.yaml").write_text("{apiVersion: v1, kind: Pod}")
    for arguments, message in (
        (("--object", "pod.yaml"), "The files have no rule for Pod."),
        (("--object", "absent.yaml"), "absent.yaml cannot be read"),
        ((), "Name an object, or a file with one."),
        (("fleet/shop", "Widget/shop"), "There is no deployment 'fleet/shop'."),
    ):
        refused = await working(*tried, *arguments)
        assert (refused.code != 0, message in refused.err) == (True, True), refused
    stack = working.stack
    await stack.fleet({"paris": members["paris"].kubeconfig})
    await stack.upload(chart("deployment", version="2.0.0"))
    await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0")
    await until_health(stack, "HEALTHY")
    (home / "rules.yaml").write_text(DEPLOYMENT_RULE)
    assert await working.fine(*tried, "fleet/shop", "Deployment/shop") == [
        "Deployment/shop would be DEGRADED (TooMany: Its controller has reported a failure)"
    ]
    missing = await working(*tried, "fleet/shop", "Deployment/other")
    assert "fleet/shop has no Deployment/other there." in missing.err
    assert await working.fine("health-rules", "ls", "-o", "name") == []


async def test_mistakes_in_a_rule_file_are_reported_before_any_rule_is_set(polyhelm: Polyhelm) -> None:
    for text, message in (
        ("a: 1", "standard input has no list `rules`."),
        ("rules: [{kinds: [A], currently: x}]", "standard input: rule 1 has unknown keys: currently."),
        ("rules: [{kinds: A, current: x}]", "standard input: rule 1 has no list `kinds` of strings."),
        ("rules: [{kinds: [A]}]", "standard input: rule 1 has no expression `current`."),
        ("rules: [{kinds: [A], current: true}]", "standard input: rule 1: `group` and the expressions are texts."),
        ("rules: [{kinds: [A, A], current: 'true'}]", "There are two rules for A."),
    ):
        refused = await polyhelm("health-rules", "apply", "-f", "-", stdin=text)
        assert (refused.code, message in refused.err) == (2, True), refused
    refused = await polyhelm("health-rules", "apply", "-f", "-", stdin="rules: [{kinds: [A], current: nothing}]")
    assert "undeclared reference to 'nothing'" in refused.err
    assert await polyhelm.fine("health-rules", "ls", "-o", "name") == []
