"""Schemas for custom resources whose definitions are part of the chart. Pure.

An API server can validate such resources only once the definitions are installed. Before that, Polyhelm validates them
by the schemas of the definitions, without rules in CEL (`x-kubernetes-validations`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Kind = tuple[str, str]
"""The apiVersion and kind of objects."""

_DRAFT = "http://json-schema.org/draft-04/schema#"
_OF_ONE = ("not",)
_OF_MANY = ("allOf", "anyOf", "oneOf")
_OF_NAMED = ("properties", "patternProperties")
_KEPT = (
    *("type", "enum", "required", "pattern", "multipleOf", "uniqueItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
)


def schemas_of(definitions: Iterable[Mapping[str, Any]]) -> dict[Kind, Mapping[str, Any]]:
    """The OpenAPI schema of each served version."""
    found: dict[Kind, Mapping[str, Any]] = {}
    for definition in definitions:
        spec = _map(definition.get("spec"))
        group, kind = spec.get("group"), _map(spec.get("names")).get("kind")
        for version in map(_map, _list(spec.get("versions"))):
            schema = _map(version.get("schema")).get("openAPIV3Schema")
            if isinstance(schema, Mapping) and version.get("served", True):
                found[f"{group}/{version.get('name')}", str(kind)] = schema
    return found


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a definition's schema to JSON Schema draft 4, which has the same keywords as OpenAPI."""
    return {"$schema": _DRAFT, **_converted(schema)}


def with_defaults(found: Any, schema: Mapping[str, Any]) -> Any:
    """An object as an API server validates it: with the defaults of its schema, and without each `null` that the schema
    does not allow."""
    if isinstance(found, Mapping):
        filled = dict(_filled(found, schema))
        named = _map(schema.get("properties"))
        for name, each in named.items():
            if name not in filled and "default" in _map(each):
                filled[name] = with_defaults(each["default"], each)
        return filled
    if isinstance(found, list):
        items = _map(schema.get("items"))
        return [with_defaults(each, items) for each in found]
    return found


def _filled(found: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    named, others = _map(schema.get("properties")), _map(schema.get("additionalProperties"))
    for name, value in found.items():
        each = _map(named.get(name, others))
        if value is not None or not each or each.get("nullable"):
            yield name, with_defaults(value, each)


def _converted(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: schema[name] for name in _KEPT if name in schema}
    if schema.get("x-kubernetes-int-or-string"):
        found["type"] = ["integer", "string"]
    found |= {name: _converted(_map(schema[name])) for name in _OF_ONE if name in schema}
    for name in _OF_MANY:
        if name in schema:
            found[name] = [_converted(_map(each)) for each in _list(schema[name])]
    for name in _OF_NAMED:
        if name in schema:
            found[name] = {key: _converted(_map(each)) for key, each in _map(schema[name]).items()}
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            found[name] = _converted(schema[name])
    return {"anyOf": [{"type": "null"}, found]} if schema.get("nullable") else found


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
