"""What an upgrade removes from an object: what the installed manifest has and the next one lacks."""

from typing import Any

import pytest
from hypothesis import given

from app.drift.removals import without_removed
from tests.health.strategies import JSON


@pytest.mark.parametrize(
    ("applied", "installed", "wanted", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}),
        ({"a": 1, "theirs": 2}, {"a": 1}, {"a": 1}, {"a": 1, "theirs": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        # A map that goes as a whole keeps what others have written to it.
        ({"notes": {"ours": 1, "theirs": 2}}, {"notes": {"ours": 1}}, {}, {"notes": {"theirs": 2}}),
        ({"notes": {"ours": 1}}, {"notes": {"ours": 1}}, {}, {}),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "THEIRS"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "A"}]},
            {"env": [{"name": "A"}, {"name": "THEIRS"}]},
        ),
        ({"args": ["a", "b"]}, {"args": ["a", "b"]}, {"args": ["a"]}, {"args": ["a", "b"]}),
        ({"a": 1}, {"a": {"x": 1}}, {"a": [1]}, {"a": 1}),
    ],
)
def test_only_what_the_manifest_no_longer_has_goes(applied: Any, installed: Any, wanted: Any, expected: Any) -> None:
    assert without_removed(applied, installed, wanted) == expected


@given(JSON, JSON)
def test_an_object_stays_as_it_is_while_the_manifest_is_the_same(applied: Any, manifest: Any) -> None:
    assert without_removed(applied, manifest, manifest) == applied


@given(JSON, JSON, JSON)
def test_any_objects_can_be_given(applied: Any, installed: Any, wanted: Any) -> None:
    without_removed(applied, installed, wanted)
