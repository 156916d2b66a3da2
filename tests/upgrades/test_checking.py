"""The check of a service definition."""

from typing import Any

import pytest

from app.upgrades.checking import MAX_PROBLEMS, definition_problems
from app.upgrades.language import MAX_EDGES, MAX_VERSIONS

SPEC = {
    "required": ["issuer"],
    "properties": {
        "replicas": {"type": "integer", "default": 1},
        "issuer": {"type": "string"},
        "labels": {"type": "object", "properties": {"team": {"type": "string"}}, "additionalProperties": False},
    },
}
CHART = {"repository": "https://charts.example.com", "name": "example"}
NOTE = {"name": "note", "type": "log", "inputs": {"message": "Hello."}}


def document(**given: Any) -> dict[str, Any]:
    versions = [{"version": "1.9.0"}, {"version": "1.10.0"}]
    return {"name": "example", "spec": SPEC, "chart": CHART, "versions": versions} | given


def problems(**given: Any) -> dict[str, str]:
    return {".".join(path): message for path, message in definition_problems(document(**given))}


def edge(**given: Any) -> dict[str, Any]:
    return {"edges": [{"from": "1.9.x", "to": "1.10.0"} | given]}


def test_a_definition_that_says_everything_is_valid() -> None:
    version = {
        "version": "1.10.0",
        "chart": {
            "repository": "oci://registry.example.com/charts",
            "version": "v1.10.0",
            "digest": "sha256:" + "0" * 64,
        },
        "values": {"replicaCount": "${{ spec.replicas + 1 }}", "issuer": "from ${{ spec.issuer }}"},
        "requires": {
            "kubernetes": ">=1.28 <1.32",
            "crds": ["certificates.cert-manager.io"],
            "services": [{"name": "cert-manager", "versions": "^1.14"}, {"name": "ingress"}],
        },
        "state": "HIDDEN",
    }
    step = NOTE | {
        "inputs": {"message": "${{ parameters.from }} to ${{ parameters.to }}: ${{ parameters.spec.issuer }}"}
    }
    marks = {"direction": "UP", "before": [step], "after": [NOTE], "disruptive": True, "irreversible": True}
    assert problems(description="Words.", versions=[{"version": "1.9.0"}, version], **edge(**marks)) == {}


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        ({"extra": 1}, "", "Additional properties are not allowed"),
        ({"versions": []}, "versions", "[] has less than 1 item"),
        ({"versions": [{"version": 1.1}]}, "versions.0.version", '1.1 is not of type "string"'),
        ({"versions": [{"version": "latest"}]}, "versions.0.version", "'latest' is not a semantic version"),
        (
            {"versions": [{"version": "1.0"}, {"version": "v1.0.0+build"}]},
            "versions.1.version",
            "v1.0.0+build is the same version as that of versions.0.",
        ),
        ({"chart": {"name": "example"}}, "versions.0.chart", "The chart has no repository"),
        ({"chart": CHART | {"repository": "https://u:p@charts.example.com"}}, "chart.repository", ""),
        (
            {"versions": [{"version": "1.0.0", "chart": {"version": "stable"}}]},
            "versions.0.chart.version",
            "'stable' is not a semantic version",
        ),
        (
            {"versions": [{"version": "1.0.0", "requires": {"kubernetes": "new"}}]},
            "versions.0.requires.kubernetes",
            "'new' is not a version constraint",
        ),
        (
            {"versions": [{"version": "1.0.0", "requires": {"services": [{"name": "dns", "versions": "new"}]}}]},
            "versions.0.requires.services.0.versions",
            "'new' is not a range of versions",
        ),
        (edge(**{"from": "old"}), "edges.0.from", "'old' is not a range of versions"),
        (edge(to="1.11.0"), "edges.0.to", "The definition does not have the version 1.11.0."),
        (edge(to="next"), "edges.0.to", "'next' is not a semantic version"),
        (
            edge(**{"from": ">=1.10"}),
            "edges.0.from",
            "The definition has no version in >=1.10 that is older than 1.10.0.",
        ),
        (edge(direction="DOWN"), "edges.0.from", "The definition has no version in 1.9.x that is newer than 1.10.0."),
        (
            {"edges": [{"from": "1.9.0", "to": "1.10.0"}, {"from": "1.x", "to": "1.10.0"}]},
            "edges.1.from",
            "Two edges lead from 1.9.0 to 1.10.0: edges.0 and this one.",
        ),
        ({"spec": {"type": "string"}}, "spec.type", "`type` must be `object`."),
        ({"spec": {"properties": {"a": {"type": "lots"}}}}, "spec.properties.a.type", "Not a valid JSON Schema"),
        ({"spec": {"properties": {"a-b": {}}}}, "spec.properties.a-b", "Expressions cannot use this name."),
        (
            {"spec": {"properties": {"a": {"type": "integer", "default": "one"}}}},
            "spec.properties.a.default",
            '"one" is not of type "integer".',
        ),
        ({"values": {"a": ["${{ spec.x"]}}, "values.a.0", "Not a valid expression"),
        (
            {"values": {"a": "${{ spec.replica }}"}},
            "values.a",
            "The expression is not valid: line 1, column 5: spec has",
        ),
        ({"values": {"a": "${{ spec.labels.name }}"}}, "values.a", "The expression is not valid"),
        ({"values": {"a": "${{ spec.issuer + 1 }}"}}, "values.a", "The expression is not valid"),
        ({"values": {"a": "${{ parameters.spec }}"}}, "values.a", "The expression is not valid"),
        (
            {"versions": [{"version": "1.0.0", "values": {"a": {"b": "${{ spec.x }}"}}}]},
            "versions.0.values.a.b",
            "The expression is not valid",
        ),
        (
            {"spec": {"properties": {"a": {"type": "string"}}}, "values": {"a": "at ${{ spec.a }}"}},
            "values.a",
            "The expression has no value for a spec that has only the defaults: the result is null",
        ),
        (edge(before=[NOTE | {"type": "lock"}]), "edges.0.before.0.type", "There is no step type 'lock'"),
        (edge(after=[NOTE, NOTE]), "edges.0.after.0.name", "There are 2 steps with the name note."),
        (
            edge(after=[NOTE | {"inputs": {"message": "${{ parameters.spec.replica }}"}}]),
            "edges.0.after.0.inputs.message",
            "The expression is not valid",
        ),
        (edge(before=[{"type": "log"}]), "edges.0.before.0", '"name" is a required property'),
    ],
)
def test_a_problem_has_its_place(given: dict[str, Any], place: str, message: str) -> None:
    found = problems(**given)
    assert found.get(place, "").startswith(message) and place in found, found


def test_the_fields_of_a_spec_with_references_keep_their_types_in_steps() -> None:
    spec = {
        "$defs": {"size": {"type": "integer"}},
        "properties": {
            "size": {"$ref": "#/$defs/size"},
            "default": {"$ref": "#/$defs/size"},
            "name": {"type": "string"},
        },
    }
    for text, is_valid in (("spec.size", True), ("spec.default", True), ("spec.names", False)):
        step = NOTE | {"inputs": {"message": f"${{{{ parameters.{text} }}}}"}}
        assert (problems(spec=spec, **edge(before=[step])) == {}) is is_valid, text
        assert (problems(spec=spec | {"required": ["name"]}, values={"a": f"${{{{ {text} }}}}"}) == {}) is is_valid, (
            text
        )


def test_sizes_are_bounded() -> None:
    many = [{"version": f"1.0.{index}"} for index in range(MAX_VERSIONS)]
    assert problems(versions=many) == {}
    assert list(problems(versions=[*many, {"version": "2.0.0"}])) == ["versions"]
    assert list(problems(edges=[{"from": "1.9.0", "to": "1.10.0"}] * (MAX_EDGES + 1))) == ["edges"]
    edges = [{"from": "1.x", "to": one["version"]} for one in many[1:]]
    assert problems(versions=many, edges=edges)["edges"] == (
        "The edges connect 19,900 pairs of versions, and may connect 5,000."
    )
    values = {"a": ["${{ spec.replicas }}"] * 1001}
    assert problems(values=values)[""].startswith("There are 1,001 expressions in values")
    assert len(definition_problems(document(versions=[{"version": "x"}] * 100))) == MAX_PROBLEMS


@pytest.mark.parametrize("wrong", [None, 1, [], "a", {"name": []}, {"versions": {}}, {"name": "a", "versions": [1]}])
def test_any_document_ends_with_problems(wrong: Any) -> None:
    assert definition_problems(wrong)
