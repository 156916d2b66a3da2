"""What a watch on Helm's release Secrets tells: changes, read from the lines of a metadata-only stream.

Helm names a Secret after the release and its revision (`sh.helm.release.v1.NAME.vREVISION`) and repeats both in its
labels. Where the two differ, somebody has edited the labels: then both names are to be looked at again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from app.errors import TemporaryError

EXPIRED = "watch_expired"
"""The member's history does not reach back to the version that was asked for (410): list again."""

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_ONLY_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_SECRET_NAME = re.compile(r"sh\.helm\.release\.v1\.(?P<name>.+)\.v[0-9]+")


@dataclass(frozen=True, slots=True)
class Head:
    """A release revision as the labels of its Secret tell it, without its body. `status` is Helm's word."""

    namespace: str
    name: str
    revision: int
    status: str
    secret: str
    resource_version: str

    @classmethod
    def of(cls, item: dict[str, Any]) -> "Head | None":
        """None for a Secret that somebody labelled `owner=helm`, and that is no release."""
        metadata = item["metadata"]
        labels = metadata.get("labels") or {}
        try:
            return cls(
                metadata["namespace"],
                labels["name"],
                int(labels["version"]),
                labels["status"],
                metadata["name"],
                metadata["resourceVersion"],
            )
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Change:
    """The version of the member's store with it, and what changed: a revision that is there now (`head`), one that is
    `gone`, or a release (namespace and name) that has to be looked at. A bookmark has none of them."""

    version: int
    head: Head | None = None
    gone: Head | None = None
    unclear: tuple[str, str] | None = None


def read_changes(line: bytes) -> Iterator[Change]:
    """The changes that one line of the stream tells.

    Raises:
        TemporaryError: for an error that the server sends in the stream; EXPIRED where it is too late.
    """
    try:
        event = orjson.loads(line)
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            raise _error(item)
        metadata = item["metadata"]
        version = int(metadata["resourceVersion"])
        if kind == "BOOKMARK":
            yield Change(version)
            return
        head, namespace = Head.of(item), metadata["namespace"]
        match = _SECRET_NAME.fullmatch(metadata["name"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise TemporaryError("watch_unreadable", f"The API server's watch can't be read: {error}") from None
    if head is not None and match is not None and head.name == match["name"]:
        yield Change(version, gone=head) if kind == "DELETED" else Change(version, head=head)
        return
    for name in {head.name if head else None, match["name"] if match else None} - {None}:
        yield Change(version, unclear=(namespace, str(name)))


def _error(status: dict[str, Any]) -> TemporaryError:
    words = str(status.get("message") or status.get("reason") or "no reason given")
    code = EXPIRED if status.get("code") == 410 else "watch_ended"
    return TemporaryError(code, f"The API server ended the watch: {words}", words)
