"""Connections are checked at the moment of connecting, whatever a name was resolved to before."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from aiohttp import web

from app.clusters.kubeconfig import Access
from app.clusters.member import Member
from app.core.errors import TemporaryError
from app.core.settings import Settings
from app.identity.oidc import Attempt, Issuer, OidcError
from app.network.addresses import AddressRefusedError, Allowed, Policies
from app.network.outgoing import client
from app.releases.error_codes import ActionCode
from tests.canary import Listener, listening
from tests.charts.servers import served

OPEN = Policies(Allowed.parse("127.0.0.0/8"))
SHUT = Policies(Allowed())
Names = Callable[..., None]


@pytest_asyncio.fixture(loop_scope="session")
async def canary() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Gives a name its addresses: those of the first look-up, of the second, and so on; the last ones stay."""
    answers: dict[str, list[list[str]]] = {}
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **more: Any) -> Any:
        turns = answers.get(host)
        if turns is None:
            return await real(host, port, **more)
        addresses = turns.pop(0) if len(turns) > 1 else turns[0]
        kinds = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (address, port, 0, 0) if kind == socket.AF_INET6 else (address, port))
            for kind, address in zip(kinds, addresses, strict=True)
        ]

    def name(host: str, *turns: list[str]) -> None:
        answers[host] = list(turns)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return name


HERE = [
    *("127.0.0.1", "127.1", "127.0.0.2", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"),
    *("0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "LOCALHOST", "localhost."),
]


@pytest.mark.parametrize("host", HERE)
async def test_no_spelling_of_this_machine_is_connected_to(canary: Listener, host: str) -> None:
    async with client(SHUT.users) as http:
        with pytest.raises((AddressRefusedError, httpx2.ConnectError, httpx2.InvalidURL)):
            await http.get(f"http://{host}:{canary.port}/")
    member = Member(Access(f"https://{host}:{canary.port}", None, "t0ken", None, None), SHUT.clusters, timeout=5)
    with pytest.raises(TemporaryError):
        await member.version()
    with pytest.raises(TemporaryError):
        await member.ping(seconds=5)
    await member.close()
    assert canary.heard == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost"])
async def test_every_spelling_of_an_allowed_address_is_connected_to(host: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="here")

    async with served(answer) as place, client(OPEN.users) as http:
        assert (await http.get(f"http://{host}:{place.partition(':')[2]}/")).text == "here"


METADATA = [
    *("169.254.169.254", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"),
    *("[fd00:ec2::254]", "[fe80::a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192"),
]
NUMBERS = ["2852039166", "0251.0376.0251.0376", "169.254.43518", "169.16689662"]  # what C reads as addresses


@pytest.mark.parametrize("host", [*METADATA, *NUMBERS])
async def test_no_spelling_of_a_metadata_service_is_connected_to_even_where_everything_is_allowed(host: str) -> None:
    everything = Policies(Allowed.parse("0.0.0.0/0,::/0"))
    async with client(everything.operator) as http:
        with pytest.raises((AddressRefusedError, httpx2.InvalidURL)):
            await http.get(f"http://{host}/latest/meta-data")
    member = Member(Access(f"https://{host}", None, "t0ken", None, None), everything.clusters, timeout=5)
    with pytest.raises(TemporaryError) as caught:
        await member.version()
    await member.close()
    if host in NUMBERS:
        assert caught.value.message == f"The API server cannot be reached: {host} - is not a canonical IPv4 address"
    else:
        assert caught.value.code == ActionCode.CLUSTER_ADDRESS_REFUSED


async def test_a_name_is_judged_by_the_address_that_is_connected_to(names: Names, canary: Listener) -> None:
    """Rebinding: the first answer is fine, the one for the next connection is not."""
    names("charts.test", ["127.0.0.1"], ["127.0.0.1"], ["169.254.169.254"])

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="here", headers={"Connection": "close"})

    async with served(answer) as place, client(OPEN.users) as http:
        url = f"http://charts.test:{place.partition(':')[2]}/"
        assert [(await http.get(url)).text for _ in range(2)] == ["here", "here"]
        with pytest.raises(AddressRefusedError):
            await http.get(url)


async def test_of_several_addresses_those_that_are_refused_are_passed_over(names: Names, canary: Listener) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="here")

    async with served(answer) as place, client(OPEN.users) as http:
        names("charts.test", ["::1", "169.254.169.254", "127.0.0.1"])
        assert (await http.get(f"http://charts.test:{place.partition(':')[2]}/")).text == "here"
        names("charts.test", ["10.0.0.1", "::1"])
        with pytest.raises(AddressRefusedError, match="resolves to a private network"):
            await http.get(f"http://charts.test:{canary.port}/")
    assert canary.heard == []


async def test_an_api_server_that_leads_here_by_several_addresses_is_refused_in_words(names: Names) -> None:
    names("paris.test", ["127.0.0.1", "::1"])
    member = Member(Access("https://paris.test:6443", None, "t0ken", None, None), SHUT.clusters, timeout=5)
    with pytest.raises(TemporaryError) as caught:
        await member.version()
    await member.close()
    assert (caught.value.code, caught.value.message) == (
        ActionCode.CLUSTER_ADDRESS_REFUSED,
        "Connecting to the API server is not allowed: paris.test resolves to the machine that Polyhelm runs on. To"
        " allow it, add its network to POLYHELM_ALLOWED_NETWORKS.",
    )


async def test_a_redirect_is_checked_like_any_connection(canary: Listener) -> None:
    only = Policies(Allowed.parse("127.0.0.1"))

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://{request.match_info['path']}/"})

    async with served(answer) as place, client(only.users, follow_redirects=True) as http:
        for target in ("169.254.169.254", f"127.0.0.2:{canary.port}", f"[::1]:{canary.port}", "2852039166"):
            with pytest.raises(AddressRefusedError):
                await http.get(f"http://{place}/{target}")
    assert canary.heard == []


async def test_no_proxy_of_the_environment_is_used(canary: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    async with client(SHUT.users) as http:
        with pytest.raises(AddressRefusedError):
            await http.get("http://10.0.0.1/")
    assert canary.heard == []


async def test_an_issuer_cannot_reach_a_metadata_service() -> None:
    """Its own address comes from the settings; those of its endpoints from whatever it says."""
    issuer = Issuer(Settings(oidc_issuer="http://169.254.169.254", oidc_client_id="polyhelm"))
    with pytest.raises(OidcError, match="Polyhelm never connects there"):
        await issuer.address(Attempt.new("https://polyhelm.example/oidc"))
