"""Reads Helm's release records within bounds. Anyone who can write Secrets on a member can write one that looks like a
record: its size and the time to read it are limited before it is parsed, and the result fits into a database."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import orjson

from app.releases.release import Observed
from app.releases.storage import SECRET_TYPE, packed, secret_name, unpacked
from app.releases.texts import NUL, without_nul, without_objects
from app.releases.values import MAX_DEPTH as MAX_VALUES_DEPTH
from app.releases.values import Values

Found = TypeVar("Found")

MAX_DEPTH = 200
MAX_PARTS = 500_000
"""The maximum number of JSON values in a record. An empty list takes fifty times as much memory as its two bytes."""

MAX_VALUES = 100_000
MAX_VALUES_TEXT = 4 * 2**20
MAX_TEXT = 1000
MAX_DESCRIPTION = 10_000
MAX_REVISION = 2**31 - 1
_YEARS = range(1900, 9000)

# Possessive quantifiers keep no state for backtracking. For a text of megabytes, that state would have megabytes, too.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)


class UnreadableRecordError(Exception):
    """A Secret that claims to be a Helm release and does not hold a readable one. The message states what is wrong with
    it."""


def read_record(secret: Mapping[str, Any]) -> Observed:
    """Reads a Secret of type helm.sh/release.v1, in the JSON form of the Kubernetes API.

    Raises:
        UnreadableRecordError: if the Secret is anything else.
    """
    try:
        record = _parsed(unpacked(secret["data"]["release"]))
        info, metadata = record["info"], record["chart"]["metadata"]
        return Observed(
            name=_text(record["name"]),
            namespace=_text(record.get("namespace") or secret["metadata"]["namespace"]),
            revision=_revision(record["version"]),
            status=_text(info["status"]),
            chart_name=_text(metadata["name"]),
            chart_version=_text(metadata["version"]),
            app_version=_text(metadata.get("appVersion") or "") or None,
            values=_values(_of(dict, record.get("config") or {})),
            updated_at=_time(info.get("last_deployed")),
            description=_description(_of(str, info.get("description") or "")),
            manifest=_of(str, record.get("manifest") or ""),
            hooks=frozenset(
                _text(event) for hook in record.get("hooks") or [] for event in _of(list, hook.get("events") or [])
            ),
            hook_manifests=tuple(_of(str, hook.get("manifest") or "") for hook in record.get("hooks") or []),
            definitions=tuple(_definitions(record["chart"].get("files") or [])),
            was_deployed=not (info["status"] in _UNPROVEN and _is_install(info)),
        )
    except _NOT_AS_HELM_WRITES as error:
        raise _unreadable(secret, error) from error


def marked_failed(secret: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that marks the revision of a record as failed. It is valid for this version of the Secret only.

    Raises:
        UnreadableRecordError: if the Secret does not hold a release.
    """
    try:
        record = _editable(secret)
        was = _text(record["info"]["status"])
        record["info"] |= {"status": "failed", "description": f"Interrupted ({was}), and marked as failed by Polyhelm"}
        return _status_patch(secret, record)
    except _NOT_AS_HELM_WRITES as error:
        raise _unreadable(secret, error) from error


def marked_superseded(secret: Mapping[str, Any]) -> dict[str, Any]:
    """The patch that marks the revision of a record as superseded. It is valid for this version of the Secret only.

    Raises:
        UnreadableRecordError: if the Secret does not hold a release.
    """
    try:
        record = _editable(secret)
        record["info"]["status"] = "superseded"
        return _status_patch(secret, record)
    except _NOT_AS_HELM_WRITES as error:
        raise _unreadable(secret, error) from error


def next_revision(
    secret: Mapping[str, Any], rewrite: Callable[[str], str], description: str, moment: datetime
) -> dict[str, Any]:
    """The Secret of the revision that follows a record: the same release, deployed at this moment, with the manifest
    and the hooks as `rewrite` changes their texts.

    Raises:
        UnreadableRecordError: if the Secret does not hold a release.
    """
    try:
        record = _editable(secret)
        name, revision = _text(record["name"]), _revision(record["version"]) + 1
        record["version"] = revision
        record["manifest"] = rewrite(_of(str, record.get("manifest") or ""))
        for hook in record.get("hooks") or []:
            hook["manifest"] = rewrite(_of(str, hook.get("manifest") or ""))
        deployed = {"status": "deployed", "description": description, "last_deployed": moment.isoformat()}
        record["info"] |= deployed
        labels = {key: value for key, value in secret["metadata"]["labels"].items() if key not in _TIMES}
        labels |= {"status": "deployed", "version": str(revision), "createdAt": str(int(moment.timestamp()))}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": SECRET_TYPE,
            "metadata": {"name": secret_name(name, revision), "labels": labels},
            "data": {"release": _repacked(record)},
        }
    except _NOT_AS_HELM_WRITES as error:
        raise _unreadable(secret, error) from error


_TIMES = ("createdAt", "modifiedAt")
"""Labels in which Helm writes when it wrote the Secret."""


def _editable(secret: Mapping[str, Any]) -> dict[str, Any]:
    text = unpacked(secret["data"]["release"])
    _parsed(text)  # checks the bounds
    record: dict[str, Any] = json.loads(text)  # Python's own parser keeps integers of any size
    return record


def _status_patch(secret: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    status = record["info"]["status"]
    metadata = {"resourceVersion": secret["metadata"]["resourceVersion"], "labels": {"status": status}}
    return {"metadata": metadata, "data": {"release": _repacked(record)}}


def _repacked(record: Mapping[str, Any]) -> str:
    return packed(json.dumps(record, separators=(",", ":")).encode())


_NOT_AS_HELM_WRITES = (KeyError, TypeError, ValueError, AttributeError, binascii.Error, zlib.error)


def _unreadable(secret: Mapping[str, Any], error: Exception) -> UnreadableRecordError:
    name = str(secret.get("metadata", {}).get("name", "?"))[:253]
    words = f"Secret {name} holds no Helm release that can be read: {error!s:.300}"
    return UnreadableRecordError(without_nul(words))


_UNPROVEN = ("failed", "pending-install")


def _is_install(info: Mapping[str, Any]) -> bool:
    """Whether an install made the revision: all later revisions of the release have a `first_deployed` before their
    `last_deployed`."""
    return bool(info.get("first_deployed")) and info["first_deployed"] == info.get("last_deployed")


def _definitions(files: Iterable[Any]) -> Iterator[str]:
    """Yields the files of a chart from which Helm takes CRDs. A record does not contain those of subcharts."""
    for file in files:
        name = _of(str, file["name"])
        if name.startswith("crds/") and name.endswith((".yaml", ".yml", ".json")):
            yield base64.b64decode(_of(str, file.get("data") or "")).decode(errors="replace")


def _description(text: str) -> str | None:
    return without_objects(without_nul(text[:MAX_DESCRIPTION])) or None


def _of(kind: type[Found], value: object) -> Found:
    """The value, if it has the type that Helm writes there. Raises TypeError otherwise."""
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} is expected where it has a {type(value).__name__}")
    return value


def _text(value: object) -> str:
    text = _of(str, value)
    if len(text) > MAX_TEXT or NUL in text:
        raise ValueError(f"a string has more than {MAX_TEXT} characters, or U+0000 among them")
    return text


def _revision(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_REVISION:
        raise ValueError("its revision is not a number that a release can have")
    return value


def _time(text: str | None) -> datetime | None:
    if not text or text.startswith("0001-"):  # Go's zero time
        return None
    moment = datetime.fromisoformat(text)
    if moment.year not in _YEARS or moment.tzinfo is None:
        raise ValueError("its time is not a valid deployment time")
    return moment


def _values(values: Values) -> Values:
    """The values, if they can be compared, stored and shown. Raises ValueError otherwise."""
    parts, length = 0, 0
    left: list[tuple[Any, int]] = [(values, 1)]
    while left:
        value, depth = left.pop()
        parts += 1
        inner: list[Any] = []
        if isinstance(value, dict):
            inner = [*value, *value.values()]
        elif isinstance(value, list):
            inner = value
        elif isinstance(value, str):
            length += len(value)
            if NUL in value:
                raise ValueError("its values have U+0000 in a string")
        if inner and depth > MAX_VALUES_DEPTH:
            raise ValueError(f"its values are nested more than {MAX_VALUES_DEPTH} levels deep")
        if parts + len(left) + len(inner) > MAX_VALUES or length > MAX_VALUES_TEXT:
            raise ValueError(f"it has more than {MAX_VALUES:,} values, or {MAX_VALUES_TEXT:,} characters in them")
        left += [(part, depth + 1) for part in inner]
    return values


def _parsed(text: bytes) -> Any:
    """Parses the JSON after a check of its depth and its number of values."""
    depth = parts = 0
    for token in _TOKEN.finditer(text):
        kind = text[token.start()]
        if kind in b"[{":
            depth += 1
        elif kind in b"]}":
            depth -= 1
        elif kind in b'"':
            continue
        parts += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
        if parts > MAX_PARTS:
            raise ValueError(f"it has more than {MAX_PARTS:,} values")
    return orjson.loads(text)
