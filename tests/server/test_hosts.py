"""Under which host names the server answers: no page of another site reaches it by pointing a name of its own at it."""

import asyncio

import httpx2
import pytest
import websockets

from app.identity.accounts import has_users
from app.server.hosts import is_allowed
from tests.live.serving import served
from tests.resolvers.engine.test_limits import NewStack
from tests.stack import Stack

NAMES = ("polyhelm.example.com", "*.internal.example.com")
REGISTER = 'mutation { register(input: { user: "mallory", password: "correct horse battery" }) { __typename } }'


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST",
        "localhost.",
        "app.localhost:1",
        "127.0.0.1",
        "127.9.9.9:80",
        "[::1]:80",
        "10.1.2.3:8000",
        "[fd00::1]",
        "polyhelm.example.com",
        "Polyhelm.Example.com:443",
        "a.b.internal.example.com",
    ],
)
def test_addresses_loopback_names_and_configured_names_are_allowed(host: str) -> None:
    assert is_allowed(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":80",
        "evil.example",
        "polyhelm.example.com.evil.example",
        "xpolyhelm.example.com",
        "internal.example.com",
        "notlocalhost",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "[::1",
        "a@localhost",
        "2130706433",
        "0x7f.1",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert not is_allowed(host, NAMES)


@pytest.mark.parametrize("path", ["/graphql", "/", "/graphiql", "/healthz", "/readyz", "/metrics", "/auth/oidc"])
async def test_no_path_is_served_under_the_name_of_another_site(shared: Stack, path: str) -> None:
    response = await shared.client.get(path, headers={"Host": "evil.example"})
    assert response.status_code == 421
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "host_not_allowed"}
    assert "POLYHELM_ALLOWED_HOSTS" in error["message"]


async def test_a_page_that_rebinds_its_name_does_not_become_the_first_admin(new_stack: NewStack) -> None:
    async with new_stack(working=False, users=False) as fresh, served(fresh) as url:
        headers = {"Host": "evil.example", "Origin": "http://evil.example"}
        async with httpx2.AsyncClient(base_url=url, headers=headers) as page:
            response = await page.post("/graphql", json={"query": REGISTER})
        assert response.status_code == 421
        assert not await has_users(fresh.services)


async def test_a_websocket_under_the_name_of_another_site_is_refused(shared: Stack) -> None:
    async with served(shared) as url:
        address = url.replace("http://127.0.0.1", "ws://localhost") + "/graphql"
        port = int(url.rsplit(":", 1)[1])
        protocols = [websockets.Subprotocol("graphql-transport-ws")]
        with pytest.raises(websockets.InvalidStatus) as caught:
            async with (
                asyncio.timeout(90),
                websockets.connect(
                    f"ws://evil.example:{port}/graphql", host="127.0.0.1", port=port, subprotocols=protocols
                ),
            ):
                pass
        assert caught.value.response.status_code == 421
        async with (
            asyncio.timeout(90),
            websockets.connect(address, host="127.0.0.1", port=port, subprotocols=protocols) as allowed,
        ):
            assert allowed.subprotocol == "graphql-transport-ws"


async def test_the_public_address_and_configured_names_are_served(new_stack: NewStack) -> None:
    settings = {"public_url": "https://polyhelm.example.com", "allowed_hosts": "polyhelm, *.svc"}
    async with new_stack(working=False, **settings) as named:
        for host in ("polyhelm.example.com", "polyhelm", "polyhelm.default.svc"):
            assert (await named.client.get("/healthz", headers={"Host": host})).status_code == 200
        assert (await named.client.get("/healthz", headers={"Host": "other.example.com"})).status_code == 421
