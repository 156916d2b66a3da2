"""Reads and writes the Status object with which an API server refuses a request, in JSON or in protobuf. Pure."""

from typing import Any

import orjson

_PROTOBUF = b"k8s\0"
# Field numbers, from Kubernetes' generated.proto files.
_TYPE, _RAW = 1, 2  # of Unknown, the envelope
_KIND = 2  # of TypeMeta
_MESSAGE, _REASON = 3, 4  # of Status
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


def status_object(body: bytes) -> dict[str, Any]:
    """The object with at least its kind, message and reason. Empty if something else answered, such as a load
    balancer."""
    try:
        answer = _from_protobuf(body) if body.startswith(_PROTOBUF) else orjson.loads(body)
    except (orjson.JSONDecodeError, IndexError, ValueError):
        return {}
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {}


def refusal_body(code: int, message: str, reason: str | None = None) -> bytes:
    """The body of a refusal, as Helm reads it."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return orjson.dumps(status | ({} if reason is None else {"reason": reason}))


def _from_protobuf(body: bytes) -> dict[str, Any]:
    envelope = _fields(body[len(_PROTOBUF) :])
    kind = _fields(envelope.get(_TYPE, b"")).get(_KIND, b"")
    found = _fields(envelope.get(_RAW, b"")) if kind == b"Status" else {}
    texts = {"kind": kind, "message": found.get(_MESSAGE, b""), "reason": found.get(_REASON, b"")}
    return {name: text.decode(errors="replace") for name, text in texts.items()}


def _fields(message: bytes) -> dict[int, bytes]:
    """The texts and messages in a protobuf message, by their field numbers.

    Raises:
        IndexError, ValueError: if it is not a valid message.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _BYTES:
            length, at = _varint(message, at)
            found[number] = message[at : at + length]
            at += length
        elif kind == _VARINT:
            _, at = _varint(message, at)
        elif kind in (_FIXED_64, _FIXED_32):
            at += 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"there is no wire type {kind}")
    if at > len(message):
        raise ValueError("it ends early")
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, and the position after it."""
    value = 0
    for shift in range(0, 64, 7):
        value |= (message[at] & 0x7F) << shift
        at += 1
        if message[at - 1] < 0x80:
            return value, at
    raise ValueError("the number is too long")
