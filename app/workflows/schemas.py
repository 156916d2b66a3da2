"""JSON Schemas of parameters, inputs and outputs: the kinds of values that they allow."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from app.cel.kinds import Basic, Kind, ListOf, MapOf, Record

_BASIC = {
    "boolean": Basic.BOOLEAN,
    "integer": Basic.INTEGER,
    "null": Basic.NOTHING,
    "number": Basic.NUMBER,
    "string": Basic.TEXT,
}
_OPEN = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"})
"""Keywords with which more is allowed than `type` and `properties` say."""
_DEPTH = 20
Schema = Mapping[str, Any]


def schema_problem(schema: Schema) -> str | None:
    """Why it is not a valid JSON Schema."""
    try:
        jsonschema_rs.validator_for(dict(schema), retriever=lambda uri: True)
    except ValueError as wrong:
        return f"It is not a valid JSON Schema: {str(wrong).partition(chr(10))[0][:300]}"
    return None


def value_problems(schema: Schema, value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Paths and messages of what a valid schema finds in a value without expressions."""
    for error in jsonschema_rs.validator_for(dict(schema), retriever=lambda uri: True).iter_errors(value):
        yield tuple(map(str, error.instance_path)), error.message[:300]


def kind_of(schema: Any, depth: int = _DEPTH) -> Kind:
    """The kind of the values that a schema allows, as far as it says so plainly."""
    if not isinstance(schema, Mapping) or _OPEN & schema.keys() or not depth:
        return Basic.ANYTHING
    wanted = schema.get("type")
    if wanted == "array":
        return ListOf(kind_of(schema.get("items"), depth - 1))
    if wanted == "object":
        fields = properties(schema)
        if not fields and schema.get("additionalProperties", True) is not False:
            return MapOf(kind_of(schema.get("additionalProperties"), depth - 1))
        return Record({name: _field(schema, name, inner, depth - 1) for name, inner in fields.items()})
    return _BASIC.get(wanted, Basic.ANYTHING) if isinstance(wanted, str) else Basic.ANYTHING


def kind_of_literal(value: Any) -> Kind:
    """The kind of a value without expressions."""
    if isinstance(value, bool):
        return Basic.BOOLEAN
    if isinstance(value, int):
        return Basic.INTEGER
    if isinstance(value, float):
        return Basic.NUMBER
    if isinstance(value, str):
        return Basic.TEXT
    return Basic.NOTHING if value is None else Basic.ANYTHING


def properties(schema: Schema) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def required(schema: Schema) -> list[str]:
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def refused(kind: Kind, schema: Any) -> str | None:
    """What is needed instead, if a value of this kind never fits the schema."""
    if not isinstance(schema, Mapping) or _OPEN & schema.keys():
        return None
    given = schema.get("type")
    wanted = given if isinstance(given, list) else [] if given is None else [given]
    possible = _types(kind)
    if not wanted or not possible or possible & set(wanted):
        return None
    return " or ".join(_NAMES.get(str(name), str(name)) for name in wanted)


def _field(schema: Schema, name: str, inner: Any, depth: int) -> Kind:
    """A field that may be absent is null then."""
    is_there = name in required(schema) or (isinstance(inner, Mapping) and "default" in inner)
    kind = kind_of(inner, depth)
    return kind if is_there else maybe(kind)


def maybe(kind: Kind) -> Kind:
    """The kind of a value that may be null: the fields of a record stay known."""
    if isinstance(kind, Record):
        return Record({name: maybe(inner) for name, inner in kind.fields.items()})
    return Basic.ANYTHING


def _types(kind: Kind) -> set[str]:
    """The types that JSON Schema has for a kind; empty for any."""
    if isinstance(kind, ListOf):
        return {"array"}
    if isinstance(kind, MapOf | Record):
        return {"object"}
    return {
        Basic.BOOLEAN: {"boolean"},
        Basic.INTEGER: {"integer", "number"},
        Basic.NOTHING: {"null"},
        Basic.NUMBER: {"number", "integer"},
        Basic.TEXT: {"string"},
    }.get(kind, set())


_NAMES = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a map",
    "string": "a string",
}
