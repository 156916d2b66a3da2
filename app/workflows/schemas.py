"""JSON Schemas of parameters, inputs and outputs: the kinds of values that they allow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from app.cel.kinds import Basic, Kind, ListOf, MapOf, Record, record

_BASIC = {
    "boolean": Basic.BOOLEAN,
    "integer": Basic.INTEGER,
    "null": Basic.NOTHING,
    "number": Basic.NUMBER,
    "string": Basic.TEXT,
}
_KINDS: Mapping[str, Kind] = {**_BASIC, "array": ListOf(), "object": MapOf()}
_OPEN = frozenset({"$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"})
"""Keywords with which more is allowed than `type` and `properties` say."""
_DEPTH = 20
_MAX_MESSAGE = 300
_ROOT = "json-schema:///definition"
"""The address of a schema for references to its parts."""
_INTEGERS = 2**63
Schema = Mapping[str, Any]


def schema_problem(schema: Schema) -> tuple[tuple[str, ...], str] | None:
    """Why it is not a valid JSON Schema: the place, and a message."""
    try:
        _validator(schema)
    except (ValueError, jsonschema_rs.ReferencingError) as wrong:
        place = wrong.instance_path if isinstance(wrong, jsonschema_rs.ValidationError) else ()
        return tuple(map(str, place)), f"Not a valid JSON Schema: {_first_line(wrong)}."
    return None


def value_problems(schema: Schema, value: Any, pointer: str = "") -> Iterator[tuple[tuple[str, ...], str]]:
    """Paths and messages of what a valid schema, or the part of it at a pointer, finds in a value without
    expressions."""
    try:
        validator = _validator(schema, pointer)
    except (ValueError, jsonschema_rs.ReferencingError) as wrong:  # such as references beside an `$id` of a part
        yield (), f"the schema cannot be applied: {_first_line(wrong)}"
        return
    for error in validator.iter_errors(value):
        yield tuple(map(str, error.instance_path)), error.message[:_MAX_MESSAGE]


def _validator(schema: Schema, pointer: str = "") -> Any:
    """References in the schema are to its own parts; what other addresses refer to accepts anything."""
    whole = dict(schema)
    if not pointer:
        return jsonschema_rs.validator_for(whole, retriever=lambda uri: True)
    part = {"$ref": f"{_ROOT}#{pointer}"}
    return jsonschema_rs.validator_for(part, retriever=lambda uri: whole if uri == _ROOT else True)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:_MAX_MESSAGE]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a valid schema. References in the part are resolved in the whole."""

    whole: Schema
    here: Any
    pointer: str = ""

    @classmethod
    def of(cls, schema: Schema) -> "Part":
        return cls(schema, schema)

    @property
    def keywords(self) -> Schema:
        """What the part itself says. Older drafts ignore what is beside a reference."""
        return self.here if isinstance(self.here, Mapping) and "$ref" not in self.here else {}

    def field(self, name: str) -> "Part | None":
        """The schema of a field; None if there can be no such field."""
        others = self.keywords.get("additionalProperties", True)
        if name in properties(self.keywords):
            return self.at("properties", name)
        if "patternProperties" in self.keywords or others is True:
            return ANYTHING
        return None if others is False else self.at("additionalProperties")

    def item(self) -> "Part":
        """The schema of the items of a list, if it is the same for all of them."""
        has_one = "prefixItems" not in self.keywords and isinstance(self.keywords.get("items"), Mapping)
        return self.at("items") if has_one else ANYTHING

    def problems(self, value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
        """Paths and sentences about a value without expressions."""
        for path, message in value_problems(self.whole, value, self.pointer):
            yield path, f"{message[:1].upper()}{message[1:]}."

    def at(self, *keys: str) -> "Part":
        here, pointer = self.here, self.pointer
        for key in keys:
            here = here[key]
            pointer += "/" + quote(key.replace("~", "~0").replace("/", "~1"), safe="~")
        return Part(self.whole, here, pointer)


ANYTHING = Part.of({})


def with_integers(schema: Any, value: Any) -> Any:
    """The value with integers for numbers such as 3.0 where the schema plainly says `integer`. JSON Schema accepts 3.0
    there, and CEL does not."""
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, float):
        is_integer = schema.get("type") in ("integer", ["integer", "null"], ["null", "integer"])
        return int(value) if is_integer and value.is_integer() and abs(value) < _INTEGERS else value
    if isinstance(value, Mapping):
        fields = properties(schema)
        return {name: with_integers(fields.get(name), inner) for name, inner in value.items()}
    return [with_integers(schema.get("items"), item) for item in value] if isinstance(value, list) else value


def kind_of(schema: Any, depth: int = _DEPTH) -> Kind:
    """The kind of the values that a schema allows, as far as it says so plainly."""
    if not isinstance(schema, Mapping) or _OPEN & schema.keys() or not depth:
        return Basic.ANYTHING
    wanted = schema.get("type")
    if wanted == "array":
        return ListOf(Basic.ANYTHING if "prefixItems" in schema else kind_of(schema.get("items"), depth - 1))
    if wanted == "object":
        fields = properties(schema)
        if not fields and schema.get("additionalProperties", True) is not False:
            return MapOf(kind_of(schema.get("additionalProperties"), depth - 1))
        needed = required(schema)
        kinds = {name: kind_of(inner, depth - 1) for name, inner in fields.items()}
        return record({name: kind if name in needed else maybe(kind) for name, kind in kinds.items()})
    return _BASIC.get(wanted, Basic.ANYTHING) if isinstance(wanted, str) else Basic.ANYTHING


def kind_of_parameters(schema: Schema) -> Kind:
    """The kind of the parameters that a schema describes. A parameter that is not given has its default."""
    fields = properties(schema)
    has_default = [name for name in fields if isinstance(fields[name], Mapping) and "default" in fields[name]]
    found = kind_of({**schema, "type": "object", "required": [*required(schema), *has_default]})
    if isinstance(found, Record):
        return found
    return MapOf() if "additionalProperties" in schema or _OPEN & schema.keys() else Record()


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
    names = given if isinstance(given, list) else [given]
    wanted = [name for name in names if isinstance(name, str) and name in _KINDS]
    possible = _types(kind)
    if not wanted or not possible or possible & set(wanted):
        return None
    return " or ".join(str(_KINDS[name]) for name in wanted)


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
    if kind in (Basic.INTEGER, Basic.NUMBER):
        return {"integer", "number"}
    return {name for name, basic in _BASIC.items() if basic is kind}
