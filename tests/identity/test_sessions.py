"""Sessions of the app: the cookie, who may send it along, and how sessions end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import httpx2
import orjson
import pytest
import pytest_asyncio
from sqlmodel import col, select, update
from websockets import Subprotocol
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.identity.setup_code import new_setup_code
from app.identity.tokens import token_digest
from app.tables.columns import now
from app.tables.identity import AppSession
from tests.identity.browser import PASSWORD, Browser, browsing
from tests.live.client import PROTOCOL
from tests.live.serving import Served
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

SESSIONS = "{ sessions { id method current userAgent } }"
WHO = {"query": "{ viewer { name } }"}


@pytest_asyncio.fixture(loop_scope="session")
async def browser(quiet: Stack, carol: str) -> AsyncIterator[Browser]:
    """Carol's, who is signed in."""
    async with browsing(quiet) as opened:
        await opened.sign_in(carol)
        yield opened


@pytest.mark.parametrize(
    ("address", "public_url", "expected"),
    [
        ("http://polyhelm", None, ("polyhelm", "HttpOnly; Max-Age=604800; Path=/; SameSite=strict")),
        ("https://polyhelm", None, ("__Host-polyhelm", "HttpOnly; Max-Age=604800; Path=/; SameSite=strict; Secure")),
        (
            "http://polyhelm",
            "https://polyhelm.example.com",
            ("__Host-polyhelm", "HttpOnly; Max-Age=604800; Path=/; SameSite=strict; Secure"),
        ),
    ],
    ids=["plain", "tls", "behind a proxy"],
)
async def test_no_script_and_no_other_site_is_given_the_cookie_and_it_is_secure_where_tls_is(
    new_stack: NewStack, address: str, public_url: str | None, expected: tuple[str, str]
) -> None:
    async with (
        new_stack(working=False, users=False, public_url=public_url) as stack,
        browsing(stack, address) as opened,
    ):
        given = {"name": "carol", "password": PASSWORD}
        await opened.mutate("register", "__typename", **given, setupCode=await new_setup_code(stack.services))
        query = "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }"
        answer = await opened.post(query, {"Origin": public_url or address}, input=given)
        (cookie,) = answer.headers.get_list("set-cookie")
        pair, _, attributes = cookie.partition("; ")
        name, _, secret = pair.partition("=")
        assert (name, attributes) == expected
        ((row,),) = await stack.services.database.rows(select(AppSession))
        assert row.digest == token_digest(secret)
        assert round((row.expires_at - row.created_at).total_seconds()) == 604800


async def test_only_our_own_pages_can_use_the_cookie(browser: Browser) -> None:
    own = {"Origin": "http://polyhelm"}
    for headers in (
        own,
        {"Sec-Fetch-Site": "same-origin"},
        own | {"Sec-Fetch-Site": "same-origin"},
    ):
        assert (await browser.post(WHO["query"], headers)).json()["data"] == {"viewer": {"name": "carol"}}, headers
    for headers in (
        {},
        {"Origin": "http://evil.example.com"},
        {"Origin": "http://polyhelm.evil.example.com"},
        {"Origin": "http://polyhelm:8000"},
        {"Origin": "null"},
        {"Origin": ""},
        own | {"Sec-Fetch-Site": "cross-site"},
        own | {"Sec-Fetch-Site": "same-site"},
    ):
        assert (await browser.post(WHO["query"], headers)).json()["data"] == {"viewer": None}, headers


async def test_behind_a_proxy_our_own_pages_are_those_at_the_public_address(new_stack: NewStack) -> None:
    opening = new_stack(working=False, users=False, public_url="https://polyhelm.example.com")
    async with opening as stack, browsing(stack) as opened:
        own = {"Origin": "https://polyhelm.example.com"}
        given = {"name": "carol", "password": PASSWORD}
        register = "mutation ($input: RegisterInput!) { register(input: $input) { __typename } }"
        code = {"setupCode": await new_setup_code(stack.services)}
        await opened.post(register, own, input=given | code)
        query = "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }"
        answer = await opened.post(query, own, input=given)
        cookie = answer.headers["set-cookie"].partition(";")[0]  # which the client keeps for https alone
        without_tls = {"Origin": "http://polyhelm.example.com"}
        for headers, name in ((own, "carol"), ({"Origin": "http://polyhelm"}, None), (without_tls, None)):
            answer = await opened.post(WHO["query"], headers | {"Cookie": cookie})
            assert (answer.json()["data"]["viewer"] or {"name": None}) == {"name": name}, headers


async def test_another_page_can_not_sign_somebody_in_or_out(quiet: Stack, browser: Browser) -> None:
    foreign = {"Origin": "http://evil.example.com"}
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on UserError { code } } }"
    answer = await browser.post(query, foreign, input={"name": "carol", "password": PASSWORD})
    assert answer.json()["data"]["signIn"] == {"__typename": "Forbidden", "code": "foreign_origin"}
    assert "set-cookie" not in answer.headers
    answer = await browser.post("mutation { signOut(input: {}) { __typename } }", foreign)
    assert answer.json()["data"]["signOut"] == {"__typename": "Forbidden"}
    assert await browser.viewer() == "carol"


async def test_a_token_counts_more_than_a_cookie_and_needs_no_origin(quiet: Stack, browser: Browser) -> None:
    token = (await quiet.mutate("createApiToken", "... on ApiTokenPayload { token }", name="second"))["token"]
    answer = await browser.post(WHO["query"], {"Authorization": f"Bearer {token}"})
    assert answer.json()["data"] == {"viewer": {"name": "admin"}}
    answer = await browser.post(WHO["query"], {"Authorization": "Bearer nobodys", "Origin": "http://polyhelm"})
    assert answer.json()["data"] == {"viewer": None}


async def test_signing_in_gives_a_new_secret_and_ends_the_session_before(quiet: Stack, browser: Browser) -> None:
    before = browser.cookies
    await browser.sign_in("carol")
    assert browser.cookies != before
    assert len(await browser.data(SESSIONS)) == 1
    async with browsing(quiet) as thief:
        thief.client.cookies.update(before)
        assert await thief.viewer() is None


async def test_a_secret_that_was_planted_is_not_taken_over(quiet: Stack, carol: str) -> None:
    async with browsing(quiet) as opened, browsing(quiet) as attacker:
        for each in (opened, attacker):
            each.client.cookies.set("polyhelm", "planted", domain="polyhelm.local")
        await opened.sign_in(carol)
        assert await attacker.viewer() is None


async def test_signing_out_ends_the_session_and_takes_the_cookie_back(quiet: Stack, browser: Browser) -> None:
    kept = browser.cookies
    answer = await browser.mutate("signOut", "... on SignOutPayload { user { name } }")
    assert answer == {"user": {"name": "carol"}}
    assert browser.cookies == {}
    browser.client.cookies.update(kept)
    assert await browser.viewer() is None
    assert await quiet.services.database.rows(select(AppSession.id)) == []


async def test_signing_out_everywhere_ends_all_sessions_of_the_user_and_of_nobody_else(
    quiet: Stack, browser: Browser
) -> None:
    await quiet.mutate("createUser", "... on UserPayload { token }", name="dave", role="VIEWER", password=PASSWORD)
    async with browsing(quiet) as second, browsing(quiet) as daves:
        await second.sign_in("carol")
        await daves.sign_in("dave")
        await second.mutate("signOut", "__typename", everywhere=True)
        assert [await each.viewer() for each in (browser, second, daves)] == [None, None, "dave"]


async def test_everybody_sees_and_ends_their_own_sessions_alone(quiet: Stack, browser: Browser) -> None:
    await quiet.mutate("createUser", "... on UserPayload { token }", name="dave", role="VIEWER", password=PASSWORD)
    async with (
        browsing(quiet, **{"User-Agent": "Otter/1 " + "x" * 1000}) as second,
        browsing(quiet) as daves,
    ):
        await second.sign_in("carol")
        await daves.sign_in("dave")
        listed = (await browser.data(SESSIONS))["sessions"]
        assert [(found["method"], found["current"], found["userAgent"][:7]) for found in listed] == [
            ("PASSWORD", False, "Otter/1"),
            ("PASSWORD", True, "python-"),
        ]
        assert len(listed[0]["userAgent"]) == 300
        of_dave = (await daves.data(SESSIONS))["sessions"][0]["id"]
        for session_id in (of_dave, "U2Vzc2lvbjo5OTk5", "nothing"):
            answer = await browser.mutate("revokeSession", "__typename", id=session_id)
            assert answer["code"] == "session_not_found"
        answer = await browser.mutate("revokeSession", "... on RevokeSessionPayload { id }", id=listed[0]["id"])
        assert answer == {"id": listed[0]["id"]}
        assert [await each.viewer() for each in (browser, second, daves)] == ["carol", None, "dave"]


async def test_sessions_that_ended_unused_are_not_listed(quiet: Stack, browser: Browser) -> None:
    async with browsing(quiet) as second:
        await second.sign_in("carol")
        current = next(found["id"] for found in (await second.data(SESSIONS))["sessions"] if found["current"])
        async with quiet.services.transaction() as transaction:
            statement = update(AppSession).where(col(AppSession.user_agent) != "").values(last_used_at=now())
            await transaction.session.execute(statement)
            rows = (await transaction.session.exec(select(AppSession).order_by(col(AppSession.id)))).all()
            rows[0].last_used_at = rows[0].last_used_at.replace(year=2020)
        assert [found["id"] for found in (await second.data(SESSIONS))["sessions"]] == [current]
        assert await browser.viewer() is None


async def test_a_websocket_goes_by_the_cookie_for_our_own_pages_alone(
    quiet: Stack, served: Served, browser: Browser
) -> None:
    (cookie,) = browser.cookies.items()
    async with served(quiet) as url:
        address = url.replace("http", "ws") + "/graphql"
        headers = {"Cookie": "=".join(cookie)}

        async def who(**given: str) -> object:
            async with connect(
                address,
                subprotocols=[Subprotocol(PROTOCOL)],
                additional_headers=headers | given,
            ) as socket:
                await socket.send('{"type": "connection_init"}')
                assert orjson.loads(await socket.recv()) == {"type": "connection_ack"}
                await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": WHO}).decode())
                return orjson.loads(await socket.recv())["payload"]["data"]

        assert await who(Origin=url) == {"viewer": {"name": "carol"}}
        with pytest.raises(InvalidStatus) as refused:
            await who(Origin="http://evil.example.com")
        assert refused.value.response.status_code == 403
        with pytest.raises(ConnectionClosed) as closed:
            await who()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403


async def test_nobody_signs_in_over_a_websocket(quiet: Stack, served: Served, browser: Browser) -> None:
    (cookie,) = browser.cookies.items()
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { ... on UserError { code } } }"
    payload = {"query": query, "variables": {"input": {"name": "carol", "password": PASSWORD}}}
    async with served(quiet) as url:
        headers = {"Cookie": "=".join(cookie), "Origin": url}
        address = url.replace("http", "ws") + "/graphql"
        async with connect(address, subprotocols=[Subprotocol(PROTOCOL)], additional_headers=headers) as socket:
            await socket.send('{"type": "connection_init"}')
            await socket.recv()
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())
            answer = orjson.loads(await socket.recv())
    assert answer["payload"]["data"] == {"signIn": {"code": "needs_http"}}


async def test_a_proxy_that_is_trusted_says_whether_the_browser_came_by_tls(
    quiet: Stack, served: Served, carol: str
) -> None:
    body = {
        "query": "mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }",
        "variables": {"input": {"name": carol, "password": PASSWORD}},
    }
    async with served(quiet) as url, httpx2.AsyncClient(base_url=url, headers={"X-Forwarded-Proto": "https"}) as client:
        answer = await client.post("/graphql", json=body)
    assert answer.headers["set-cookie"].startswith("__Host-polyhelm=")
