"""Values, with Helm as the oracle: what it makes of two files is what it makes of our one document."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.releases.canonical import canonical
from app.releases.values import MAX_DEPTH, MAX_KEY, MAX_VALUES_BYTES, coalesce, merge, patch, problems, to_helm
from tests.releases.oracle import Oracle
from tests.releases.strategies import ODD, YAMLISH, documents, layers, scalars

runs_helm = settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # no shrinking: it is slow


def many(case: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Cases for one run of Helm, each below a key of its own."""
    return st.lists(case, min_size=1, max_size=8)


def numbered(cases: list[Any]) -> dict[str, Any]:
    return {f"case-{number}": case for number, case in enumerate(cases)}


def assert_same(seen: Any, expected: Any) -> None:
    differing = {
        key: (seen.get(key), expected.get(key))
        for key in seen.keys() | expected.keys()
        if canonical(seen.get(key)) != canonical(expected.get(key)) or (key in seen) != (key in expected)
    }
    assert differing == {}


@runs_helm
@given(cases=many(documents()))
def test_helm_reads_the_document_as_what_it_is(oracle: Oracle, cases: list[Any]) -> None:
    values = numbered(cases)
    assert_same(oracle.sees_from_standard_input(to_helm(values)), values)


def test_helm_reads_every_character_in_keys_and_texts(oracle: Oracle) -> None:
    points = [*range(1, 0x3000), *range(0xD7F0, 0xD800), *range(0xE000, 0xE010), *range(0xFE00, 0x10010), 0x1F600]
    points += [plane * 0x10000 + last for plane in range(1, 17) for last in (0xFFFD, 0xFFFE, 0xFFFF)]
    values: dict[str, Any] = {
        "texts": {f"{point:x}": f"a{chr(point)}b {chr(point)} {chr(point)}" for point in points},
        "keys": {f"a{chr(point)}b": point for point in points},
        "whole": {chr(point): chr(point) for point in points},
    }
    seen = oracle.sees_from_standard_input(to_helm(values))
    for part, expected in values.items():
        assert_same(seen[part], expected)


def test_helm_reads_texts_that_look_like_something_else_as_texts(oracle: Oracle) -> None:
    values = {"texts": YAMLISH, "keys": {text: number for number, text in enumerate(YAMLISH)}, "odd": list(ODD)}
    assert oracle.sees_from_standard_input(to_helm(values)) == values


def test_helm_reads_empty_maps_lists_texts_and_null(oracle: Oracle) -> None:
    empty: dict[str, Any] = {"map": {}, "list": [], "text": "", "null": None}
    values: dict[str, Any] = empty | {"below": empty, "in a list": [None, {}, [], "", empty]}
    assert oracle.sees_from_standard_input(to_helm(values)) == values


def test_helm_reads_the_longest_key_and_the_deepest_values_that_are_let_through(oracle: Oracle) -> None:
    deepest: Any = "here"
    for _ in range(MAX_DEPTH - 1):
        deepest = {"k": deepest}
    ends = ['"', "\n", "\x85", "ü", "\U0001f600", "k"]
    values: dict[str, Any] = {
        "deep": deepest,
        **{end * ((MAX_KEY - 2) // len(to_helm({end: 0}).decode().split('":')[0][2:])): 1 for end in ends},
    }
    assert list(problems(values)) == []
    assert oracle.sees_from_standard_input(to_helm(values)) == values


@runs_helm
@given(cases=many(st.tuples(layers, layers)))
def test_two_values_files_are_our_one_merged_document(oracle: Oracle, cases: list[tuple[Any, Any]]) -> None:
    weak, strong = numbered([weak for weak, _ in cases]), numbered([strong for _, strong in cases])
    seen = oracle.sees(to_helm(weak), to_helm(strong))
    assert_same(seen, {key: merge(weak[key], strong[key]) for key in weak})
    assert_same(seen, oracle.sees_from_standard_input(to_helm(merge(weak, strong))))


@runs_helm
@given(cases=many(st.tuples(documents(), documents(), documents())))
def test_three_values_files_are_our_one_merged_document(oracle: Oracle, cases: list[tuple[Any, Any, Any]]) -> None:
    given_layers = [numbered([case[number] for case in cases]) for number in range(3)]
    assert_same(oracle.sees(*map(to_helm, given_layers)), merge(*given_layers))


@runs_helm
@given(cases=many(st.tuples(layers, layers)))
def test_templates_see_defaults_under_values_as_coalesced(newest: Oracle, cases: list[tuple[Any, Any]]) -> None:
    defaults, values = numbered([case[0] for case in cases]), numbered([case[1] for case in cases])
    assert_same(newest.sees(to_helm(values), defaults=to_helm(defaults)), coalesce(defaults, values))


@pytest.mark.parametrize("below", [False, True], ids=["at the top", "below"])
def test_null_and_defaults_in_every_combination(newest: Oracle, below: bool) -> None:
    shapes: list[Any] = [None, 1, "s", [], [None], {}, {"k": None}, {"k": 1}, {"k": {"j": None}}, {"k": {"j": 1}}]
    lacking = object()
    defaults: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for row, default in enumerate([*shapes, lacking]):
        for column, value in enumerate([*shapes, lacking]):
            if default is not lacking:
                defaults[f"{row} {column}"] = default
            if value is not lacking:
                values[f"{row} {column}"] = value
    if below:
        defaults, values = {"all": defaults}, {"all": values}
    seen, expected = newest.sees(to_helm(values), defaults=to_helm(defaults)), coalesce(defaults, values)
    assert_same(seen["all"] if below else seen, expected["all"] if below else expected)


@pytest.mark.parametrize(
    ("defaults", "values", "seen"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"a": None}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({}, {"a": None}, {"a": None}),
        ({"a": {}}, {"a": {"b": None}}, {"a": {"b": None}}),
        ({"a": None}, {"a": None}, {}),
        ({"a": {"b": None}}, {"a": {"b": None}}, {"a": {"b": None}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 2}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_null_removes_a_default(defaults: Any, values: Any, seen: Any) -> None:
    assert coalesce(defaults, values) == seen


@pytest.mark.parametrize("change", [merge, patch, coalesce])
@given(one=layers, other=layers)
def test_merging_does_not_change_its_arguments(change: Callable[[Any, Any], Any], one: Any, other: Any) -> None:
    before = canonical([one, other])
    change(one, other)
    assert canonical([one, other]) == before


@given(one=layers, other=layers)
def test_merged_values_share_no_map_with_their_layers(one: Any, other: Any) -> None:
    before = canonical([one, other])
    spoil(merge(one, other))
    assert canonical([one, other]) == before


def spoil(values: dict[str, Any]) -> None:
    for inner in values.values():
        if isinstance(inner, dict):
            spoil(inner)
    values["spoilt"] = True


@given(one=layers, other=layers, third=layers)
def test_merging_goes_layer_by_layer_from_the_left(one: Any, other: Any, third: Any) -> None:
    """Helm's merging is not associative: a scalar between two maps parts them, and is told from its order alone."""
    assert merge(one, other, third) == merge(merge(one, other), third)
    assert merge(one) == one
    assert merge({}, one) == one
    assert merge(one, {}) == one
    assert merge(one, one) == one


@given(stored=layers, change=layers)
def test_a_patch_without_null_is_a_merge(stored: Any, change: Any) -> None:
    change = without_null(change)
    assert patch(stored, change) == merge(stored, change)


def without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_null(inner) for key, inner in value.items() if inner is not None}
    return value


@pytest.mark.parametrize(
    ("stored", "given_values", "kept"),
    [
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {"a": {"b": None}}, {"a": {}}),
        ({"a": 1}, {"b": None}, {"a": 1, "b": None}),
        ({"a": {"x": 1}}, {"a": {"b": None}}, {"a": {"x": 1, "b": None}}),
        ({"a": None}, {"a": None}, {}),
        ({"a": [1]}, {"a": [None]}, {"a": [None]}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"b": None}}, {"a": {"b": None}}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_null_in_a_patch_removes_what_is_stored(stored: Any, given_values: Any, kept: Any) -> None:
    assert patch(stored, given_values) == kept


@given(stored=layers, change=layers)
def test_patched_values_are_what_templates_see_or_are_removed(stored: Any, change: Any) -> None:
    patched = patch(stored, change)
    for key, value in change.items():
        if value is None:
            assert (key in patched) == (key not in stored)
        elif not isinstance(value, dict):
            assert patched[key] == value
    for key in stored.keys() - change.keys():
        assert patched[key] == stored[key]


@given(values=documents(scalars))
def test_values_that_helm_can_read_have_no_problems(values: Any) -> None:
    assert list(problems(values)) == []


def nested(depth: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for _ in range(depth):
        values = {"a": values}
    return values


WIDE = f"A key has at most 1,000 characters: {'k' * 50}… has more."
NO_ZERO = "Text may not hold the character U+0000."
NO_SURROGATE = "Text must be valid Unicode, without lone surrogates."
TOO_LARGE = "A whole number must fit into 64 bits; write a larger one as a string."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (None, [((), "Values are an object: a map of keys to values.")]),
        ([], [((), "Values are an object: a map of keys to values.")]),
        ("a: 1", [((), "Values are an object: a map of keys to values.")]),
        ({"a": "\x00"}, [(("a",), NO_ZERO)]),
        ({"a": {"b\x00": 1}}, [(("a",), NO_ZERO)]),
        ({"a": ["x", "\ud800"]}, [(("a", "1"), NO_SURROGATE)]),
        ({"\udfff": 1}, [((), NO_SURROGATE)]),
        ({"\udfff" * 2000: 1}, [((), NO_SURROGATE)]),
        ({"a": float("inf")}, [(("a",), "A number must be finite.")]),
        ({"a": [float("nan")]}, [(("a", "0"), "A number must be finite.")]),
        ({"a": 2**64}, [(("a",), TOO_LARGE)]),
        ({"a": -(2**63) - 1}, [(("a",), TOO_LARGE)]),
        ({"a": {"k" * (MAX_KEY - 1): 1}}, [(("a",), WIDE)]),
        ({"a": 2**64, "b": "\x00"}, [(("a",), TOO_LARGE), (("b",), NO_ZERO)]),
        (nested(MAX_DEPTH + 1), [(("a",) * (MAX_DEPTH + 1), "Values are nested at most 100 levels deep.")]),
        (
            {"a": "x" * MAX_VALUES_BYTES},
            [((), "The values have 1,000,008 bytes; at most 1,000,000 fit into a Helm release.")],
        ),
    ],
)
def test_values_that_helm_cannot_return_unchanged_are_a_problem(values: object, expected: object) -> None:
    assert list(problems(values)) == expected


def test_the_largest_values_have_no_problems() -> None:
    assert list(problems(nested(MAX_DEPTH))) == []
    assert list(problems({"a": "x" * (MAX_VALUES_BYTES - 8)})) == []
    assert list(problems({"k" * (MAX_KEY - 2): 2**64 - 1, "least": -(2**63)})) == []


def test_the_document_for_helm_is_json_all_the_same() -> None:
    noise = random.Random(7)
    values = {f"{n}": "".join(noise.choices(ODD + "abc", k=20)) for n in range(100)}
    assert json.loads(to_helm(values)) == values
