"""The two sides of every comparison: the release that should be there, and the one that is."""

import base64
import binascii
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import orjson

from app.releases.canonical import digest
from app.releases.references import Layer, Marks, Reference, combine, mask, texts_at
from app.releases.scrubbing import Scrubber
from app.releases.values import Values

Found = TypeVar("Found")

MAX_RECORD_BYTES = 64 * 2**20
"""How large a release record may become when unpacked; a Secret of 1 MiB could otherwise unpack to a gigabyte."""

# Helm's words, by its own `release.Status`.
PENDING = frozenset({"pending-install", "pending-upgrade", "pending-rollback"})


@dataclass(frozen=True)
class Desired:
    """The release that should be on one cluster. Where a value comes from a secret, `values` has its mark, and
    `references` says, by path, which it is."""

    chart_name: str
    chart_version: str
    values: Values
    references: Mapping[str, Reference] = field(default_factory=dict)

    @cached_property
    def digest(self) -> bytes:
        return digest(self.chart_name, self.chart_version, self.values)


def desired(chart_name: str, chart_version: str, layers: Iterable[Layer], marks: Marks) -> Desired:
    """The release that these layers of values make, the weakest first."""
    return Desired(chart_name, chart_version, *combine(layers, marks))


@dataclass(frozen=True)
class Observed:
    """The newest revision of a release, as Helm recorded it on the member. `status` is Helm's own word."""

    name: str
    namespace: str
    revision: int
    status: str
    chart_name: str
    chart_version: str
    app_version: str | None = None
    values: Values = field(default_factory=dict)
    updated_at: datetime | None = None
    description: str | None = None
    manifest: str = field(default="", repr=False)

    @cached_property
    def digest(self) -> bytes:
        return digest(self.chart_name, self.chart_version, self.values)

    @property
    def is_pending(self) -> bool:
        return self.status in PENDING


def covered(wanted: Desired, paths: Collection[str], mark: Callable[[Any], str]) -> Desired:
    """What is wanted, as it is compared with a release that is `masked` at these paths: plain values there, too, are
    stood for by their marks."""
    return replace(wanted, values=mask(wanted.values, paths, mark)) if paths else wanted


def masked(observed: Observed, paths: Collection[str], mark: Callable[[Any], str]) -> Observed:
    """The release as it may be kept and shown: marks for what is at these paths, and no words that quote it."""
    if not paths:
        return observed
    scrubber = Scrubber(texts_at(observed.values, paths))
    return replace(
        observed,
        values=mask(observed.values, paths, mark),
        description=scrubber.clean(observed.description) if observed.description else observed.description,
        manifest=scrubber.clean(observed.manifest),
    )


class UnreadableRecordError(Exception):
    """A Secret that says it is a Helm release and does not hold one. The message says what is wrong with it."""


def read_record(secret: Mapping[str, Any]) -> Observed:
    """Reads a Secret of type helm.sh/release.v1, in the JSON form of the Kubernetes API.

    The record is JSON, gzipped, in base64 (Helm's `pkg/storage/driver/util.go`), and in base64 again,
    as any Secret's data.

    Raises:
        UnreadableRecordError: for anything else.
    """
    try:
        record = orjson.loads(_unpack(base64.b64decode(secret["data"]["release"])))
        metadata = record["chart"]["metadata"]
        return Observed(
            name=_of(str, record["name"]),
            namespace=_of(str, record.get("namespace") or secret["metadata"]["namespace"]),
            revision=int(record["version"]),
            status=_of(str, record["info"]["status"]),
            chart_name=_of(str, metadata["name"]),
            chart_version=_of(str, metadata["version"]),
            app_version=_of(str, metadata.get("appVersion") or "") or None,
            values=_of(dict, record.get("config") or {}),
            updated_at=_time(record["info"].get("last_deployed")),
            description=_of(str, record["info"].get("description") or "") or None,
            manifest=_of(str, record.get("manifest") or ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, zlib.error) as error:
        name = secret.get("metadata", {}).get("name", "?")
        raise UnreadableRecordError(f"Secret {name} holds no Helm release that can be read: {error}") from error


def _of(kind: type[Found], value: object) -> Found:
    """The value, where it is of the kind that Helm writes there; anybody can write a Secret."""
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} is expected where it has a {type(value).__name__}")
    return value


def _unpack(encoded: bytes) -> bytes:
    data = base64.b64decode(encoded)
    if data[:3] != b"\x1f\x8b\x08":  # Helm reads records from before it compressed them, too
        return data
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = unpacker.decompress(data, MAX_RECORD_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MAX_RECORD_BYTES} bytes")
    if not unpacker.eof:
        raise ValueError("it is cut off")
    return unpacked


def _time(text: str | None) -> datetime | None:
    if not text or text.startswith("0001-"):  # Go's zero time
        return None
    return datetime.fromisoformat(text)
