"""`polyhelm health-rules`."""

from tests.cli.polyhelm import Polyhelm

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


async def test_mistakes_in_a_rule_file_are_reported_before_any_rule_is_set(polyhelm: Polyhelm) -> None:
    for text, message in (
        ("a: 1", "standard input has no list `rules`."),
        ("rules: [{kinds: [A], currently: x}]", "standard input: rule 1 has unknown keys: currently."),
        ("rules: [{kinds: A, current: x}]", "standard input: rule 1 has no list `kinds` of texts."),
        ("rules: [{kinds: [A]}]", "standard input: rule 1 has no expression `current`."),
        ("rules: [{kinds: [A], current: true}]", "standard input: rule 1: `group` and the expressions are texts."),
        ("rules: [{kinds: [A, A], current: 'true'}]", "There are two rules for A."),
    ):
        refused = await polyhelm("health-rules", "apply", "-f", "-", stdin=text)
        assert (refused.code, message in refused.err) == (2, True), refused
    refused = await polyhelm("health-rules", "apply", "-f", "-", stdin="rules: [{kinds: [A], current: nothing}]")
    assert "undeclared reference to 'nothing'" in refused.err
    assert await polyhelm.fine("health-rules", "ls", "-o", "name") == []
