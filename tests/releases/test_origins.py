"""The origins of values, held to a plain fold."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.releases.canonical import canonical
from app.releases.layers import LayerKind, Origin
from app.releases.origins import HiddenValue, ValueOrigin, compared, expression_at, origins
from app.releases.paths import segments_of
from app.releases.references import place
from app.releases.values import merge
from tests.releases.strategies import layers as documents

DEFAULTS, COMMON, FIRST, OWN = (
    Origin(LayerKind.DEFAULTS),
    Origin(LayerKind.COMMON),
    Origin(LayerKind.SELECTOR, 0),
    Origin(LayerKind.CLUSTER),
)
LAYERS = (DEFAULTS, COMMON, FIRST, OWN)
MISSING = object()


def value_at(document: Any, segments: tuple[str, ...]) -> Any:
    for step in segments:
        document = document.get(step, MISSING) if isinstance(document, dict) else MISSING
    return document


stacks = st.lists(documents, min_size=1, max_size=4)


@given(stacks)
def test_the_values_with_an_origin_are_the_merged_document(stack: list[Any]) -> None:
    found = list(origins(list(zip(LAYERS, stack, strict=False))))
    assert canonical(place({}, ((one.segments, one.value) for one in found))) == canonical(merge(*stack))


@given(stacks)
def test_a_value_comes_from_the_strongest_layer_that_has_one_at_its_path(stack: list[Any]) -> None:
    for one in origins(list(zip(LAYERS, stack, strict=False))):
        having = [place for place, document in enumerate(stack) if value_at(document, one.segments) is not MISSING]
        assert one.origin == LAYERS[having[-1]]
        assert canonical(value_at(stack[having[-1]], one.segments)) == canonical(one.value)


@given(stacks)
def test_every_weaker_value_at_the_path_or_in_its_way_is_hidden(stack: list[Any]) -> None:
    for one in origins(list(zip(LAYERS, stack, strict=False))):
        place = LAYERS.index(one.origin)
        hidden = {(found.origin, found.path) for found in one.hides}
        for found in one.hides:
            segments = segments_of(found.path)
            assert one.segments[: len(segments)] == segments
            assert canonical(value_at(stack[LAYERS.index(found.origin)], segments)) == canonical(found.value)
        for weaker in range(place):
            seen = [length for length in range(1, len(one.segments) + 1) if _ends(stack[weaker], one.segments[:length])]
            if seen:
                assert any(origin == LAYERS[weaker] for origin, _ in hidden)


def _ends(document: Any, segments: tuple[str, ...]) -> bool:
    """Whether a document has a value at this path that no map can be merged into."""
    value = value_at(document, segments)
    return value is not MISSING and not isinstance(value, dict)


def test_hidden_values_are_named_the_strongest_first() -> None:
    found = list(
        origins(
            [
                (DEFAULTS, {"a": {"b": 1, "c": 1}, "list": [1]}),
                (COMMON, {"a": {"b": 2}, "gone": None}),
                (FIRST, {"a": 5, "list": [2]}),
                (OWN, {"a": {"b": 3}}),
            ]
        )
    )
    assert found == [
        ValueOrigin(
            ("a", "b"),
            3,
            OWN,
            (
                HiddenValue("a", FIRST, 5),
                HiddenValue("a", COMMON, {"b": 2}),
                HiddenValue("a", DEFAULTS, {"b": 1, "c": 1}),
            ),
        ),
        ValueOrigin(("gone",), None, COMMON),
        ValueOrigin(("list",), [2], FIRST, (HiddenValue("list", DEFAULTS, [1]),)),
    ]


def test_two_documents_differ_where_a_value_is_missing_or_another_one() -> None:
    one = list(origins([(COMMON, {"same": 1, "a": 1, "only": None, "deep": {"x": 1}})]))
    other = list(origins([(COMMON, {"same": 1.0, "a": 2, "deep": 3})]))
    assert [(found.path, found.a and found.a.value, found.b and found.b.value) for found in compared(one, other)] == [
        ("a", 1, 2),
        ("deep", None, 3),
        ("deep.x", 1, None),
        ("only", None, None),
    ]


def test_the_text_of_an_expression_stands_at_the_path_or_above_it() -> None:
    values = {"a": {"b": "${{ x }}"}, "c": "plain"}
    assert expression_at(values, ("a", "b")) == "${{ x }}"
    assert expression_at(values, ("a", "b", "inner")) == "${{ x }}"
    assert expression_at(values, ("c",)) is None
    assert expression_at(values, ("d",)) is None
