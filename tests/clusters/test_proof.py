"""Every connection proves which cluster it leads to before anything that comes over it is believed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from app.clusters.errors import MismatchedError
from app.clusters.kubeconfig import Access
from app.clusters.member import Member
from app.clusters.proof import KUBE_SYSTEM
from app.clusters.release_records import watch_releases
from app.core.errors import TemporaryError
from app.network.addresses import Allowed, Policies
from app.releases.error_codes import ActionCode
from simulator.certificates import issue
from tests.charts.servers import Handler, served
from tests.stack import HERE

POLICY = Policies(Allowed.parse(HERE)).clusters
LIST = {"items": [], "metadata": {"resourceVersion": "1"}}


class Address:
    """An address behind which the n-th connection leads to the n-th of these clusters, later ones to the last.
    `asked` counts the requests that reached each of them, by path."""

    def __init__(self, *uids: str) -> None:
        self._uids = list(uids)
        self._behind: dict[Any, str] = {}
        self.asked: Counter[tuple[str, str]] = Counter()

    def swap(self, uid: str) -> None:
        """From now on this cluster answers, on connections that are open too."""
        self._uids = [uid]
        self._behind = dict.fromkeys(self._behind, uid)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        uid = self._behind.setdefault(request.transport, self._uids[min(len(self._behind), len(self._uids) - 1)])
        self.asked[uid, request.path] += 1
        if request.path == KUBE_SYSTEM:
            return web.json_response({"metadata": {"name": "kube-system", "uid": uid}})
        return web.json_response({"gitVersion": "v1.34.4"} if request.path == "/version" else LIST)


@asynccontextmanager
async def member_at(answer: Handler, uid: str | None = "ours", **options: Any) -> AsyncIterator[Member]:
    certificates = issue()
    async with served(answer, certificates.context()) as host:
        access = Access(f"https://{host}", certificates.authority.decode(), "t0ken", None, None)
        async with Member(access, POLICY, uid=uid, **{"timeout": 5} | options) as member:
            yield member


async def test_a_connection_proves_itself_once_for_all_that_is_asked_on_it() -> None:
    address = Address("ours")
    async with member_at(address.answer) as member:
        for _ in range(5):
            assert await member.version() == "v1.34.4"
    assert address.asked == {("ours", KUBE_SYSTEM): 1, ("ours", "/version"): 5}


async def test_a_sign_of_life_uses_an_open_connection_and_opens_one_if_the_server_has_closed_it() -> None:
    connections, pings = set(), []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        connections.add(request.transport)
        pings.append(request.query_string)
        if len(pings) == 5:
            request.transport.close()
        return web.json_response({"metadata": {"name": "kube-system", "uid": "ours"}})

    async with member_at(answer) as member:
        for _ in range(3):
            await member.ping(seconds=5)
        assert (len(connections), pings) == (1, ["", *3 * ["resourceVersion=0"]])
        member.heard_at = 0.0
        await member.ping(seconds=5)
        assert (len(connections), pings[4:]) == (2, ["resourceVersion=0", "", "resourceVersion=0"])
    assert member.heard_at > 0


async def test_signs_of_life_use_one_connection_so_that_others_can_close() -> None:
    asked: list[tuple[str, Any]] = []
    both = asyncio.Barrier(2)

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append((request.path, request.transport))
        if request.path == "/version":
            await both.wait()
        return web.json_response({"metadata": {"uid": "ours"}, "gitVersion": "v1.34.4"})

    async with member_at(answer) as member:
        await asyncio.gather(member.version(), member.version())
        assert len({transport for _, transport in asked}) == 2
        asked.clear()
        for _ in range(4):
            await member.ping(seconds=5)
    assert [path for path, _ in asked] == 4 * [KUBE_SYSTEM]
    assert len({transport for _, transport in asked}) == 1


async def test_behind_a_proxy_that_sends_requests_elsewhere_an_old_proof_is_asked_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = Address("ours")
    async with member_at(address.answer) as member:
        assert await member.version() == "v1.34.4"
        address.swap("theirs")
        monkeypatch.setattr("app.clusters.proof.LASTS_SECONDS", 0)
        for ask in (member.version(), member.ping(seconds=5), anext(watch_releases(member, 1, seconds=1))):
            with pytest.raises(MismatchedError):
                await ask
        address.swap("ours")
        assert await member.version() == "v1.34.4"
    assert address.asked["theirs", KUBE_SYSTEM] == address.asked.total() - 4


ASKS: list[tuple[str, Callable[[Member], Awaitable[Any]]]] = [
    ("a request", lambda member: member.version()),
    ("a change", lambda member: member.request("DELETE", "/api/v1/namespaces/default/secrets/theirs")),
    ("a sign of life", lambda member: member.ping(seconds=5)),
    ("a watch", lambda member: anext(watch_releases(member, 1, seconds=1))),
]


@pytest.mark.parametrize(("what", "ask"), ASKS)
async def test_another_cluster_receives_no_request_except_for_its_identity(
    what: str, ask: Callable[[Member], Awaitable[Any]]
) -> None:
    address = Address("theirs")
    async with member_at(address.answer) as member:
        with pytest.raises(MismatchedError) as caught:
            await ask(member)
    assert (caught.value.code, caught.value.uid) == (ActionCode.CLUSTER_MISMATCHED, "theirs")
    assert caught.value.message == (
        "Another cluster answers at its address: the uid of its kube-system namespace is theirs, and that of the"
        " registered cluster is ours."
    )
    assert address.asked == {("theirs", KUBE_SYSTEM): 1}


async def test_of_two_clusters_behind_one_address_only_the_right_one_is_ever_asked() -> None:
    address = Address("ours", "theirs", "ours")
    async with member_at(address.answer) as member:
        found = await asyncio.gather(*(member.version() for _ in range(3)), return_exceptions=True)
    assert sorted(map(str, found))[1:] == ["v1.34.4", "v1.34.4"]
    assert [type(each) for each in found if isinstance(each, Exception)] == [MismatchedError]
    assert address.asked == {("ours", KUBE_SYSTEM): 2, ("ours", "/version"): 2, ("theirs", KUBE_SYSTEM): 1}


async def test_the_right_cluster_is_asked_again_as_soon_as_it_answers() -> None:
    address = Address("theirs", "ours")
    async with member_at(address.answer) as member:
        with pytest.raises(MismatchedError):
            await member.version()
        assert await member.version() == "v1.34.4"


async def test_a_cluster_proves_no_identity_before_it_is_registered() -> None:
    address = Address("new")
    async with member_at(address.answer, uid=None) as member:
        assert await member.uid() == "new"
    assert address.asked == {("new", KUBE_SYSTEM): 1}


ANSWERS: list[tuple[str, Callable[[], web.Response], str, str]] = [
    (
        "no credentials",
        lambda: web.json_response({"message": "Unauthorized"}, status=401),
        ActionCode.CLUSTER_UNAUTHORIZED,
        "The API server does not accept the credentials (401)."
        " Replace them: polyhelm cluster update paris --kubeconfig FILE",
    ),
    (
        "no permission",
        lambda: web.json_response({"message": "namespaces is forbidden"}, status=403),
        ActionCode.CLUSTER_UNAUTHORIZED,
        "The credentials do not allow this: namespaces is forbidden",
    ),
    (
        "a pause",
        lambda: web.json_response({"message": "later"}, status=429, headers={"Connection": "close"}),
        ActionCode.CLUSTER_THROTTLED,
        "The API server is throttling requests (429).",
    ),
    (
        "no such namespace",
        lambda: web.json_response({"message": 'namespaces "kube-system" not found'}, status=404),
        ActionCode.CLUSTER_UNREACHABLE,
        'The API server failed: namespaces "kube-system" not found',
    ),
    (
        "HTML",
        lambda: web.Response(text="<html>"),
        ActionCode.CLUSTER_UNEXPECTED_ANSWER,
        "The server that answered is not a Kubernetes API server: it did not send JSON.",
    ),
    (
        "another object",
        lambda: web.json_response({"kind": "Status"}),
        ActionCode.CLUSTER_UNEXPECTED_ANSWER,
        "The API server returned something other than metadata.uid.",
    ),
    (
        "a connection that ends after each answer",
        lambda: web.json_response({"metadata": {"uid": "ours"}}, headers={"Connection": "close"}),
        ActionCode.CLUSTER_UNREACHABLE,
        "The API server cannot be reached: it closes each connection after one answer",
    ),
    (
        "too much",
        lambda: web.Response(body=b" " * (2**20 + 1)),
        ActionCode.CLUSTER_UNREACHABLE,
        "The API server cannot be reached: it answers with more than 1,048,576 bytes",
    ),
]


@pytest.mark.parametrize(("what", "proof", "code", "message"), ANSWERS)
async def test_an_invalid_proof_is_reported(
    what: str, proof: Callable[[], web.Response], code: str, message: str
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return proof()

    async with member_at(answer, name="paris") as member:
        with pytest.raises(TemporaryError) as caught:
            await member.version()
    assert (caught.value.code, caught.value.message) == (code, message)
    assert asked == [KUBE_SYSTEM]


async def test_waiting_for_a_proof_is_limited() -> None:
    is_over = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response()

    async with member_at(answer, timeout=0.3) as member:
        with pytest.raises(TemporaryError) as caught:
            await member.version()
        is_over.set()
    assert (caught.value.code, caught.value.message) == (
        ActionCode.CLUSTER_UNREACHABLE,
        "The API server did not answer within 0.3 s.",
    )


async def test_a_slow_proof_leaves_the_request_its_time() -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(0.7)
        return web.json_response({"metadata": {"uid": "ours"}, "gitVersion": "v1.34.4"})

    async with member_at(answer, timeout=1.2) as member:
        assert await member.version() == "v1.34.4"


async def test_a_proof_is_a_sign_of_life_where_there_is_no_time_for_another_answer() -> None:
    is_over, asked = asyncio.Event(), 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if asked > 1:
            await is_over.wait()
        return web.json_response({"metadata": {"uid": "ours"}})

    async with member_at(answer) as member:
        await member.ping(seconds=0.5)
        assert member.heard_at > 0
        with pytest.raises(TemporaryError, match=r"did not answer within 0\.2 s"):
            await member.ping(seconds=0.2)
        is_over.set()
