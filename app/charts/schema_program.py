"""Checks values against schemas, in a process that may be killed (`app.sandbox.pool`).

A schema can take any time and any memory.
"""

import json
from typing import Any

import jsonschema_rs

from app.sandbox.serving import serve

MAX_PROBLEMS = 20
MAX_MESSAGE = 1000
"""The maximum length of one problem: a message quotes the value."""


def problems(schema: dict[str, Any], seen: Any) -> list[tuple[list[str] | None, str]]:
    """Returns the problems that the schema finds in the values that the templates see, as paths and messages; at most
    `MAX_PROBLEMS`.

    A part of the schema in another document allows everything. The path is None if the schema itself is not valid.
    """
    try:
        validator = jsonschema_rs.validator_for(schema, retriever=lambda uri: True)
    except ValueError as wrong:
        return [(None, _short(f"The chart's values.schema.json is not a valid schema: {wrong}"))]
    found: list[tuple[list[str] | None, str]] = []
    for error in validator.iter_errors(seen):
        found.append((_path(error.instance_path), _short(error.message)))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def _path(segments: list[str | int]) -> list[str]:
    """Shortens a path: its segments are keys of the values and can be long."""
    path = list(map(str, segments))
    while sum(map(len, path)) > MAX_MESSAGE:
        path.pop()
    return path


def _short(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}…"


def _answer(request: bytes) -> bytes:
    asked = json.loads(request)
    return json.dumps([problems(asked["schema"], seen) for seen in asked["values"]]).encode()


if __name__ == "__main__":
    serve(_answer, b'{"schema": {"pattern": "a"}, "values": ["b"]}')
