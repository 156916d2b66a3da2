"""A chart's values.schema.json: checks values against it. What a `$ref` names elsewhere is never fetched."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import yaml

from app.errors import Problem
from app.releases.values import Values, coalesce

MAX_PROBLEMS = 20


def has_remote_reference(schema: Any) -> bool:
    """Whether a schema refers to something outside itself; Helm would fetch it."""
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        return (isinstance(reference, str) and not reference.startswith("#")) or any(
            map(has_remote_reference, schema.values())
        )
    return isinstance(schema, list) and any(map(has_remote_reference, schema))


def schema_problems(schema: Mapping[str, Any], default_values: str, values: Values) -> Iterator[Problem]:
    """Yields what the schema has against these values over the chart's defaults, at most `MAX_PROBLEMS` times.

    As Helm does it, what is checked are the values that the templates will see. A part of the schema that lies
    elsewhere allows everything. Takes CPU time: call it in a thread.
    """
    try:
        validator = jsonschema_rs.validator_for(dict(schema), retriever=lambda uri: True)
    except ValueError as wrong:
        yield Problem((), f"The chart's values.schema.json is not a valid schema: {wrong}")
        return
    seen = coalesce(parse_defaults(default_values), values)
    for number, error in enumerate(validator.iter_errors(seen)):
        if number == MAX_PROBLEMS:
            return
        yield Problem(tuple(map(str, error.instance_path)), error.message)


def parse_defaults(text: str) -> Values:
    """A chart's values.yaml; empty where it holds no map."""
    try:
        defaults = yaml.load(text, yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return defaults if isinstance(defaults, dict) else {}
