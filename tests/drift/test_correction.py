"""What is applied to set an object back."""

import base64
from typing import Any

import pytest

from app.drift.comparison import IgnoreRule, places
from app.drift.correction import with_live_values


def workload(image: str, *more: dict[str, Any], **spec: Any) -> dict[str, Any]:
    containers = [*more, {"name": "web", "image": image}]
    return {"kind": "Deployment", "spec": {**spec, "template": {"spec": {"containers": containers}}}}


@pytest.mark.parametrize(
    ("body", "live", "place", "expected"),
    [
        ({"spec": {"a": 1, "b": 2}}, {"spec": {"a": 9, "b": 9}}, "spec a", {"spec": {"a": 9, "b": 2}}),
        ({"spec": {"a": 1}}, {"spec": {}}, "spec a", {"spec": {}}),
        ({"spec": {}}, {"spec": {"a": 9}}, "spec a", {"spec": {"a": 9}}),
        ({}, {"spec": {"a": {"b": 9}}}, "spec a b", {"spec": {"a": {"b": 9}}}),
        ({"spec": {"list": [1]}}, {"spec": {"list": [2, 3]}}, "spec list", {"spec": {"list": [2, 3]}}),
        (
            workload("web:1"),
            workload("web:2", {"name": "sidecar", "image": "s:1"}),
            "spec template spec containers 1 image",
            workload("web:2"),
        ),
        (
            {"rules": [{"host": "a", "path": "/"}]},
            {"rules": [{"host": "b", "path": "/other"}]},
            "rules 0 host",
            {"rules": [{"host": "b", "path": "/"}]},
        ),
    ],
)
def test_an_ignored_place_keeps_its_live_value(body: Any, live: Any, place: str, expected: Any) -> None:
    assert with_live_values(body, live, [tuple(place.split())]) == expected


@pytest.mark.parametrize(
    ("body", "live", "place"),
    [
        ({"ports": [{"port": 1}]}, {"ports": [{"port": 2}, {"port": 1}]}, "ports 1 port"),
        (
            workload("web:1"),
            workload("web:1", {"name": "sidecar", "image": "s:1"}),
            "spec template spec containers 0 image",
        ),
        ({"ports": [{"port": 1}]}, {"ports": "text"}, "ports 0 port"),
        ({"ports": [{"port": 1}]}, {"ports": [{"port": 2}]}, "ports 7 port"),
    ],
)
def test_items_that_cannot_be_matched_are_left_as_the_manifest_has_them(body: Any, live: Any, place: str) -> None:
    assert with_live_values(body, live, [tuple(place.split())]) == body


def test_a_text_of_a_secret_keeps_its_live_value() -> None:
    body = {"kind": "Secret", "stringData": {"a": "wanted", "b": "wanted"}, "data": {"c": "Yw=="}}
    live = {"kind": "Secret", "data": {"a": "bGl2ZQ==", "b": "bGl2ZQ==", "c": "Yw=="}}
    encoded = base64.b64encode(b"wanted").decode()
    assert with_live_values(body, live, [("data", "a")]) == {
        "kind": "Secret",
        "data": {"a": "bGl2ZQ==", "b": encoded, "c": "Yw=="},
    }


def test_the_manifest_is_not_changed() -> None:
    body = workload("web:1")
    with_live_values(body, workload("web:2"), [("spec", "template", "spec", "containers", "0", "image")])
    assert body == workload("web:1")


def test_all_places_are_found_beyond_the_number_that_is_shown() -> None:
    wanted = {"kind": "ConfigMap", "data": {f"k{i}": "1" for i in range(300)}}
    live = {"kind": "ConfigMap", "data": {f"k{i}": "2" for i in range(300)}}
    found = places(wanted, live, [IgnoreRule("rule", ("/data/k7",))])
    assert found.ignored == {("data", "k7")}
    assert len(found.drifted) == 299
