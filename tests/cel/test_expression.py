"""Expressions in CEL: what is refused when it is saved, what an evaluation may do, and what it gives back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cel.expression import (
    MAX_CHARACTERS,
    MAX_NODES,
    MAX_TEXT,
    CompileError,
    Environment,
    EvaluationError,
    Returns,
)
from tests.health.strategies import JSON

ENVIRONMENT = Environment(["status", "spec"])


@pytest.mark.parametrize(
    ("text", "returns", "problem"),
    [
        ("spce.size", Returns.ANYTHING, "line 1, column 5: undeclared reference to 'spce.size'"),
        ("true &&\n ready(spec)", Returns.ANYTHING, "line 2, column 7: undeclared reference to 'ready'"),
        ("spec.", Returns.ANYTHING, "line 1, column 6: Syntax error: no viable alternative at input '.'"),
        ("", Returns.ANYTHING, "line 1, column 1: Syntax error: mismatched input '<EOF>'"),
        ("!'a'", Returns.ANYTHING, "line 1, column 1: found no matching overload for '!_' applied to '(string)'"),
        ("1u", Returns.TEXT, "it must return a string, not an unsigned number"),
        ("1 + 1", Returns.BOOLEAN, "it must return a boolean, not a whole number"),
        ("true", Returns.TEXT, "it must return a string, not a boolean"),
        ("[" * 40, Returns.ANYTHING, "Expression recursion limit exceeded. limit: 32"),
        ("'\ud800'", Returns.ANYTHING, "it is not valid Unicode"),
        ("1" * (MAX_TEXT + 1), Returns.ANYTHING, "an expression may have 4,096 characters, and this has 4,097"),
    ],
)  # fmt: skip
def test_a_text_is_refused_before_it_is_ever_evaluated(text: str, returns: Returns, problem: str) -> None:
    with pytest.raises(CompileError) as raised:
        ENVIRONMENT.compile(text, returns)
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')", True),
        ("status.?phase.orValue('none')", "none"),
        ("status.?conditions.orValue([])[?0].?type.orValue('')", "Ready"),
        ("{'sizes': [1, 2.5, 3u], 'none': null}", {"sizes": [1, 2.5, 3], "none": None}),
        ("'a,b'.split(',').join('-')", "a-b"),
        ("timestamp('2026-01-01T00:00:00Z') + duration('90m')", "2026-01-01T01:30:00Z"),
        ("duration('90m')", "5400s"),
        ("spec.replicas == 3.0 && spec.replicas == 3", True),
    ],
)
def test_an_expression_has_a_value_in_plain_python(text: str, value: Any) -> None:
    variables = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"replicas": 3}}
    assert ENVIRONMENT.compile(text).evaluate(variables) == value


@pytest.mark.parametrize(
    ("text", "returns", "problem"),
    [
        ("status.phase == 'Up'", Returns.BOOLEAN, 'Key not found in map : "phase"'),
        ("spec.replicas", Returns.BOOLEAN, "the result is not a boolean, but a whole number"),
        ("spec.replicas", Returns.TEXT, "the result is not a string, but a whole number"),
        ("spec.name > 3", Returns.BOOLEAN, "No matching overloads found : _>_(string, int64)"),
        ("{'a': 1}[spec.name]", Returns.ANYTHING, "Key not found in map"),
        ("{'a': 1}[spec.lines]", Returns.ANYTHING, "Key not found in map"),
        ("{1: 1}[spec.replicas]", Returns.ANYTHING, "Key not found in map"),
        ("'x'.matches(spec.pattern)", Returns.ANYTHING, "invalid regular expression: missing )"),
        ("1 / 0", Returns.ANYTHING, "divide by zero"),
        ("spec.name.matches('(')", Returns.BOOLEAN, "invalid regular expression: missing ): ("),
        ("0.0 / 0.0", Returns.ANYTHING, "the result is a number that JSON does not have"),
        ("b'web'", Returns.ANYTHING, "the result is bytes, which JSON does not have"),
        ("{1: 2}", Returns.ANYTHING, "the result has a map whose keys are not texts"),
        ("spec.?name", Returns.ANYTHING, "the result holds a value that JSON does not have"),
    ],
)
def test_an_expression_without_a_value_says_why(text: str, returns: Returns, problem: str) -> None:
    expression = ENVIRONMENT.compile(text, returns)
    spec = {"replicas": 3, "name": "web", "lines": "first\nsecond", "pattern": "(confidential"}
    with pytest.raises(EvaluationError) as raised:
        expression.evaluate({"status": {}, "spec": spec})
    assert str(raised.value) == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("spec.all(a, spec.all(b, true))", "it takes more than 10,000 steps"),
        ("[1].map(a, [a, a])" + ".map(a, [a, a, a, a, a, a])" * 5, f"the result has more than {MAX_NODES:,} values"),
        (f"spec.map(a, '{'x' * 300}')", f"the result has more than {MAX_CHARACTERS:,} characters"),
    ],
)  # fmt: skip
def test_steps_and_results_are_bounded(text: str, problem: str) -> None:
    expression = ENVIRONMENT.compile(text)
    with pytest.raises(EvaluationError) as raised:
        expression.evaluate({"status": {}, "spec": list(range(1000))})
    assert str(raised.value) == problem


@given(
    JSON, st.sampled_from(["status", "status.?a.orValue(1)", "size(status)", "[status].map(a, a)", "string(status)"])
)
def test_any_json_value_gives_a_value_or_one_kind_of_error(value: Any, text: str) -> None:
    expression = ENVIRONMENT.compile(text)
    try:
        found = expression.evaluate({"status": value, "spec": {}})
    except EvaluationError as error:
        problem = str(error)
    else:
        same = text != "status" or found == value or "\\x00" in repr(value)  # a text ends at its first NUL
        problem = "" if same else f"{found!r} is not the value"
    assert len(problem) <= 300 and "is not the value" not in problem
