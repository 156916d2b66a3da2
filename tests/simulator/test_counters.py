"""A test can prove what was asked of a member, and that nothing was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from simulator import Member, Simulator
from tests.contract.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRETS = "/api/v1/namespaces/default/secrets"


@pytest_asyncio.fixture(loop_scope="session")
async def paris() -> AsyncIterator[Member]:
    async with Simulator(["paris"]) as simulator:
        yield simulator.members["paris"]


async def test_requests_are_counted_by_what_they_ask(paris: Member) -> None:
    async with Client(paris.kubeconfig) as client:
        await client.get("/version")
        await client.get("/apis/apps/v1")
        await client.get(SECRETS)
        await client.get("/api/v1/secrets", labelSelector="owner=helm")
        await client.get(f"{SECRETS}/none")
        await client.get("/apis/apps/v1/deployments")
        await client.get("/nothing")
        async with client.watch(SECRETS, timeoutSeconds="1"):
            pass
    assert paris.requests == {
        "get /version": 1,
        "get /apis/apps/v1": 1,
        "list secrets": 2,
        "get secrets": 1,
        "list deployments.apps": 1,
        "get /nothing": 1,
        "watch secrets": 1,
    }
    assert paris.writes == 0


async def test_writes_are_counted_when_they_change_something(paris: Member) -> None:
    async with Client(paris.kubeconfig) as client:
        _, created = await client.post(SECRETS, {"metadata": {"name": "a"}})
        assert paris.writes == 1
        await client.put(f"{SECRETS}/a", created)
        await client.post(SECRETS, {"metadata": {"name": "a"}})
        await client.post(SECRETS, {"metadata": {"name": "b"}}, dryRun="All")
        await client.delete(f"{SECRETS}/a", dryRun="All")
        assert paris.writes == 1
        await client.patch(f"{SECRETS}/a", {"metadata": {"labels": {"k": "v"}}})
        await client.delete(f"{SECRETS}/a")
        assert paris.writes == 3


async def test_objects_that_tests_add_are_not_counted(paris: Member) -> None:
    paris.put("secrets", {"metadata": {"name": "a"}, "stringData": {"k": "v"}})
    paris.put("secrets", {"metadata": {"name": "a"}, "stringData": {"k": "w"}})
    assert [obj["data"] for obj in paris.objects("secrets", namespace="default")] == [{"k": "dw=="}]
    assert (paris.writes, dict(paris.requests)) == (0, {})


async def test_members_know_nothing_of_each_other() -> None:
    async with Simulator(["paris", "tokyo"]) as simulator:
        paris, tokyo = simulator.members["paris"], simulator.members["tokyo"]
        paris.put("secrets", {"metadata": {"name": "a"}})
        assert tokyo.objects("secrets") == []
        uids = {
            space["metadata"]["uid"]
            for member in (paris, tokyo)
            for space in member.objects("namespaces")
            if space["metadata"]["name"] == "kube-system"
        }
        assert len(uids) == 2
        async with Client(paris.kubeconfig, token=tokyo.token) as stranger:
            assert (await stranger.get("/version"))[0] == 401
