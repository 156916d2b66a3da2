"""A chart's values.schema.json: checks values against it. What a `$ref` names elsewhere is never fetched."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from app.errors import Problem
from app.releases.values import Values

MAX_PROBLEMS = 20


_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_KNOWN_DRAFT = re.compile(r"https?://json-schema\.org/(draft-0[4-7]/|draft/2019-09/|draft/2020-12/|)schema#?")


def has_remote_reference(schema: Any) -> bool:
    """Whether a schema refers to something outside itself, as another schema or as its draft; Helm would fetch it."""
    left = [schema]
    while left:
        part = left.pop()
        if isinstance(part, Mapping):
            for name, value in part.items():
                if name in _REFERENCES and isinstance(value, str) and not value.startswith("#"):
                    return True
                if name == "$schema" and isinstance(value, str) and not _KNOWN_DRAFT.fullmatch(value):
                    return True
            left += part.values()
        elif isinstance(part, list):
            left += part
    return False


def schema_problems(schema: Mapping[str, Any], seen: Values) -> Iterator[Problem]:
    """Yields what the schema has against the values that the chart's templates see, at most `MAX_PROBLEMS` times.

    A part of the schema that lies elsewhere allows everything. Takes CPU time: call it in a thread.
    """
    try:
        validator = jsonschema_rs.validator_for(dict(schema), retriever=lambda uri: True)
    except ValueError as wrong:
        yield Problem((), f"The chart's values.schema.json is not a valid schema: {wrong}")
        return
    for number, error in enumerate(validator.iter_errors(seen)):
        if number == MAX_PROBLEMS:
            return
        yield Problem(tuple(map(str, error.instance_path)), error.message)
