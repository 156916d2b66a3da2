"""One stored object at one version. It is stored as the JSON that answers a request, so that reads cost nothing."""

from __future__ import annotations

from typing import Any

import orjson

Object = dict[str, Any]

_NO_LABELS: dict[str, str] = {}


def dump(obj: Object) -> bytes:
    """JSON to be stored. It is a copy, because the bytes that orjson returns hold the 8 KiB buffer in which they were
    written."""
    return bytes(memoryview(orjson.dumps(obj)))


class Record:
    """An immutable object: a write creates another record, so watchers and lists may keep this one without a copy."""

    __slots__ = ("_partial", "body", "labels", "name", "namespace", "owners", "uid", "version")

    def __init__(self, obj: Object) -> None:
        metadata = obj["metadata"]
        self.namespace: str = metadata.get("namespace", "")
        self.name: str = metadata["name"]
        self.uid: str = metadata["uid"]
        self.labels: dict[str, str] = metadata.get("labels") or _NO_LABELS
        self.owners: tuple[str, ...] = tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ())
        self.version = int(metadata.get("resourceVersion") or 0)
        self.body = dump(obj)
        self._partial: bytes | None = None

    def object(self) -> Object:
        """A copy that may be changed."""
        obj: Object = orjson.loads(self.body)
        return obj

    @property
    def partial(self) -> bytes:
        """The object as a PartialObjectMetadata. Built once, because metadata-only lists and watches request it again
        and again."""
        if self._partial is None:
            metadata = orjson.loads(self.body)["metadata"]
            self._partial = dump(
                {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
            )
        return self._partial
