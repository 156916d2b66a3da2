"""The proxy does to requests what tests want, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from simulator import Member, Simulator
from tests.contract.client import Client
from tests.contract.helm import Helm
from tests.faults import (
    Cut,
    Delay,
    Drip,
    Elsewhere,
    Failure,
    Hang,
    Proxy,
    by_helm,
    conflict,
    gone,
    html,
    listing,
    null,
    status,
    throttled,
    timed_out,
    watches,
    writes_record,
)
from tests.sample_charts import chart_files

SECRETS = "/api/v1/namespaces/default/secrets"
SYSTEM = "/api/v1/namespaces/kube-system"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(bookmark_interval=0.05) as simulator:
        yield simulator


@pytest.fixture
def paris(simulator: Simulator) -> Member:
    return simulator.add(f"paris-{len(simulator.members)}")


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(paris: Member) -> AsyncIterator[Proxy]:
    async with Proxy(paris.kubeconfig) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    async with Client(proxy.kubeconfig) as opened:
        yield opened


def names(member: Member) -> list[str]:
    return [secret["metadata"]["name"] for secret in member.objects("secrets")]


async def test_without_faults_requests_pass_and_are_recorded(client: Client, proxy: Proxy, paris: Member) -> None:
    assert (await client.post(SECRETS, {"metadata": {"name": "a"}}))[0] == 201
    code, found = await client.get(SECRETS, limit="5")
    assert (code, [item["metadata"]["name"] for item in found["items"]]) == (200, ["a"])
    assert [(seen.method, seen.path, seen.query, seen.status, seen.acted) for seen in proxy.requests] == [
        ("POST", SECRETS, {}, 201, True),
        ("GET", SECRETS, {"limit": "5"}, 200, True),
    ]
    assert b'"name":"a"' in proxy.requests[0].body
    assert proxy.count("POST", "/secrets$") == 1
    assert proxy.count(path="/configmaps") == 0


async def test_a_watch_streams(client: Client, proxy: Proxy, paris: Member) -> None:
    async with client.watch(SECRETS) as events:
        paris.put("secrets", {"metadata": {"name": "b", "namespace": "default"}})
        kind, found = await events.next()
        assert (kind, found["metadata"]["name"]) == ("ADDED", "b")
    assert [watches(seen) for seen in proxy.requests] == [True]


@pytest.mark.parametrize(
    ("failure", "code", "reason"),
    [
        (status(503), 503, "ServiceUnavailable"),
        (status(500), 500, "InternalError"),
        (conflict(), 409, "Conflict"),
        (gone(), 410, "Expired"),
        (throttled(), 429, "TooManyRequests"),
    ],
)
async def test_an_error_is_answered_and_the_server_has_not_acted(
    client: Client, proxy: Proxy, paris: Member, failure: Failure, code: int, reason: str
) -> None:
    proxy.fault(failure)
    found, body = await client.post(SECRETS, {"metadata": {"name": "a"}})
    assert (found, body["kind"], body["reason"], body["code"]) == (code, "Status", reason, code)
    assert (names(paris), proxy.requests[0].status, proxy.requests[0].acted) == ([], code, False)


async def test_retry_after_is_seconds_or_a_date(client: Client, proxy: Proxy) -> None:
    date = datetime(2030, 1, 1, tzinfo=UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    proxy.fault(throttled("7"), times=1)
    proxy.fault(throttled(date))
    asked = [await client._session.get(f"{client.server}/version") for _ in range(2)]
    assert [answer.headers["Retry-After"] for answer in asked] == ["7", date]


@pytest.mark.parametrize(
    ("failure", "body"),
    [
        (null(), None),
        (html(), b"<html><body>Welcome</body></html>"),
        (listing(), {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}),
    ],
)
async def test_an_answer_that_is_not_a_list_comes_with_status_200(
    client: Client, proxy: Proxy, failure: Failure, body: object
) -> None:
    proxy.fault(failure, path="/secrets")
    assert await client.get(SECRETS) == (200, body)
    assert (await client.get(SYSTEM))[0] == 200


async def test_an_error_can_come_after_the_server_has_acted(client: Client, proxy: Proxy, paris: Member) -> None:
    proxy.fault(timed_out())
    code, body = await client.post(SECRETS, {"metadata": {"name": "a"}})
    assert (code, body["message"], names(paris)) == (500, "etcdserver: request timed out", ["a"])


@pytest.mark.parametrize(("acted", "expected"), [(False, []), (True, ["a"])])
@pytest.mark.parametrize("reset", [True, False])
async def test_a_connection_is_cut_before_or_after_the_server_has_acted(
    client: Client, proxy: Proxy, paris: Member, acted: bool, reset: bool, expected: list[str]
) -> None:
    proxy.fault(Cut(acted=acted, reset=reset), method="POST")
    with pytest.raises(aiohttp.ClientOSError if reset else aiohttp.ServerDisconnectedError):
        await client.post(SECRETS, {"metadata": {"name": "a"}})
    assert names(paris) == expected
    assert (proxy.requests[0].status, proxy.requests[0].acted) == (None, acted)
    assert (await client.get(SECRETS))[0] == 200


async def test_an_answer_can_break_off(client: Client, proxy: Proxy) -> None:
    proxy.fault(Cut(sent=10, reset=False))
    answer = await client._session.get(client.server + SYSTEM)
    with pytest.raises(aiohttp.ClientPayloadError):
        await answer.read()


async def test_a_hang_ends_with_the_rule_and_is_not_answered(client: Client, proxy: Proxy, paris: Member) -> None:
    rule = proxy.fault(Hang(), method="POST")
    asking = asyncio.create_task(client.post(SECRETS, {"metadata": {"name": "a"}}))
    assert (await rule.hit()).path == SECRETS
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asking), 0.2)
    proxy.heal()
    with pytest.raises(aiohttp.ClientError):
        await asking
    assert names(paris) == []


async def test_a_hang_can_come_after_the_server_has_acted_and_last_for_some_time(
    client: Client, proxy: Proxy, paris: Member
) -> None:
    proxy.fault(Hang(seconds=0.1, acted=True), method="POST")
    with pytest.raises(aiohttp.ClientError):
        await client.post(SECRETS, {"metadata": {"name": "a"}})
    assert names(paris) == ["a"]


@pytest.mark.parametrize("failure", [Delay(0.3), Drip(size=100, pause=0.1)])
async def test_a_slow_answer_is_complete(client: Client, proxy: Proxy, failure: Failure) -> None:
    expected = await client.get(SYSTEM)
    proxy.fault(failure)
    began = time.monotonic()
    assert await client.get(SYSTEM) == expected
    assert time.monotonic() - began >= 0.2


async def test_another_server_answers_one_request_or_all(
    client: Client, proxy: Proxy, paris: Member, simulator: Simulator
) -> None:
    other = simulator.add(f"other-{len(simulator.members)}")
    async with Client(other.kubeconfig) as there:
        theirs, ours = (await there.get(SYSTEM))[1], (await client.get(SYSTEM))[1]
    assert theirs["metadata"]["uid"] != ours["metadata"]["uid"]
    proxy.fault(Elsewhere(other.kubeconfig), times=1)
    assert [(await client.get(SYSTEM))[1] for _ in range(2)] == [theirs, ours]
    proxy.swap(other.kubeconfig)
    assert [(await client.get(SYSTEM))[1] for _ in range(2)] == [theirs, theirs]
    proxy.heal()
    assert (await client.get(SYSTEM))[1] == ours


async def test_a_rule_takes_the_requests_that_it_is_for_and_counts_them(client: Client, proxy: Proxy) -> None:
    rule = proxy.fault(
        status(503), method="GET", path="/secrets$", where=lambda seen: "limit" in seen.query, skip=1, times=2
    )
    asked = [await client.get(SECRETS, limit="1") for _ in range(4)]
    assert [code for code, _ in asked] == [200, 503, 503, 200]
    assert (await client.get(SECRETS))[0] == 200
    assert [seen.number for seen in rule.hits] == [2, 3]
    proxy.heal()
    assert proxy.count(path="/secrets") == 5


async def test_open_connections_are_reset(client: Client, proxy: Proxy) -> None:
    async with client.watch(SECRETS) as events:
        proxy.reset()
        with pytest.raises(aiohttp.ClientError):
            await events.next()
    assert (await client.get(SECRETS))[0] == 200


async def test_helm_works_through_the_proxy_and_its_records_are_recognized(proxy: Proxy, tmp_path: Path) -> None:
    for path, content in chart_files().items():
        (tmp_path / "web" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "web" / path).write_text(content)
    helm = Helm.at(tmp_path, proxy.kubeconfig)
    await helm("install", "shop", str(tmp_path / "web"))
    await helm("upgrade", "shop", str(tmp_path / "web"))
    await helm("uninstall", "shop")
    written = [(seen.method, seen.path.removeprefix(f"{SECRETS}/")) for seen in proxy.seen(where=writes_record)]
    first, second = "sh.helm.release.v1.shop.v1", "sh.helm.release.v1.shop.v2"
    assert written[:4] == [("POST", SECRETS), ("PUT", first), ("POST", SECRETS), ("PUT", first)]
    assert written[-2:] == [("DELETE", first), ("DELETE", second)] or written[-2:] == [
        ("DELETE", second),
        ("DELETE", first),
    ]
    assert all(by_helm(seen) for seen in proxy.requests)
    assert {seen.status for seen in proxy.requests} <= {200, 201, 404}
