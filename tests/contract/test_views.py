"""What is asked for of objects, and in which form it comes: selections, pages, metadata, tables, protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .client import METADATA, METADATA_LIST, PROTOBUF, TABLE
from .objects import create, names, secret

if TYPE_CHECKING:
    from .client import Client


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=shop", ["a", "b"]),
        ("app==shop,tier=front", ["a"]),
        ("app!=shop", ["c", "d"]),
        ("app in (shop, web)", ["a", "b", "c"]),
        ("app notin (shop)", ["c", "d"]),
        ("tier", ["a", "c"]),
        ("!tier", ["b", "d"]),
        ("app,!tier", ["b"]),
        ("app in (shop),tier notin (back)", ["a", "b"]),
        ("app=", []),
    ],
)
async def test_label_selectors(client: Client, path: str, selector: str, expected: list[str]) -> None:
    labels = {"a": {"app": "shop", "tier": "front"}, "b": {"app": "shop"}, "c": {"app": "web", "tier": "back"}, "d": {}}
    for name, given in labels.items():
        await create(client, path, secret(name, given))
    status, listed = await client.get(path, labelSelector=selector)
    assert (status, names(listed)) == (200, expected)


async def test_field_selectors(client: Client, path: str, namespace: str) -> None:
    await create(client, path, secret("a"))
    await create(client, path, {**secret("b"), "type": "helm.sh/release.v1"})
    for selector, expected in {
        "type=helm.sh/release.v1": ["b"],
        "type!=helm.sh/release.v1": ["a"],
        "metadata.name=a": ["a"],
        f"metadata.namespace={namespace},metadata.name!=a": ["b"],
    }.items():
        _, listed = await client.get(path, fieldSelector=selector)
        assert names(listed) == expected


async def test_pages(client: Client, path: str) -> None:
    for name in ("c", "a", "e", "b", "d"):
        await create(client, path, secret(name))
    _, first = await client.get(path, limit="2")
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    _, second = await client.get(path, **{"limit": "2", "continue": first["metadata"]["continue"]})
    _, third = await client.get(path, **{"limit": "2", "continue": second["metadata"]["continue"]})
    assert (names(second), names(third)) == (["c", "d"], ["e"])
    assert "continue" not in third["metadata"]
    versions = {page["metadata"]["resourceVersion"] for page in (first, second, third)}
    assert len(versions) == 1


async def test_metadata_only(client: Client, path: str) -> None:
    created = await create(client, path, secret("a", {"owner": "helm"}, k="v"))
    status, listed = await client.get(path, accept=METADATA_LIST, labelSelector="owner=helm")
    assert (status, listed["kind"], listed["apiVersion"]) == (200, "PartialObjectMetadataList", "meta.k8s.io/v1")
    assert [(sorted(item), item["metadata"]["uid"]) for item in listed["items"]] in (
        [(["apiVersion", "kind", "metadata"], created["metadata"]["uid"])],
        [(["metadata"], created["metadata"]["uid"])],
    )
    status, told = await client.get(f"{path}/a", accept=METADATA)
    assert (status, told["kind"], sorted(told)) == (200, "PartialObjectMetadata", ["apiVersion", "kind", "metadata"])


async def test_tables(client: Client, path: str) -> None:
    await create(client, path, secret("a"))
    status, table = await client.get(path, accept=TABLE)
    assert (status, table["kind"], table["columnDefinitions"][0]["name"]) == (200, "Table", "Name")
    assert [(row["cells"][0], row["object"]["kind"]) for row in table["rows"]] == [("a", "PartialObjectMetadata")]


def field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


async def test_protobuf_bodies(client: Client, path: str, namespace: str) -> None:
    """As Helm writes: the object in a runtime.Unknown, with the empty strings that Go writes too."""
    label = field(1, b"owner") + field(2, b"helm")
    metadata = field(1, b"a") + field(2, b"") + field(8, b"") + field(11, label)
    message = (
        field(1, metadata) + field(2, field(1, b"release") + field(2, b"\x00\xff")) + field(3, b"helm.sh/release.v1")
    )
    body = b"k8s\x00" + field(1, field(1, b"v1") + field(2, b"Secret")) + field(2, message) + field(3, b"")
    status, created = await client.post(path, body, content_type=PROTOBUF)
    assert status == 201, created
    assert (created["metadata"]["labels"], created["type"]) == ({"owner": "helm"}, "helm.sh/release.v1")
    assert created["data"] == {"release": "AP8="}
    assert created["metadata"]["namespace"] == namespace
