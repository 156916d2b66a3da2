"""Expressions in values: how they are found, and how their results are put in place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.expressions import Expression, ExpressionError, Use, filled, has_any, parts, problems, uses
from tests.releases.strategies import documents

E = Expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        ("plain", ["plain"]),
        ("${{ cluster.region }}", [E("cluster.region")]),
        ("${{cluster.region}}", [E("cluster.region")]),
        ("a-${{ x }}-b${{ y }}", ["a-", E("x"), "-b", E("y")]),
        ("${{ x }}\n", [E("x"), "\n"]),
        ("$${{ x }}", ["${{ x }}"]),
        ("$$${{ x }}", ["$${{ x }}"]),
        ("$${{ x }} ${{ y }}", ["${{ x }} ", E("y")]),
        ("${{ x }}$${{ y }}", [E("x"), "${{ y }}"]),
        ('${{ "}}" }}', [E('"}}"')]),
        ("${{ 'it\\'s }}' }}", [E("'it\\'s }}'")]),
        ('${{ {"a": {"b": 1}} }}', [E('{"a": {"b": 1}}')]),
        ("{{ .Values.x }} $VAR ${VAR} $((1)) ${ {", ["{{ .Values.x }} $VAR ${VAR} $((1)) ${ {"]),
        ("{{ printf `${{ x }}` }}", ["{{ printf `", E("x"), "` }}"]),
    ],
)
def test_a_text_is_split_into_literals_and_expressions(text: str, expected: list[Any]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize("text", ["${{", "${{ x", "${{ x }", "${{ }}", '${{ "x }}', "${{ {x }}", "${{ x } }}"])
def test_an_expression_without_an_end_or_a_content_is_a_problem(text: str) -> None:
    [(segments, message)] = problems({"a": ["x", {"b": text}]})
    assert segments == ("a", "1", "b")
    assert message.startswith("Not a valid expression: ")


def test_a_text_that_is_one_expression_becomes_the_result_of_any_type() -> None:
    results = {"n": 3, "list": [1, {"a": "b"}], "null": None}
    values = {"n": "${{ n }}", "l": ["${{ list }}"], "none": "${{ null }}"}
    assert filled(values, results) == {"n": 3, "l": [[1, {"a": "b"}]], "none": None}


def test_a_part_of_a_text_becomes_text() -> None:
    assert filled("${{ t }}-${{ n }}-${{ f }}-${{ b }}", {"t": "a", "n": 3, "f": 1.5, "b": True}) == "a-3-1.5-true"
    for result, kind in ((None, "null"), ([1], "a list"), ({}, "a map")):
        with pytest.raises(ExpressionError, match=f"the result is {kind}"):
            filled("a${{ x }}", {"x": result})


def test_results_are_not_searched_for_expressions() -> None:
    assert filled("${{ x }}", {"x": "${{ y }}"}) == "${{ y }}"


def test_uses_have_their_path() -> None:
    found = list(uses({"a": {"b": "${{ x }}"}, "l": ["", "a${{ y }}"], "no": "$${{ z }}", "t": "{{ .Values.a }}"}))
    assert found == [Use(("a", "b"), "x", True), Use(("l", "1"), "y", False)]


@given(documents())
def test_values_without_expressions_are_not_changed(values: Any) -> None:
    assert not has_any(values)
    assert filled(values, {}) == values


@given(st.text(st.sampled_from("$${}{} a'\"")))
def test_every_text_can_be_escaped(text: str) -> None:
    assert filled(text.replace("${{", "$${{"), {}) == text
