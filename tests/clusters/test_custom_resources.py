"""Custom resources against the schemas of definitions that no API server has yet."""

from typing import Any

import pytest

from app.charts.schema_program import problems
from app.clusters.custom_resources import json_schema, schemas_of, with_defaults
from app.clusters.discovery import Discovery

SPEC = {
    "type": "object",
    "required": ["schedule", "keep"],
    "properties": {
        "schedule": {"type": "string"},
        "keep": {"type": "integer", "minimum": 0, "exclusiveMinimum": True, "default": 3},
        "colour": {"type": "string", "enum": ["red", "blue"], "nullable": True},
        "port": {"x-kubernetes-int-or-string": True},
        "steps": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "only": {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    },
}
SCHEMA = {"type": "object", "properties": {"spec": SPEC, "status": {"x-kubernetes-preserve-unknown-fields": True}}}


def found_in(spec: Any) -> list[tuple[list[str] | None, str]]:
    return problems(json_schema(SCHEMA), with_defaults({"spec": spec}, SCHEMA))


@pytest.mark.parametrize(
    "more",
    [
        {},  # `keep` has a default
        {"keep": 1},
        {"keep": None},  # null is no integer, and goes before the default comes
        {"colour": None},
        {"port": 80},
        {"port": "http"},
        {"unknown": {"is": "pruned"}},
        {"steps": [{"name": "a"}, {"name": None}]},
        {"labels": {"a": "b", "c": None}},
        {"only": {"a": 1}},
    ],
)
def test_objects_that_an_api_server_accepts_are_accepted(more: Any) -> None:
    assert found_in({"schedule": "daily"} | more) == []


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"schedule": 5}, ["spec", "schedule"]),
        ({"schedule": None}, ["spec"]),
        ({"keep": 0}, ["spec", "keep"]),
        ({"colour": "pink"}, ["spec", "colour"]),
        ({"port": 1.5}, ["spec", "port"]),
        ({"steps": [{"name": 1}]}, ["spec", "steps", "0", "name"]),
        ({"labels": {"a": 1}}, ["spec", "labels", "a"]),
        ({"only": {}}, ["spec", "only"]),
    ],
)
def test_objects_that_an_api_server_refuses_are_refused_with_their_path(more: Any, path: list[str]) -> None:
    assert [at for at, _ in found_in({"schedule": "daily"} | more)] == [path]


def test_a_schema_that_is_not_valid_is_distinguished_from_an_object_that_is_not() -> None:
    [(path, _)] = problems(json_schema({"properties": {"a": {"pattern": "("}}}), {"a": "b"})
    assert path is None


@pytest.mark.parametrize(
    "spec", [None, 5, {"versions": 5}, {"versions": [5, {}]}, {"names": 5, "versions": [{"schema": 5}]}]
)
def test_a_definition_of_another_shape_has_no_schema(spec: Any) -> None:
    assert schemas_of([{"spec": spec}]) == {}


def definition(kind: str, version: str = "v1") -> dict[str, Any]:
    names = {"kind": kind, "plural": f"{kind.lower()}s"}
    versions = [{"name": version, "served": True, "schema": {"openAPIV3Schema": SCHEMA}}]
    return {"spec": {"group": "shapes.test", "scope": "Namespaced", "names": names, "versions": versions}}


def test_kinds_of_one_group_are_known_by_their_apiversion() -> None:
    assert set(schemas_of([definition("Store"), definition("Backup")])) == {
        ("shapes.test/v1", "Store"),
        ("shapes.test/v1", "Backup"),
    }


def test_definitions_join_the_group_and_version_that_a_cluster_has() -> None:
    """Helm keeps only the last of two entries for one group."""
    before = Discovery({}, [], []).with_definitions([definition("Store")])
    after = before.with_definitions([definition("Backup"), definition("Plan", "v2"), definition("Store")])
    assert [group["metadata"]["name"] for group in after.named] == ["shapes.test"]
    [group] = after.named
    kinds = {
        each["version"]: [found["responseKind"]["kind"] for found in each["resources"]] for each in group["versions"]
    }
    assert kinds == {"v1": ["Store", "Backup"], "v2": ["Plan"]}
    assert before.resources.keys() < after.resources.keys()
