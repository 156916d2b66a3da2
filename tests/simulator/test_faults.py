"""What tests can make go wrong."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from simulator import Member, Simulator
from tests.contract.client import Client, Events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRETS = "/api/v1/namespaces/default/secrets"


@pytest_asyncio.fixture(loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(["paris", "tokyo"], bookmark_interval=0.05) as simulator:
        yield simulator


@pytest.fixture
def paris(simulator: Simulator) -> Member:
    return simulator.members["paris"]


@pytest_asyncio.fixture(loop_scope="session")
async def client(paris: Member) -> AsyncIterator[Client]:
    async with Client(paris.kubeconfig) as client:
        yield client


async def ends(events: Events) -> None:
    """Read until the connection breaks."""
    while (await events.next(bookmarks=True))[0]:
        pass


async def test_a_member_that_is_down_closes_connections(client: Client, paris: Member) -> None:
    paris.faults.down = True
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.get("/version")
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.post(SECRETS, {"metadata": {"name": "a"}})
    paris.faults.down = False
    assert (await client.get(f"{SECRETS}/a"))[0] == 404


async def test_open_watches_end_when_a_member_goes_down(client: Client, paris: Member) -> None:
    async with client.watch(SECRETS) as events:
        paris.faults.down = True
        with pytest.raises(aiohttp.ClientError):
            await asyncio.wait_for(ends(events), 60)


async def test_other_members_answer_while_one_is_down(simulator: Simulator) -> None:
    simulator.members["paris"].faults.down = True
    async with Client(simulator.members["tokyo"].kubeconfig) as tokyo:
        assert (await tokyo.get("/version"))[0] == 200


async def test_a_hanging_member_answers_nothing_and_then_closes(client: Client, paris: Member) -> None:
    paris.faults.hang = True
    asked = asyncio.create_task(client.post(SECRETS, {"metadata": {"name": "a"}}))
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    paris.faults.hang = False
    with pytest.raises(aiohttp.ClientConnectionError):
        await asked
    assert (paris.writes, paris.objects("secrets")) == (0, [])


async def test_watches_of_a_hanging_member_are_silent_and_lose_no_event(client: Client, paris: Member) -> None:
    async with client.watch(SECRETS, allowWatchBookmarks="true") as events:
        assert (await events.next(bookmarks=True))[0] == "BOOKMARK"
        paris.faults.hang = True
        paris.put("secrets", {"metadata": {"name": "a"}})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ends(events), 0.3)
        paris.faults.hang = False
        assert await events.names(1) == [("ADDED", "a")]


@pytest.mark.parametrize(
    ("fault", "path", "code", "reason"),
    [
        ({"unauthorized": True}, "/version", 401, "Unauthorized"),
        ({"throttled": 7}, "/version", 429, "TooManyRequests"),
        ({"forbidden": True}, SECRETS, 403, "Forbidden"),
    ],
)
async def test_each_fault_is_refused_with_its_status(
    client: Client, paris: Member, fault: dict[str, Any], path: str, code: int, reason: str
) -> None:
    paris.faults.update(fault)
    status, told = await client.get(path)
    assert (status, told["code"], told["reason"]) == (code, code, reason)


async def test_throttled_says_when_to_come_again(simulator: Simulator, paris: Member) -> None:
    paris.faults.throttled = 7
    async with Client(paris.kubeconfig) as client:
        _, told = await client.get("/version")
        assert told["details"] == {"retryAfterSeconds": 7}
        async with client.watch(SECRETS) as events:
            assert (events.status, events.headers["Retry-After"]) == (429, "7")


async def test_forbidden_is_about_secrets_and_a_review_says_so(client: Client, paris: Member) -> None:
    paris.faults.forbidden = True
    _, told = await client.get(f"{SECRETS}/a")
    assert told["message"] == (
        'secrets "a" is forbidden: User "polyhelm" cannot get resource "secrets" in API group "" '
        'in the namespace "default"'
    )
    assert (await client.get("/api/v1/namespaces/default/configmaps"))[0] == 200
    reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    allowed = {}
    for resource in ("secrets", "configmaps"):
        review = {"spec": {"resourceAttributes": {"verb": "list", "resource": resource}}}
        allowed[resource] = (await client.post(reviews, review))[1]["status"]["allowed"]
    assert allowed == {"secrets": False, "configmaps": True}


async def test_latency_slows_every_answer(client: Client, paris: Member) -> None:
    paris.faults.latency = 0.2
    begin = time.monotonic()
    assert (await client.get("/version"))[0] == 200
    assert time.monotonic() - begin >= 0.2


async def test_unknown_faults_are_refused_whole(paris: Member) -> None:
    for wanted in ({"down": True, "flood": True}, {"down": True, "latency": "long"}, {"down": "yes"}):
        with pytest.raises(ValueError, match="is no fault"):
            paris.faults.update(wanted)
    assert not paris.faults.down


async def admin(simulator: Simulator, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """A request to the simulator's own API: a client whose server has no path prefix."""
    async with Client(simulator.members["paris"].kubeconfig, token=token or simulator.admin_token) as client:
        client.server = simulator.url
        return await client.ask(method, path, body)


async def test_faults_over_http(simulator: Simulator, paris: Member) -> None:
    path = "/simulator/members/paris/faults"
    status, told = await admin(simulator, "POST", path, {"down": True, "latency": 0.5})
    assert (status, told["faults"]["down"], told["faults"]["latency"]) == (200, True, 0.5)
    assert (paris.faults.down, paris.faults.latency) == (True, 0.5)
    assert (await admin(simulator, "POST", path, {"flood": True}))[0] == 400
    assert (await admin(simulator, "POST", path, [1]))[0] == 400
    assert (await admin(simulator, "POST", "/simulator/members/rome/faults", {}))[0] == 404


async def test_the_admin_api_needs_its_token(simulator: Simulator, paris: Member) -> None:
    for token in ("wrong", paris.token):
        status, _ = await admin(simulator, "POST", "/simulator/members/paris/faults", {"down": True}, token)
        assert status == 401
    assert not paris.faults.down


async def test_members_over_http(simulator: Simulator) -> None:
    status, told = await admin(simulator, "POST", "/simulator/members", {"name": "rome"})
    assert (status, told) == (201, {"name": "rome", "kubeconfig": simulator.members["rome"].kubeconfig})
    assert (await admin(simulator, "POST", "/simulator/members", {"name": "rome"}))[0] == 400
    _, members = await admin(simulator, "GET", "/simulator/members")
    assert sorted(members) == ["paris", "rome", "tokyo"]


async def test_an_open_watch_and_a_hanging_request_do_not_hold_up_the_end() -> None:
    async with Simulator(["paris"]) as simulator:
        paris = simulator.members["paris"]
        client = await Client(paris.kubeconfig).__aenter__()
        watch = client.watch(SECRETS)
        await watch.__aenter__()
        paris.faults.hang = True
        asked = asyncio.create_task(client.get("/version"))
        await asyncio.sleep(0.05)
        begin = time.monotonic()
    assert time.monotonic() - begin < 60
    with pytest.raises(aiohttp.ClientError):
        await asked
    await watch.__aexit__(None, None, None)
    await client.__aexit__()
