"""Helm values: which JSON is valid, how layers merge, and how values are passed to Helm.

The rules are Helm's own (`mergeMaps` for several `--values`, `CoalesceValues` for a chart's defaults); the tests hold
`helm template` beside them as the oracle.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

Values = dict[str, Any]

MAX_VALUES_BYTES = 1_000_000
"""The maximum size of a document of values, as JSON. Helm stores a release, its values and its manifest in one Secret,
whose size Kubernetes limits to 1 MiB after compression."""

MAX_DEPTH = 100

MAX_KEY = 1000
"""The maximum length of a key as it is sent to Helm, in characters: YAML parsers reject keys of more than 1,024."""

# YAML parsers reject these characters or treat them as line breaks unless they are escaped. JSON allows them, and Helm
# parses values as YAML.
_NOT_PLAIN_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def merge(*layers: Mapping[str, Any]) -> Values:
    """Merges layers of user-supplied values, the weakest first, into the one document that is sent to Helm.

    Maps are merged deeply, anything else is replaced. A `null` is kept, as Helm keeps it: later it removes the chart's
    default of that key (`coalesce`).
    """
    merged: Values = {}
    for layer in layers:
        for key, value in layer.items():
            present = merged.get(key)
            if isinstance(present, dict) and isinstance(value, Mapping):
                merged[key] = merge(present, value)
            else:
                merged[key] = merge(value) if isinstance(value, Mapping) else value
    return merged


def patch(stored: Mapping[str, Any], given: Mapping[str, Any]) -> Values:
    """Merges what is given over what is stored, where `null` removes a key (`reuseValues: true`).

    A key that is not stored and is given as `null` stays as `null`, so that a chart's default can still be removed.
    """
    patched: Values = dict(stored)
    for key, value in given.items():
        present = patched.get(key)
        if value is None and key in patched:
            del patched[key]
        elif isinstance(present, Mapping) and isinstance(value, Mapping):
            patched[key] = patch(present, value)
        else:
            patched[key] = value
    return patched


def coalesce(defaults: Mapping[str, Any], values: Mapping[str, Any], *, _nested: bool = False) -> Values:
    """The values that a chart's templates see: its defaults under the user-supplied values; `null` removes a default.

    A `null` over no default stays; below the first level also one over a default that is itself `null`.
    """
    seen: Values = {}
    for key, value in values.items():
        default = defaults.get(key)
        if isinstance(default, Mapping) and isinstance(value, Mapping):
            seen[key] = coalesce(default, value, _nested=True)
        elif value is not None or key not in defaults or (_nested and default is None):
            seen[key] = value
    for key, default in defaults.items():
        if key not in values:
            seen[key] = default
    return seen


def to_helm(values: Mapping[str, Any]) -> bytes:
    """Serializes values so that Helm's YAML parser reads exactly the same values."""
    return _yaml(values).encode()


def _yaml(value: object) -> str:
    return _NOT_PLAIN_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", orjson.dumps(value).decode())


def problems(values: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields (path, message) for everything that makes a JSON value invalid as Helm values.

    Valid values can be stored in Postgres and sent to Helm, and come back unchanged from Helm's release record.
    """
    if not isinstance(values, dict):
        yield path, "Values are an object: a map of keys to values."
        return
    found = False
    for problem in _unfit(values, path):
        found = True
        yield problem
    if not found and (size := len(orjson.dumps(values))) > MAX_VALUES_BYTES:
        yield path, f"The values have {size:,} bytes; at most {MAX_VALUES_BYTES:,} fit into a Helm release."


def _unfit(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if len(path) > MAX_DEPTH:
        yield path, f"Values are nested at most {MAX_DEPTH} levels deep."
    elif isinstance(value, dict):
        for key, inner in value.items():
            unfit = list(_unfit_text(key, path))
            yield from unfit
            if not unfit and len(key) > MAX_KEY // 6 and len(_yaml(key)) > MAX_KEY:  # an escape has six characters
                yield path, f"A key has at most {MAX_KEY:,} characters: {key[:50]}… has more."
            yield from _unfit(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unfit(inner, (*path, str(index)))
    elif isinstance(value, str):
        yield from _unfit_text(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, "A number must be finite."
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        yield path, "A whole number must fit into 64 bits; write a larger one as a string."


def _unfit_text(text: str, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "\x00" in text:
        yield path, "Text may not hold the character U+0000."
    elif not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        yield path, "Text must be valid Unicode, without lone surrogates."
