"""A member that can't be asked, or refuses: each with the error that says how it goes on."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from app.clusters.access_reviews import missing_permissions
from app.clusters.kubeconfig import Access, read_kubeconfig
from app.clusters.member import Member, Purpose
from app.clusters.release_records import fetch_record, list_releases, list_revisions, watch_releases
from app.core.errors import TemporaryError
from app.network.addresses import Allowed, Policies
from app.releases.error_codes import ActionCode
from app.releases.record import UnreadableRecordError
from simulator import Member as SimulatedMember
from simulator import Simulator
from simulator.certificates import issue
from tests.charts.servers import Handler, served
from tests.clusters.kubeconfigs import CERTIFICATE
from tests.contract.client import Client
from tests.faults import Hang, Proxy
from tests.releases.test_release import RECORD, written
from tests.stack import HERE, eventually

POLICY = Policies(Allowed.parse(HERE)).clusters


@pytest.fixture
def paris(simulated: Callable[[str], SimulatedMember]) -> SimulatedMember:
    return simulated("paris")


@pytest_asyncio.fixture(loop_scope="session")
async def member(paris: SimulatedMember) -> AsyncIterator[Member]:
    opened = Member(read_kubeconfig(paris.kubeconfig), POLICY, timeout=5)
    yield opened
    await opened.close()


def put_release(paris: SimulatedMember, name: str, revision: int, status: str = "deployed") -> None:
    record = RECORD | {"name": name, "version": revision, "info": {"status": status}}
    labels = {"owner": "helm", "name": name, "version": str(revision), "status": status}
    metadata = {"name": f"sh.helm.release.v1.{name}.v{revision}", "namespace": "default", "labels": labels}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": metadata}
    paris.put("secrets", secret | {"data": written(record)["data"]})


ASKS: list[tuple[str, Callable[[Member], Any]]] = [
    ("version", lambda member: member.version()),
    ("releases", lambda member: list_releases(member, room=10, needed=())),
    ("permissions", lambda member: missing_permissions(member, ["get"], "secrets")),
]


@pytest.mark.parametrize(("what", "ask"), ASKS)
async def test_a_member_that_is_down_is_unreachable(
    member: Member, paris: SimulatedMember, what: str, ask: Callable[[Member], Any]
) -> None:
    paris.faults.down = True
    with pytest.raises(TemporaryError) as caught:
        await ask(member)
    assert caught.value.code == ActionCode.CLUSTER_UNREACHABLE
    assert caught.value.message.startswith("The API server cannot be reached: ")
    paris.faults.down = False
    await ask(member)


@pytest.mark.parametrize(("what", "ask"), ASKS)
async def test_a_member_that_does_not_answer_is_unreachable_after_the_timeout(
    paris: SimulatedMember, what: str, ask: Callable[[Member], Any]
) -> None:
    member = Member(read_kubeconfig(paris.kubeconfig), POLICY, timeout=0.3)
    paris.faults.hang = True
    began = time.monotonic()
    with pytest.raises(TemporaryError) as caught:
        await ask(member)
    await member.close()
    paris.faults.hang = False
    assert (caught.value.code, caught.value.message) == (
        ActionCode.CLUSTER_UNREACHABLE,
        "The API server did not answer within 0.3 s.",
    )
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(("what", "ask"), ASKS)
async def test_a_token_that_is_refused_is_unauthorized(
    member: Member, paris: SimulatedMember, what: str, ask: Callable[[Member], Any]
) -> None:
    paris.faults.unauthorized = True
    with pytest.raises(TemporaryError) as caught:
        await ask(member)
    assert (caught.value.code, caught.value.message, caught.value.output) == (
        ActionCode.CLUSTER_UNAUTHORIZED,
        "The API server does not accept the credentials (401).",
        "Unauthorized",
    )


@pytest.mark.parametrize(("what", "ask"), ASKS)
async def test_too_many_requests_is_throttled_for_as_long_as_the_server_says(
    member: Member, paris: SimulatedMember, what: str, ask: Callable[[Member], Any]
) -> None:
    paris.faults.throttled = 7
    with pytest.raises(TemporaryError) as caught:
        await ask(member)
    assert (caught.value.code, caught.value.message, caught.value.retry_after) == (
        ActionCode.CLUSTER_THROTTLED,
        "The API server is throttling requests (429).",
        7.0,
    )


async def test_secrets_that_may_not_be_read_are_unauthorized_and_say_so(member: Member, paris: SimulatedMember) -> None:
    paris.faults.forbidden = True
    with pytest.raises(TemporaryError) as caught:
        await list_releases(member, room=10, needed=())
    assert caught.value.code == ActionCode.CLUSTER_UNAUTHORIZED
    assert caught.value.message.startswith("The credentials do not allow this: secrets is forbidden: ")
    assert (await member.version()).startswith("v1.")
    assert await missing_permissions(member, ["get", "list"], "secrets") == ["get", "list"]
    assert await missing_permissions(member, ["get", "list"], "configmaps") == []


async def test_a_refused_read_says_nothing_about_the_release(member: Member) -> None:
    with pytest.raises(TemporaryError) as caught:
        await member.get("/api/v1/namespaces/nowhere")
    assert (caught.value.code, caught.value.message) == (
        ActionCode.CLUSTER_REFUSED,
        'GET /api/v1/namespaces/nowhere failed: namespaces "nowhere" not found',
    )


async def test_a_closed_port_is_unreachable(paris: SimulatedMember) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    member = Member(Access(f"https://127.0.0.1:{port}", None, "token", None, None), POLICY, timeout=5)
    with pytest.raises(TemporaryError) as caught:
        await member.version()
    await member.close()
    assert caught.value.code == ActionCode.CLUSTER_UNREACHABLE


async def test_a_server_under_another_certificate_is_unreachable_and_gets_no_token(paris: SimulatedMember) -> None:
    access = read_kubeconfig(paris.kubeconfig)
    member = Member(Access(access.server, CERTIFICATE, access.token, None, None), POLICY, timeout=5)
    with pytest.raises(TemporaryError) as caught:
        await member.version()
    await member.close()
    assert caught.value.code == ActionCode.CLUSTER_UNREACHABLE
    assert caught.value.message.startswith("The API server cannot be reached: its certificate is not valid: ")
    assert paris.requests == {}


@asynccontextmanager
async def hostile(answer: Handler) -> AsyncIterator[Member]:
    """A member that answers whatever it likes."""
    certificates = issue()
    async with served(answer, certificates.context()) as host:
        member = Member(
            Access(f"https://{host}", certificates.authority.decode(), "t0ken", None, None), POLICY, timeout=5
        )
        try:
            yield member
        finally:
            await member.close()


async def test_an_answer_that_is_too_large_is_not_taken_in_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clusters.member._LARGEST_ANSWER", 2**20)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b" " * (2**20 + 1), status=200 if request.path == "/version" else 403)

    async with hostile(answer) as member:
        for ask in (member.version(), member.ping(seconds=5), anext(watch_releases(member, 1, seconds=1))):
            with pytest.raises(TemporaryError) as caught:
                await ask
            assert caught.value.message == "The API server answers with more than 1,048,576 bytes."


async def test_endless_pages_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clusters.release_records._MOST_HEADS", 2500)
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query.get("continue", ""))
        return web.json_response(
            {"kind": "SecretList", "items": [], "metadata": {"resourceVersion": "1", "continue": str(len(asked))}}
        )

    async with hostile(answer) as member:
        with pytest.raises(TemporaryError, match="too long"):
            await list_releases(member, room=10, needed=())
    assert asked == ["", "1", "2", "3", "4"]


async def test_a_redirect_is_not_followed() -> None:
    """Not even to itself: whoever follows one sends credentials to where a member wants them."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with hostile(answer) as member:
        for ask in (member.version(), member.ping(seconds=5), anext(watch_releases(member, 1, seconds=1))):
            with pytest.raises(TemporaryError) as caught:
                await ask
            assert caught.value.message == "The API server redirects (307), which is not followed."
    assert asked == ["/version", "/api/v1/namespaces/kube-system", "/api/v1/secrets"]


async def test_no_proxy_of_the_environment_is_used(paris: SimulatedMember, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    member = Member(read_kubeconfig(paris.kubeconfig), POLICY, timeout=5)
    assert await member.version() == paris.kubernetes_version
    await member.close()


async def test_a_members_uid_and_version_are_read(member: Member, paris: SimulatedMember) -> None:
    [system] = [found for found in paris.objects("namespaces") if found["metadata"]["name"] == "kube-system"]
    assert await member.version() == paris.kubernetes_version
    assert await member.uid() == system["metadata"]["uid"]


async def test_heads_are_all_revisions_and_the_newest_of_each_release(member: Member, paris: SimulatedMember) -> None:
    for name, revision, status in [("shop", 1, "superseded"), ("shop", 2, "deployed"), ("shop", 10, "failed")]:
        put_release(paris, name, revision, status)
    put_release(paris, "blog", 3)
    paris.put("secrets", {"metadata": {"name": "a", "namespace": "default", "labels": {"owner": "helm"}}})
    paris.put("secrets", {"metadata": {"name": "b", "namespace": "default"}})
    listing = await list_releases(member, room=10, needed=())
    assert sorted((head.name, head.revision) for head in listing.heads) == [("blog", 3), ("shop", 10)]
    found = await list_revisions(member, namespace="default", name="shop")
    assert sorted((head.name, head.revision, head.status) for head in found.heads) == [
        ("shop", 1, "superseded"),
        ("shop", 2, "deployed"),
        ("shop", 10, "failed"),
    ]
    assert [head.revision for head in found.newest()] == [10]
    assert [head.name for head in (await list_revisions(member, namespace="default", name="blog")).heads] == ["blog"]
    assert (await list_revisions(member, namespace="default", name="other")).heads == []
    assert (await list_releases(member, room=10, needed=())).version >= listing.version


async def test_of_many_releases_those_that_are_needed_and_some_others_are_listed(
    member: Member, paris: SimulatedMember
) -> None:
    for name in "abcde":
        put_release(paris, name, 1)
        put_release(paris, name, 2)
    listing = await list_releases(member, room=2, needed={("default", "e")})
    assert [(head.name, head.revision) for head in listing.heads] == [("a", 2), ("b", 2), ("e", 2)]
    assert listing.is_cut
    listing = await list_releases(member, room=4, needed={("default", "e")})
    assert [head.name for head in listing.heads] == [*"abcde"]
    assert not listing.is_cut


async def test_heads_come_in_pages_when_there_are_many(member: Member, paris: SimulatedMember) -> None:
    for number in range(501):
        put_release(paris, f"release-{number}", 1)
    assert len((await list_releases(member, room=1000, needed=())).heads) == 501
    assert paris.requests["list secrets"] == 2


async def test_a_record_is_read_by_its_head_until_it_is_gone(member: Member, paris: SimulatedMember) -> None:
    put_release(paris, "shop", 1)
    [head] = (await list_releases(member, room=1000, needed=())).heads
    found = await fetch_record(member, head)
    assert found is not None
    assert (found.name, found.revision, found.values) == ("shop", 1, {"a": 1})
    async with Client(paris.kubeconfig) as client:
        await client.delete(f"/api/v1/namespaces/default/secrets/{head.secret}")
    assert await fetch_record(member, head) is None


async def test_a_secret_that_only_says_it_is_a_release_is_unreadable(member: Member, paris: SimulatedMember) -> None:
    labels = {"owner": "helm", "name": "shop", "version": "1", "status": "deployed"}
    metadata = {"name": "false", "namespace": "default", "labels": labels}
    paris.put("secrets", {"metadata": metadata, "data": {"release": base64.b64encode(b"nothing").decode()}})
    [head] = (await list_releases(member, room=1000, needed=())).heads
    with pytest.raises(UnreadableRecordError, match=r"^Secret false holds no Helm release"):
        await fetch_record(member, head)


async def test_one_member_down_leaves_the_others_alone(simulator: Simulator, simulated: Callable[..., Any]) -> None:
    simulated("paris").faults.down = True
    tokyo = simulated("tokyo")
    member = Member(read_kubeconfig(tokyo.kubeconfig), POLICY, timeout=5)
    assert await member.version() == tokyo.kubernetes_version
    await member.close()


async def test_requests_resources_that_hang_delay_no_other_request(paris: SimulatedMember) -> None:
    """There are more of them than there are connections for requests about releases."""
    async with Proxy(paris.kubeconfig) as proxy:
        proxy.fault(Hang(), path="/api/v1/configmaps$")
        member = Member(read_kubeconfig(proxy.kubeconfig), POLICY, timeout=5)
        resources = member.used_for(Purpose.RESOURCES)
        hanging = [asyncio.create_task(resources.get("/api/v1/configmaps")) for _ in range(4)]
        await eventually(lambda: asked(proxy, len(hanging)))
        assert await member.version() == paris.kubernetes_version
        assert not any(task.done() for task in hanging)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await member.close()


async def asked(proxy: Proxy, count: int) -> bool:
    return proxy.count(path="/api/v1/configmaps$") >= count
