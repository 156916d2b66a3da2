"""Logs in the API: read once, and followed while containers restart and pods come and go."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator import Member
from simulator.operations import Deletion
from tests.live.client import socket
from tests.live.serving import served
from tests.resources.looking import deployed, until_health
from tests.resources.pods import add_pod, at, running, set_status
from tests.stack import Stack, eventually

FIELDS = "entries { kind time pod container text }"
LOGS = f"query ($target: ID!, $filter: LogFilter) {{ logs(target: $target, filter: $filter) {{ {FIELDS} }} }}"
FOLLOW = f"subscription ($target: ID!, $filter: LogFilter) {{ logs(target: $target, filter: $filter) {{ {FIELDS} }} }}"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


async def running_pods(stack: Stack, member: Member, *names: str, **more: Any) -> str:
    """Deploys a workload with these pods, and gives the id of the target."""
    deployment_id = await deployed(stack, member, "deployment")
    await until_health(stack, "HEALTHY")
    for name in names:
        add_pod(member, name, **more)
    target_id: str = (await stack.targets(deployment_id))["paris"]["id"]
    return target_id


async def logs(stack: Stack, target: str, **chosen: Any) -> list[str]:
    found = (await stack.data(LOGS, target=target, filter=chosen))["logs"]["entries"]
    return [f"{each['pod']}/{each['container']}: {each['text']}" for each in found]


async def texts_until(subscription: Any, last: str) -> list[str]:
    """The texts that are received, up to one that starts like this; for notices, with their kinds."""
    found: list[str] = []
    while True:
        entries = (await subscription.next())["entries"]
        found += (each["text"] if each["kind"] == "LINE" else f"{each['kind']}: {each['text']}" for each in entries)
        if any(text.startswith(last) for text in found):
            return found


async def test_logs_of_all_pods_are_merged_by_time(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    target = await running_pods(stack, paris, "shop-1", "shop-2")
    for second, pod in enumerate(("shop-1", "shop-2", "shop-1")):
        paris.logs.write(at(pod), f"line {second}", time=NOON + timedelta(seconds=second))
    writes = paris.writes
    assert await logs(stack, target) == ["shop-1/web: line 0", "shop-2/web: line 1", "shop-1/web: line 2"]
    assert await logs(stack, target, tail=2) == ["shop-2/web: line 1", "shop-1/web: line 2"]
    assert await logs(stack, target, pod="shop-1", search="2") == ["shop-1/web: line 2"]
    assert await logs(stack, target, container="other") == []
    paris.logs.restart(at("shop-1"))
    assert await logs(stack, target, pod="shop-1") == []
    assert len(await logs(stack, target, pod="shop-1", previous=True)) == 2
    [failed] = await logs(stack, target, pod="shop-2", previous=True)
    assert failed.endswith('previous terminated container "web" in pod "shop-2" not found')
    answer = await stack.ask(LOGS, target=target, filter={"pod": "none"})
    assert answer["errors"][0]["extensions"]["code"] == "pod_not_found"
    assert paris.writes == writes


async def test_hostile_lines_are_bounded(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    target = await running_pods(stack, paris, "shop-1")
    paris.logs.write(at("shop-1"), b"a" * 3 * 2**20, b"\0\xff\x1b[31m", "last")
    [first, second, third] = await logs(stack, target)
    assert (len(first) < 17_000, first.endswith("(line cut)")) == (True, True)
    assert second == "shop-1/web: \ufffd\ufffd\x1b[31m"
    assert third == "shop-1/web: last"


async def test_a_log_is_followed_through_a_restart_until_its_pod_is_deleted(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    target = await running_pods(stack, paris, "shop-1")
    paris.logs.write(at("shop-1"), "before")
    async with served(stack) as url, socket(url) as opened:
        followed = await opened.subscribe(FOLLOW, target=target, filter={"pod": "shop-1"})
        assert await texts_until(followed, "before") == ["before"]
        paris.logs.write(at("shop-1"), "live")
        assert await texts_until(followed, "live") == ["live"]
        paris.logs.restart(at("shop-1"))
        paris.logs.write(at("shop-1"), "again")
        ended = {"lastState": {"terminated": {"exitCode": 3}}}
        set_status(paris, "shop-1", containerStatuses=[running("web", restarts=1) | ended])
        assert await texts_until(followed, "again") == [
            "RESTARTED: Container web was restarted. It had exited with code 3.",
            "again",
        ]
        delete_pod(paris, "shop-1")
        paris.logs.end(at("shop-1"))
        assert await texts_until(followed, "ENDED") == ["ENDED: The pod no longer exists."]
    await eventually(lambda: nobody_reads(paris, stack))


async def test_a_log_that_its_node_never_closes_ends_after_its_pod_has_been_deleted(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.logs.following.SILENT_SECONDS", 0)
    paris = simulated("paris")
    target = await running_pods(stack, paris, "shop-1")
    paris.logs.write(at("shop-1"), "last words")
    async with served(stack) as url, socket(url) as opened:
        followed = await opened.subscribe(FOLLOW, target=target, filter={"pod": "shop-1"})
        assert await texts_until(followed, "last words") == ["last words"]
        delete_pod(paris, "shop-1")
        assert paris.logs.readers == 1
        assert await texts_until(followed, "ENDED") == ["ENDED: The pod no longer exists."]
    await eventually(lambda: nobody_reads(paris, stack))


async def test_pods_that_appear_later_join_by_a_watch_and_nothing_is_read_after_the_subscriber_has_gone(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("LISTED_EVERY", "CHECKED_EVERY"):
        monkeypatch.setattr(f"app.logs.changes.{pause}", 3600)
    paris = simulated("paris")
    target = await running_pods(stack, paris, "shop-1")
    paris.logs.write(at("shop-1"), "first", "not shown")
    async with served(stack) as url, socket(url) as opened:
        followed = await opened.subscribe(FOLLOW, target=target, filter={"search": "first"})
        assert await texts_until(followed, "first") == ["first"]
        paris.logs.write(at("shop-2"), "of the second, first")
        add_pod(paris, "shop-2")
        assert await texts_until(followed, "of the second") == [
            "JOINED: Container web started.",
            "of the second, first",
        ]
        assert paris.logs.readers == 2
        assert stack.services.log_streams.taken == 3  # two containers, and the watch of their pods
    await eventually(lambda: nobody_reads(paris, stack))


async def test_pods_are_listed_again_where_they_cannot_be_watched(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.logs.changes.MOST_WATCHES", 0)
    monkeypatch.setattr("app.logs.changes.LISTED_EVERY", 0.1)
    paris = simulated("paris")
    target = await running_pods(stack, paris, "shop-1")
    async with served(stack) as url, socket(url) as opened:
        followed = await opened.subscribe(FOLLOW, target=target)
        paris.logs.write(at("shop-2"), "of the second")
        add_pod(paris, "shop-2")
        assert "of the second" in await texts_until(followed, "of the second")


def delete_pod(member: Member, name: str) -> None:
    pods = member.catalog.find("", "v1", "pods")
    assert pods is not None
    member.operations.delete(pods, "default", name, Deletion.of({}, dry_run=False, propagation=""))


async def nobody_reads(member: Member, stack: Stack) -> bool:
    return (member.logs.readers, stack.services.log_streams.taken) == (0, 0)
