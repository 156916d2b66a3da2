"""Which paths of values a chart knows: by its defaults, or by its values.schema.json."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.releases.paths import Segments

_APPLICATORS = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def unknown_paths(
    values: Mapping[str, Any], defaults: Mapping[str, Any], schema: Mapping[str, Any] | None
) -> Iterator[Segments]:
    """Yields the paths that neither the defaults nor the schema know; of a map that is unknown, only its own path.

    A default that is empty or not a map, such as `nodeSelector: {}`, knows everything below it. A schema knows what its
    `properties` name; where it refers to another schema or has alternatives, everything is taken to be known.
    """
    yield from _unknown(values, defaults, schema, ())


def _unknown(values: Mapping[str, Any], default: Any, schema: Any, segments: Segments) -> Iterator[Segments]:
    for key, value in values.items():
        by_default, below_default = _in_default(default, key)
        by_schema, below_schema = _in_schema(schema, key)
        if not by_default and not by_schema:
            yield (*segments, key)
        elif isinstance(value, Mapping):
            yield from _unknown(
                value, below_default if by_default else _NOTHING, below_schema if by_schema else None, (*segments, key)
            )


class _Nothing:
    """A default that knows no path below it."""


_NOTHING = _Nothing()


def _in_default(default: Any, key: str) -> tuple[bool, Any]:
    if default is _NOTHING:
        return False, _NOTHING
    if not isinstance(default, Mapping) or not default:
        return True, None
    return key in default, default.get(key)


def _in_schema(schema: Any, key: str) -> tuple[bool, Any]:
    """Whether a schema knows a key, and the schema of its value; None as a schema knows nothing, True everything."""
    if schema is None or schema is False:
        return False, None
    if schema is True:
        return True, True
    if not isinstance(schema, Mapping):
        return False, None
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and key in properties:
        return True, properties[key]
    if any(word in schema for word in (*_APPLICATORS, *_REFERENCES, "patternProperties")):
        return True, True
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        return True, more
    if more is True or not isinstance(properties, Mapping):
        return True, True
    return False, None
