"""The check of any definition ends with its problems: valid definitions are changed at random."""

import copy
import json
import os
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows.checking import MAX_PROBLEMS, definition_problems
from tests.workflows.test_checking import ITEMS, REFERENCES, VALID

TEXTS = [
    "",
    "a",
    "\x00",
    "é",
    "${{",
    "${{ 1",
    "${{ }}",
    "${{ steps }}",
    "${{ {'a': 1}.a }}",
    "$${{ a }}",
    "1s",
    "build",
    "in",
]
SCHEMAS = [
    {"$ref": "#"},
    {"$ref": "#/$defs/no"},
    {"$ref": "https://example.com"},
    {"$id": "a", "$ref": "#/b"},
    {"type": "object"},
    {"type": ["null", []]},
    {"pattern": "("},
    {"properties": {"my-a": {}, "": {"default": 1}}},
]
VALUES = [None, True, 0, -1, 2.5, 10**30, [], {}, ["a", "a"], {"a": "${{ 1 }}"}, *TEXTS, *SCHEMAS]
KEYS = [
    *("name", "type", "if", "default", "onFailure", "dependsOn", "retry", "outputs", "schema", "a b"),
    *("$ref", "$id", "$schema", "$defs", "required", "properties", "items", "prefixItems", "additionalProperties"),
]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each map and list in a document, with each of its keys."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A valid definition after a few changes: parts that are removed, replaced, copied to other places, or added."""
    document = yaml.safe_load(draw(st.sampled_from([VALID, REFERENCES, ITEMS])))
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(document))
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        what = draw(st.sampled_from(["remove", "replace", "copy", "add"]))
        if what == "remove":
            del holder[key]
        elif what == "replace":
            holder[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif what == "copy":
            source, at = draw(st.sampled_from(found))
            holder[key] = copy.deepcopy(source[at])
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        else:
            holder.append(copy.deepcopy(draw(st.sampled_from(VALUES))))
    return document


@given(changed())
@settings(max_examples=int(os.environ.get("WORKFLOW_CHANGES", "200")), deadline=None)
def test_the_check_of_any_definition_ends_with_problems(document: Any) -> None:
    found = definition_problems(json.loads(json.dumps(document)))
    assert len(found) <= MAX_PROBLEMS
    for path, message in found:
        assert all(isinstance(step, str) for step in path)
        assert message.endswith(".")
