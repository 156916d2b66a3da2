"""A watcher that is too late or too slow is told so, and holds no memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from simulator import Member, Simulator
from simulator.resources import BUILT_IN
from simulator.selectors import Selection
from simulator.views import View
from simulator.watch import Watch
from tests.contract.client import Client

if TYPE_CHECKING:
    from tests.contract.client import Object

CONFIGS = "/api/v1/namespaces/default/configmaps"
GONE = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "reason": "Expired",
    "code": 410,
}


def write(member: Member, count: int, text: str = "") -> None:
    for number in range(count):
        member.put("configmaps", {"metadata": {"name": "a"}, "data": {"n": str(number), "text": text}})


def without_message(told: Object) -> Object:
    return {key: value for key, value in told.items() if key != "message"}


async def test_a_version_that_is_forgotten_is_gone() -> None:
    async with Simulator(["paris"], history=10) as simulator:
        paris = simulator.members["paris"]
        async with Client(paris.kubeconfig) as client:
            _, listed = await client.get(CONFIGS)
            since = listed["metadata"]["resourceVersion"]
            write(paris, 30)
            async with client.watch(CONFIGS, resourceVersion=since) as events:
                kind, told = await events.next()
                assert (kind, without_message(told)) == ("ERROR", GONE)
                assert await events.next() == ("", {})
            _, listed = await client.get(CONFIGS)
            async with client.watch(CONFIGS, resourceVersion=listed["metadata"]["resourceVersion"]) as events:
                write(paris, 1)
                assert (await events.next())[1]["data"]["n"] == "0"


async def test_a_slow_watcher_is_ended() -> None:
    """It reads nothing while far more is written than sockets buffer and the history keeps."""
    async with Simulator(["paris"], history=10) as simulator:
        paris = simulator.members["paris"]
        async with Client(paris.kubeconfig) as client, client.watch(CONFIGS) as events:
            for _ in range(60):
                write(paris, 2, "x" * 500_000)
                await asyncio.sleep(0.005)
            collection = paris.store.collection(("", "configmaps"))
            assert len(collection.changes) <= 20
            last = [await events.next()]
            while last[-1][0] in ("ADDED", "MODIFIED"):
                last = [await events.next()]
            assert (last[0][0], without_message(last[0][1])) == ("ERROR", GONE)


async def test_a_long_history_is_printed_in_order() -> None:
    async with Simulator(["paris"]) as simulator:
        paris = simulator.members["paris"]
        async with Client(paris.kubeconfig) as client:
            _, listed = await client.get(CONFIGS)
            write(paris, 500)
            async with client.watch(CONFIGS, resourceVersion=listed["metadata"]["resourceVersion"]) as events:
                told = [(await events.next())[1]["data"]["n"] for _ in range(500)]
        assert told == [str(number) for number in range(500)]


async def test_the_bookmark_after_the_initial_events_has_no_later_version_than_was_sent() -> None:
    """What is written while they are on their way comes after the bookmark, so its version has to be older."""
    async with Simulator(["paris"]) as simulator:
        paris = simulator.members["paris"]
        for number in range(100):
            paris.put("configmaps", {"metadata": {"name": f"c{number}"}})
        begun = paris.store.version
        watch = Watch(paris.store, BUILT_IN["", "v1"]["configmaps"], Selection(), View.OBJECT, "Metadata")
        watch.start("", initial=True, closing_bookmark=True)
        told = watch.take().splitlines()
        write(paris, 1)
        told += watch.take().splitlines()
        assert [orjson.loads(line)["type"] for line in told] == ["ADDED"] * 100 + ["BOOKMARK"]
        assert orjson.loads(told[-1])["object"]["metadata"]["resourceVersion"] == str(begun)
        assert orjson.loads(watch.take())["object"]["metadata"]["name"] == "a"


async def test_bookmarks_come_regularly() -> None:
    async with Simulator(["paris"], bookmark_interval=0.05) as simulator:
        paris = simulator.members["paris"]
        query = {"allowWatchBookmarks": "true", "labelSelector": "none"}
        async with Client(paris.kubeconfig) as client, client.watch(CONFIGS, **query) as events:
            write(paris, 1)
            versions = [(await events.next(bookmarks=True))[1]["metadata"]["resourceVersion"] for _ in range(3)]
        assert versions == [str(paris.store.version)] * 3
