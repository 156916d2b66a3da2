"""Watches tell the same on a member of the simulator as on a real cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .client import METADATA

if TYPE_CHECKING:
    from .client import Client, Object

START = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}


def config(name: str, labels: dict[str, str] | None = None, **data: str) -> Object:
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


@pytest.fixture
def path(namespace: str) -> str:
    """ConfigMaps that a label tells from the one that every namespace of a real cluster has."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


async def version(client: Client, path: str) -> str:
    _, listed = await client.get(path)
    found: str = listed["metadata"]["resourceVersion"]
    return found


async def test_a_watch_sends_the_changes_after_a_version(client: Client, path: str) -> None:
    await client.post(path, config("before", {"app": "shop"}))
    since = await version(client, path)
    async with client.watch(path, resourceVersion=since, labelSelector="app=shop") as events:
        _, created = await client.post(path, config("a", {"app": "shop"}))
        _, updated = await client.put(f"{path}/a", config("a", {"app": "shop"}, k="v"))
        await client.delete(f"{path}/a")
        added, modified, deleted = [await events.next() for _ in range(3)]
    assert [added[0], modified[0], deleted[0]] == ["ADDED", "MODIFIED", "DELETED"]
    assert added[1]["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    assert modified[1]["metadata"]["resourceVersion"] == updated["metadata"]["resourceVersion"]
    assert modified[1]["data"] == deleted[1]["data"] == {"k": "v"}
    assert int(deleted[1]["metadata"]["resourceVersion"]) > int(updated["metadata"]["resourceVersion"])


async def test_a_watch_without_a_version_begins_with_what_there_is(client: Client, path: str) -> None:
    await client.post(path, config("here", {"app": "shop"}))
    async with client.watch(path, labelSelector="app=shop") as events:
        assert await events.names(1) == [("ADDED", "here")]
        await client.post(path, config("later", {"app": "shop"}))
        assert await events.names(1) == [("ADDED", "later")]


async def test_an_object_that_stops_matching_is_deleted_for_the_watcher(client: Client, path: str) -> None:
    since = await version(client, path)
    async with client.watch(path, resourceVersion=since, labelSelector="app in (shop, web)") as events:
        await client.post(path, config("a", {"app": "shop"}, k="1"))
        await client.post(path, config("other", {"app": "none"}))
        _, left = await client.put(f"{path}/a", config("a", {"app": "none"}, k="2"))
        await client.put(f"{path}/a", config("a", {"app": "web"}, k="3"))
        told = [await events.next() for _ in range(3)]
    assert [(kind, obj["metadata"]["name"], obj["data"]) for kind, obj in told] == [
        ("ADDED", "a", {"k": "1"}),
        ("DELETED", "a", {"k": "1"}),
        ("ADDED", "a", {"k": "3"}),
    ]
    assert told[1][1]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


async def test_a_watch_of_one_name(client: Client, path: str) -> None:
    since = await version(client, path)
    async with client.watch(path, resourceVersion=since, fieldSelector="metadata.name=b") as events:
        await client.post(path, config("a"))
        await client.post(path, config("b"))
        assert await events.names(1) == [("ADDED", "b")]


async def test_a_metadata_only_watch(client: Client, path: str) -> None:
    since = await version(client, path)
    async with client.watch(path, accept=METADATA, resourceVersion=since, labelSelector="app") as events:
        await client.post(path, config("a", {"app": "shop"}, secret="no"))
        kind, obj = await events.next()
    assert (kind, obj["kind"], obj["apiVersion"]) == ("ADDED", "PartialObjectMetadata", "meta.k8s.io/v1")
    assert sorted(obj) == ["apiVersion", "kind", "metadata"]
    assert obj["metadata"]["labels"] == {"app": "shop"}


@pytest.mark.parametrize("accept", ["application/json", METADATA])
async def test_initial_events_end_with_a_bookmark(client: Client, path: str, accept: str) -> None:
    for name in ("a", "b"):
        await client.post(path, config(name, {"app": "shop"}))
    async with client.watch(path, accept=accept, labelSelector="app=shop", **START) as events:
        assert sorted(await events.names(2)) == [("ADDED", "a"), ("ADDED", "b")]
        kind, bookmark = await events.next(bookmarks=True)
        await client.post(path, config("c", {"app": "shop"}))
        assert await events.names(1) == [("ADDED", "c")]
    assert kind == "BOOKMARK"
    assert bookmark["kind"] == ("ConfigMap" if accept == "application/json" else "PartialObjectMetadata")
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(bookmark["metadata"]["resourceVersion"]) > 0


async def test_bookmarks_come_before_the_end(client: Client, path: str) -> None:
    """A real server tells one about two seconds before a watch times out."""
    since = await version(client, path)
    query = {"resourceVersion": since, "allowWatchBookmarks": "true", "timeoutSeconds": "4"}
    async with client.watch(path, labelSelector="app=shop", **query) as events:
        _, created = await client.post(path, config("unmatched"))
        kind = ""
        bookmark: Object = {}
        while not kind or int(bookmark["metadata"]["resourceVersion"]) < int(created["metadata"]["resourceVersion"]):
            kind, bookmark = await events.next(bookmarks=True)
            assert kind == "BOOKMARK"
    assert "annotations" not in bookmark["metadata"]


async def test_a_watch_ends_after_its_timeout(client: Client, path: str) -> None:
    since = await version(client, path)
    async with client.watch(path, resourceVersion=since, timeoutSeconds="1") as events:
        assert await events.next(timeout=5) == ("", {})


async def test_a_version_of_the_future_waits(client: Client, path: str) -> None:
    query = {"resourceVersion": "99999999999", "timeoutSeconds": "1"}
    async with client.watch(path, **query) as events:
        assert events.status == 200
        await client.post(path, config("a"))
        assert await events.next() == ("", {})


@pytest.mark.parametrize(
    ("query", "code", "reason"),
    [
        ({"resourceVersion": "abc"}, 500, None),
        ({"sendInitialEvents": "true"}, 422, "Invalid"),
        ({"resourceVersionMatch": "NotOlderThan"}, 422, "Invalid"),
        ({"labelSelector": "a in b"}, 400, "BadRequest"),
        ({"fieldSelector": "data.k=v"}, 400, "BadRequest"),
    ],
)
async def test_a_watch_refuses(client: Client, path: str, query: dict[str, str], code: int, reason: str | None) -> None:
    status, told = await client.get(path, watch="true", **query)
    assert (status, told["code"], told.get("reason")) == (code, code, reason)
