"""The formats of objects in answers, chosen by the Accept header: whole, metadata only, or as a table."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.records import Record
    from simulator.resources import Resource


class View(Enum):
    OBJECT = "object"
    METADATA = "metadata"
    TABLE = "table"


_COLUMNS = [
    {"name": "Name", "type": "string", "format": "name", "description": "Its name", "priority": 0},
    {"name": "Age", "type": "string", "format": "", "description": "Time since its creation", "priority": 0},
]
_UNITS = (("d", 86400), ("h", 3600), ("m", 60))


@lru_cache(maxsize=512)
def negotiate(accept: str) -> View:
    """The first supported clause wins, because `kubectl` and metadata informers list theirs by preference."""
    for clause in accept.split(","):
        media, *parameters = (part.strip() for part in clause.split(";"))
        if media not in ("application/json", "*/*", "application/*"):
            continue
        asked = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        if asked.get("g", "meta.k8s.io") != "meta.k8s.io" or asked.get("v", "v1") not in ("v1", "v1beta1"):
            continue
        match asked.get("as"):
            case None:
                return View.OBJECT
            case "PartialObjectMetadata" | "PartialObjectMetadataList":
                return View.METADATA
            case "Table":
                return View.TABLE
    return View.OBJECT


def whole(resource: Resource, record: Record) -> bytes:
    """The object in the requested version: a custom resource may be stored in another one."""
    if not resource.custom or record.body.startswith(f'{{"apiVersion":"{resource.api_version}"'.encode()):
        return record.body
    return orjson.dumps({**record.object(), "apiVersion": resource.api_version})


def one(view: View, resource: Resource, record: Record, include: str = "Metadata") -> bytes:
    if view is View.METADATA:
        return record.partial
    if view is View.TABLE:
        return _table(resource, [record], {"resourceVersion": str(record.version)}, include)
    return whole(resource, record)


def many(
    view: View, resource: Resource, records: Sequence[Record], metadata: dict[str, Any], include: str = "Metadata"
) -> bytes:
    """A list with its own `metadata`. It is joined from the stored bytes, so that a long list costs little."""
    if view is View.TABLE:
        return _table(resource, records, metadata, include)
    if view is View.METADATA:
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
        items = b",".join([record.partial for record in records])
    else:
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
        items = b",".join([whole(resource, record) for record in records])
    return orjson.dumps(head)[:-1] + b',"items":[' + items + b"]}"


def _table(resource: Resource, records: Sequence[Record], metadata: dict[str, Any], include: str) -> bytes:
    rows = []
    for record in records:
        partial = orjson.loads(record.partial)
        row: dict[str, Any] = {"cells": [record.name, _age(partial["metadata"]["creationTimestamp"])]}
        if include == "Object":
            row["object"] = orjson.Fragment(whole(resource, record))
        elif include != "None":
            row["object"] = partial
        rows.append(row)
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return orjson.dumps({**table, "columnDefinitions": _COLUMNS, "rows": rows})


def _age(created: str) -> str:
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds())
    for unit, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"
