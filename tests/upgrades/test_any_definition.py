"""The check of any definition ends with its problems: a valid definition is changed at random."""

import copy
import json
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.upgrades.checking import MAX_PROBLEMS, definition_problems
from app.upgrades.definition import ServiceDefinition
from app.upgrades.gaps import stranded
from app.upgrades.graph import Graph
from app.upgrades.routes import available
from tests.workflows.test_any_definition import SCHEMAS, TEXTS, places

VALID: dict[str, Any] = {
    "name": "example",
    "description": "An example.",
    "spec": {
        "$defs": {"size": {"type": "integer", "default": 1}},
        "required": ["issuer"],
        "properties": {
            "replicas": {"type": "integer", "default": 1},
            "size": {"$ref": "#/$defs/size"},
            "issuer": {"type": "string"},
        },
    },
    "chart": {"repository": "https://charts.example.com", "name": "example"},
    "values": {"a": ["${{ spec.replicas + 1 }}", {"b": "from ${{ spec.issuer }}"}]},
    "versions": [
        {"version": "1.9.0", "state": "WITHDRAWN"},
        {"version": "1.10.0-rc.1", "values": {"a": "${{ spec.size }}"}},
        {"version": "1.10.0", "chart": {"version": "v1.10.0"}, "requires": {"kubernetes": ">=1.28"}},
    ],
    "edges": [
        {
            "from": ">=1.9.0-0 <1.10",
            "to": "1.10.0",
            "before": [{"name": "tell", "type": "log", "inputs": {"message": "${{ parameters.spec.issuer }}"}}],
        },
        {"from": "1.10.0", "to": "1.9.0", "direction": "DOWN", "disruptive": True},
    ],
}
VALUES = [None, True, -1, 2.5, 10**30, [], {}, "1.9.0", "1.11.0", ">=1", "DOWN", "HIDDEN", *TEXTS, *SCHEMAS]
KEYS = ["$ref", "$id", "$schema", "$defs", "required", "properties", "default", "spec", "state", "edges", "values"]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """The valid definition after a few changes: parts that are removed, replaced, copied to other places, or added."""
    document = copy.deepcopy(VALID)
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(document))
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        what = draw(st.sampled_from(["remove", "replace", "copy", "add"]))
        if what == "remove":
            del holder[key]
        elif what == "copy":
            source, at = draw(st.sampled_from(found))
            holder[key] = copy.deepcopy(source[at])
        elif what == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return document


@given(changed())
@settings(max_examples=int(os.environ.get("SERVICE_CHANGES", "100")), deadline=None)
def test_the_check_of_any_definition_ends_with_problems_or_the_definition_has_routes(document: Any) -> None:
    found = definition_problems(json.loads(json.dumps(document)))
    assert len(found) <= MAX_PROBLEMS
    for path, message in found:
        assert all(isinstance(step, str) for step in path)
        assert message.endswith(".")
    if not found:
        graph = Graph.of(ServiceDefinition.of_json(document))
        stranded(graph)
        available(graph, [one.version for one in graph.versions])


def test_the_definition_that_is_changed_is_valid() -> None:
    assert definition_problems(VALID) == []
