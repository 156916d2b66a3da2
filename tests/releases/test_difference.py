import re
from typing import Any

import orjson
import pytest
from hypothesis import given

from app.releases.canonical import canonical
from app.releases.difference import Difference, differences
from tests.releases.strategies import documents, layers

STEP = re.compile(r'\.?([A-Za-z0-9_-]+)|\[("(?:[^"\\]|\\.)*")\]', re.DOTALL)


def steps(path: str) -> list[str]:
    """A path, taken apart as a reader would."""
    found = []
    at = 0
    while at < len(path):
        step = STEP.match(path, at)
        assert step is not None, path
        found.append(step[1] if step[1] is not None else orjson.loads(step[2]))
        at = step.end()
    return found


def apply(document: Any, difference: Difference) -> None:
    """Makes the document what is wanted, at the one place that the difference names."""
    *above, last = steps(difference.path)
    for key in above:
        document = document[key]
    if difference.lacks == "desired":
        assert canonical(document.pop(last)) == canonical(difference.actual)
    else:
        assert (last in document) == (difference.lacks != "actual")
        assert canonical(document.get(last)) == canonical(difference.actual)
        document[last] = difference.desired


@given(desired=layers, actual=layers)
def test_there_are_no_differences_exactly_if_the_values_are_equal(desired: Any, actual: Any) -> None:
    assert (list(differences(desired, actual)) == []) == (canonical(desired) == canonical(actual))


@given(desired=documents(), actual=documents())
def test_removing_every_difference_makes_the_actual_values_the_desired_ones(desired: Any, actual: Any) -> None:
    made = orjson.loads(canonical(actual))
    for difference in differences(desired, actual):
        assert (difference.lacks == "actual") <= (difference.actual is None)
        assert (difference.lacks == "desired") <= (difference.desired is None)
        apply(made, difference)
    assert canonical(made) == canonical(desired)


@given(desired=layers, actual=layers)
def test_each_difference_is_listed_once_and_mirrored_from_the_other_side(desired: Any, actual: Any) -> None:
    found = list(differences(desired, actual))
    assert len({difference.path for difference in found}) == len(found)
    other_side = {"desired": "actual", "actual": "desired", None: None}
    assert [
        (difference.path, difference.actual, difference.desired, other_side[difference.lacks]) for difference in found
    ] == [
        (difference.path, difference.desired, difference.actual, difference.lacks)
        for difference in differences(actual, desired)
    ]


@pytest.mark.parametrize(
    ("desired", "actual", "expected"),
    [
        ({"a": 1}, {"a": 2}, ["a: wanted 1, found 2"]),
        ({"a": 1}, {}, ["a: wanted 1, found nothing"]),
        ({}, {"a": 1}, ["a: wanted nothing, found 1"]),
        ({"a": None}, {}, ["a: wanted null, found nothing"]),
        ({"a": None}, {"a": 0}, ["a: wanted null, found 0"]),
        ({"a": "1"}, {"a": 1}, ['a: wanted "1", found 1']),
        ({"a": {"b": {"c": True}}}, {"a": {"b": {"c": False}}}, ["a.b.c: wanted true, found false"]),
        ({"a": {"b": 1}}, {"a": [1]}, ['a: wanted {"b":1}, found [1]']),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ['a: wanted [1,{"b":2}], found [1,{"b":3}]']),
        ({"a": {}}, {}, ["a: wanted {}, found nothing"]),
        ({"b": 1, "a": 1}, {}, ["a: wanted 1, found nothing", "b: wanted 1, found nothing"]),
        ({"a.b": 1, "": 2}, {}, ['[""]: wanted 2, found nothing', '["a.b"]: wanted 1, found nothing']),
        ({"a": {"b/c": {"d": 1}}}, {"a": {"b/c": {}}}, ['a["b/c"].d: wanted 1, found nothing']),
        ({"a": {'"]\n': 1}}, {"a": {}}, ['a["\\"]\\n"]: wanted 1, found nothing']),
        ({"a": "x" * 100}, {}, [f'a: wanted "{"x" * 56}…, found nothing']),
        ({"a": 1.0}, {"a": 1}, []),
        ({"a": 2**53 + 1}, {"a": float(2**53)}, []),
        ({"a\n": 1}, {}, ['["a\\n"]: wanted 1, found nothing']),
    ],
)
def test_each_difference_is_one_line_with_its_path(desired: Any, actual: Any, expected: list[str]) -> None:
    assert [str(difference) for difference in differences(desired, actual)] == expected
