"""Reads changes from a watch on Helm's release Secrets, a metadata-only stream of lines.

Helm names a Secret after the release and its revision (`sh.helm.release.v1.NAME.vREVISION`) and repeats both in its
labels. A name cannot be edited, labels can. So the revision is taken from the Secret's name, and the state of a release
is read from its record. Helm finds a release by the label with its name: if that differs from the Secret's name, both
releases have to be read again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from app.clusters.refusals import Refusal, RefusalKind
from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode
from app.releases.storage import SECRET_NAME

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_ONLY_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
"""Names of objects and values of labels."""
_REVISION = re.compile(r"[0-9]{1,9}")


def store_version(text: str) -> int:
    """A resource version as a number, which it is on every API server.

    Raises:
        ValueError: if it is not a number, or too large for the database.
    """
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError("a resource version is not a number")
    return int(text)


@dataclass(frozen=True, slots=True)
class Head:
    """A release revision by the name and labels of its Secret, without its record. `status` is written by Helm."""

    namespace: str
    name: str
    revision: int
    status: str
    secret: str
    resource_version: str

    @classmethod
    def of(cls, item: dict[str, Any]) -> "Head | None":
        """Reads a Secret; None if it is labelled `owner=helm`, but is not a release for Helm.

        Raises:
            KeyError, TypeError, ValueError: for metadata that no API server sends.
        """
        metadata = item["metadata"]
        labels = metadata.get("labels") or {}
        secret, version = _name(metadata["name"]), metadata["resourceVersion"]
        namespace = _name(metadata["namespace"])
        store_version(version)
        match = SECRET_NAME.fullmatch(secret)
        revision = match["revision"] if match is not None else str(labels.get("version"))
        if "name" not in labels or not _REVISION.fullmatch(revision):
            return None
        name, status = _name(labels["name"]), _name(labels.get("status") or "unknown")
        if match is not None and match["name"] != name:
            return None
        return cls(namespace, name, int(revision), status, secret, version)


@dataclass(frozen=True, slots=True)
class Change:
    """A change, and the version of the member's store after it: a revision that was written (`head`) or deleted
    (`gone`), or a release (namespace and name) that has to be read (`unclear`). A bookmark has none of these."""

    version: int
    head: Head | None = None
    gone: Head | None = None
    unclear: tuple[str, str] | None = None

    @property
    def release(self) -> tuple[str, str] | None:
        """The namespace and name of the changed release; None for a bookmark."""
        head = self.head or self.gone
        return (head.namespace, head.name) if head is not None else self.unclear


def _name(text: Any) -> str:
    if not isinstance(text, str) or not _NAME.fullmatch(text):
        raise ValueError("a name is not one of Kubernetes")
    return text


def read_changes(line: bytes) -> Iterator[Change]:
    """The changes in one line of the stream.

    Raises:
        TemporaryError: for an error that the server sends in the stream; WATCH_EXPIRED where it is too late.
    """
    kind, item, version = read_event(line)
    if kind == "BOOKMARK":
        yield Change(version)
        return
    try:
        metadata = item["metadata"]
        head, namespace = Head.of(item), metadata["namespace"]
        match = SECRET_NAME.fullmatch(metadata["name"])
        label = (metadata.get("labels") or {}).get("name")
        names = {_name(name) for name in (label, match and match["name"]) if name is not None}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(error) from None
    if head is not None and match is not None:
        yield Change(version, gone=head) if kind == "DELETED" else Change(version, head=head)
        return
    for name in names:
        yield Change(version, unclear=(namespace, name))


def read_event(line: bytes) -> tuple[str, dict[str, Any], int]:
    """The type of the event in a line of a watch, its object, and the version of the member's store after it.

    Raises:
        TemporaryError: for an error that the server sends in the stream; WATCH_EXPIRED where it is too late.
    """
    try:
        event = orjson.loads(line)
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            raise _error(item)
        return kind, item, store_version(item["metadata"]["resourceVersion"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(error) from None


def unreadable(error: Exception) -> TemporaryError:
    return TemporaryError(ActionCode.WATCH_UNREADABLE, f"The API server's watch cannot be read: {error}")


def _error(status: dict[str, Any]) -> TemporaryError:
    refusal = Refusal.of(status.get("code", 0), status)
    code = ActionCode.WATCH_EXPIRED if refusal.kind is RefusalKind.EXPIRED else ActionCode.WATCH_ENDED
    return TemporaryError(code, f"The API server ended the watch: {refusal.words}", refusal.words)
