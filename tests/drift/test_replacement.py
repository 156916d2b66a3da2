"""What is wanted of an object to which the manifest's object cannot be applied."""

from typing import Any

import pytest

from app.drift.replacement import candidates, patch_to, replacement, wanted_by

METADATA = {"name": "web", "resourceVersion": "7", "labels": {"team": "shop"}}


def held(spec: Any, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Any", "metadata": {**METADATA, **metadata}, "spec": spec}


def test_a_replacement_has_the_sections_of_the_manifest_and_keeps_labels_of_others() -> None:
    body = {**held({"a": 1}), "metadata": {"name": "web", "labels": {"app": "web"}}}
    live = {**held({"a": 2, "added": True}), "other": 1, "status": {"ready": 1}}
    found = replacement(body, live)
    assert found == {**live, "spec": {"a": 1}, "metadata": {**METADATA, "labels": {"team": "shop", "app": "web"}}}
    assert patch_to(found, live) == [
        {"op": "add", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "add", "path": "/metadata/labels", "value": {"team": "shop", "app": "web"}},
        {"op": "add", "path": "/spec", "value": {"a": 1}},
        {"op": "add", "path": "/other", "value": 1},
    ]


@pytest.mark.parametrize(
    ("body", "replaced", "live", "wanted"),
    [
        ({"a": 1}, {"a": 1, "default": 0}, {"a": 2, "default": 5, "added": 1}, {"a": 1, "default": 5, "added": 1}),
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "1"}, {"cpu": "1"}),
        ({"gone": None}, {}, {"gone": 1}, {"gone": 1}),
        ({"map": {"a": 1}}, {"map": {"a": 1, "default": 0}}, {}, {"map": {"a": 1, "default": 0}}),
        ({"map": {"a": 1}}, {"map": {"a": 1}}, {"map": "text"}, {"map": {"a": 1}}),
        ({"list": [1]}, {"list": [1]}, {"list": [1, 2]}, {"list": [1]}),
        (
            {"ports": [{"name": "http", "port": 80}]},
            {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}]},
            {"ports": [{"name": "added", "port": 1}, {"name": "http", "port": 81, "protocol": "UDP"}]},
            {"ports": [{"name": "added", "port": 1}, {"name": "http", "port": 80, "protocol": "UDP"}]},
        ),
        (
            {"env": [{"name": "A"}, {"name": "B"}]},
            {"env": [{"name": "A", "value": ""}, {"name": "B", "value": ""}]},
            {"env": [{"name": "B", "value": "1"}]},
            {"env": [{"name": "B", "value": "1"}, {"name": "A", "value": ""}]},
        ),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]},
        ),
    ],
)
def test_fields_of_the_manifest_get_their_values_and_those_of_others_stay(
    body: Any, replaced: Any, live: Any, wanted: Any
) -> None:
    assert wanted_by(held(body), held(replaced), held(live)) == held(wanted)


def test_later_candidates_lack_what_others_have_added_beside_a_field_that_differs() -> None:
    body = {"type": "A", "probe": {"http": {"port": 1}}, "template": {"labels": {"app": "web"}, "image": "web:1"}}
    live = {
        "type": "B",
        "b": {},
        "probe": {"exec": {}, "period": 9},
        "template": {"labels": {"app": "other", "added": "1"}, "image": "web:1", "added": 1},
    }
    replaced = {**body, "probe": {"http": {"port": 1, "scheme": "HTTP"}, "period": 10}}
    http = {"port": 1, "scheme": "HTTP"}
    template = {"labels": {"app": "web", "added": "1"}, "image": "web:1", "added": 1}
    first, second, third, _ = (each["spec"] for each in candidates(held(body), held(replaced), held(live)))
    assert first == {"type": "A", "b": {}, "probe": {"exec": {}, "period": 9, "http": http}, "template": template}
    assert second == {"type": "A", "b": {}, "probe": {"period": 9, "http": http}, "template": template}
    assert third == {"type": "A", "probe": {"period": 9, "http": http}, "template": template}


def test_the_last_candidate_also_lacks_what_stands_beside_the_map_with_the_field() -> None:
    body = {"resources": {"limits": {"memory": "200Mi"}}}
    live: dict[str, Any] = {"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "500Mi"}}, "added": 1}
    *earlier, last = (each["spec"] for each in candidates(held(body), held(body), held(live)))
    assert last == {"resources": {"limits": {"memory": "200Mi"}}, "added": 1}
    assert earlier == [{**live, "resources": {**live["resources"], "limits": {"memory": "200Mi"}}}] * 3
