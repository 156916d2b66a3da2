"""Reads the few messages that Go clients send as Kubernetes protobuf: `k8s\\0`, a runtime.Unknown, then the object.

Helm writes Secrets, ConfigMaps and Namespaces in this format, and sends its DeleteOptions in it. Field numbers are
those of k8s.io/api/core/v1/generated.proto and k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto. Go also writes
empty strings and zeros; they are left out here, as in JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from simulator.errors import bad_request, unsupported_media_type

MAGIC = b"k8s\x00"
CONTENT_TYPE = "application/vnd.kubernetes.protobuf"

Raw = bytes | int
Reader = Callable[[Any], Any]
Field = tuple[str, Reader, str]
"""The name of a field in JSON, the reader of one value, and how values are collected: one, list or map."""
Message = dict[int, Field]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Raw]]:
    """Yields the number and the raw value of each field."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire = tag & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield tag >> 3, value
            continue
        if wire == 2:
            size, position = _varint(data, position)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise IndexError(wire)
        if position + size > len(data):
            raise IndexError(size)
        yield tag >> 3, data[position : position + size]
        position += size


def _text(raw: bytes) -> str:
    return raw.decode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _signed(raw: int) -> int:
    return raw - (1 << 64) if raw >> 63 else raw


def _time(raw: bytes) -> str | None:
    seconds = dict(_fields(raw)).get(1)
    return None if not isinstance(seconds, int) else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _nested(message: Message) -> Reader:
    return lambda raw: decode(message, raw)


def _entry(read: Reader) -> Reader:
    """One entry of a map: field 1 is the key, field 2 the value; either may be missing when empty."""

    def entry(raw: bytes) -> tuple[str, Any]:
        parts = dict(_fields(raw))
        return _text(parts.get(1, b"")), read(parts.get(2, b""))  # type: ignore[arg-type]

    return entry


def decode(message: Message, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, raw in _fields(data):
        if number not in message:
            continue
        name, read, shape = message[number]
        value = read(raw)
        if shape == "map":
            found.setdefault(name, {})[value[0]] = value[1]
        elif shape == "list":
            found.setdefault(name, []).append(value)
        elif value not in ("", None, {}, 0) or read is bool:
            found[name] = value
    return found


_OWNER: Message = {
    1: ("kind", _text, "one"),
    3: ("name", _text, "one"),
    4: ("uid", _text, "one"),
    5: ("apiVersion", _text, "one"),
    6: ("controller", bool, "one"),
    7: ("blockOwnerDeletion", bool, "one"),
}
_METADATA: Message = {
    1: ("name", _text, "one"),
    2: ("generateName", _text, "one"),
    3: ("namespace", _text, "one"),
    5: ("uid", _text, "one"),
    6: ("resourceVersion", _text, "one"),
    7: ("generation", _signed, "one"),
    8: ("creationTimestamp", _time, "one"),
    9: ("deletionTimestamp", _time, "one"),
    11: ("labels", _entry(_text), "map"),
    12: ("annotations", _entry(_text), "map"),
    13: ("ownerReferences", _nested(_OWNER), "list"),
    14: ("finalizers", _text, "list"),
}
_METADATA_FIELD: Field = ("metadata", _nested(_METADATA), "one")
_SECRET: Message = {
    1: _METADATA_FIELD,
    2: ("data", _entry(_base64), "map"),
    3: ("type", _text, "one"),
    4: ("stringData", _entry(_text), "map"),
    5: ("immutable", bool, "one"),
}
_CONFIG_MAP: Message = {
    1: _METADATA_FIELD,
    2: ("data", _entry(_text), "map"),
    3: ("binaryData", _entry(_base64), "map"),
    4: ("immutable", bool, "one"),
}
_NAMESPACE: Message = {
    1: _METADATA_FIELD,
    2: ("spec", _nested({1: ("finalizers", _text, "list")}), "one"),
    3: ("status", _nested({1: ("phase", _text, "one")}), "one"),
}
_DELETE_OPTIONS: Message = {
    1: ("gracePeriodSeconds", _signed, "one"),
    2: ("preconditions", _nested({1: ("uid", _text, "one"), 2: ("resourceVersion", _text, "one")}), "one"),
    3: ("orphanDependents", bool, "one"),
    4: ("propagationPolicy", _text, "one"),
    5: ("dryRun", _text, "list"),
}
_RESOURCE_ATTRIBUTES: Message = {
    number: (name, _text, "one")
    for number, name in enumerate(("namespace", "verb", "group", "version", "resource", "subresource", "name"), 1)
}
_ACCESS_REVIEW: Message = {
    1: _METADATA_FIELD,
    2: (
        "spec",
        _nested(
            {
                1: ("resourceAttributes", _nested(_RESOURCE_ATTRIBUTES), "one"),
                2: ("nonResourceAttributes", _nested({1: ("path", _text, "one"), 2: ("verb", _text, "one")}), "one"),
            }
        ),
        "one",
    ),
}
_KINDS = {
    "Secret": _SECRET,
    "ConfigMap": _CONFIG_MAP,
    "Namespace": _NAMESPACE,
    "DeleteOptions": _DELETE_OPTIONS,
    "SelfSubjectAccessReview": _ACCESS_REVIEW,
    "SelfSubjectReview": {1: _METADATA_FIELD},
}
_TYPE: Message = {1: ("apiVersion", _text, "one"), 2: ("kind", _text, "one")}
_UNKNOWN: Message = {1: ("type", _nested(_TYPE), "one"), 2: ("raw", bytes, "one")}


def read(body: bytes) -> dict[str, Any]:
    """The object in a request's body, as it would be in JSON."""
    if not body.startswith(MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        unknown = decode(_UNKNOWN, body[len(MAGIC) :])
        kind = unknown["type"]["kind"]
        if kind not in _KINDS:
            raise unsupported_media_type(f"{CONTENT_TYPE} of a {kind}", ["application/json"])
        obj = decode(_KINDS[kind], unknown.get("raw", b""))
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise bad_request("unable to decode the protobuf message") from error
    return {"kind": kind, "apiVersion": unknown["type"].get("apiVersion", "v1"), **obj}
