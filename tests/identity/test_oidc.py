"""Signing in with OpenID Connect, by an issuer that runs here: what is believed, what is refused, who may do what."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlmodel import col, select, update

from app.identity.oidc import Attempt, OidcError
from app.identity.oidc import Issuer as AskedIssuer
from app.identity.people import Grants, name_of
from app.server.oidc_routes import BACK, START, local_path
from app.tables.columns import now
from app.tables.events import Event
from app.tables.identity import Role, User
from tests.identity.browser import PASSWORD, Browser, browsing
from tests.identity.issuer import CLIENT_ID, CLIENT_SECRET, KEY, Issuer, issuing
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
NEXT_KEY = RSAKey.generate_key(2048, {"kid": "second", "use": "sig", "alg": "RS256"})
ROLES = {"platform": {"default": "ADMIN"}, "shop": {"default": "DEPLOYER", "others": "VIEWER"}}
WHO = "{ viewer { name admin source hasPassword } memberships { organization role } sessions { method } }"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: NewStack, issuer: Issuer) -> AsyncIterator[Stack]:
    settings: dict[str, Any] = {
        "oidc_issuer": issuer.url,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
        "oidc_label": "Our directory",
    }
    async with new_stack(working=False, **settings) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def browser(stack: Stack) -> AsyncIterator[Browser]:
    async with browsing(stack) as opened:
        yield opened


async def led_back(browser: Browser, to: str = "/") -> str:
    """Goes to the issuer, signs in there, and gives the address that leads back."""
    answer = await browser.client.get(START, params={"to": to})
    assert answer.status_code == 303
    async with httpx2.AsyncClient() as elsewhere:
        answer = await elsewhere.get(answer.headers["location"])
    return str(answer.headers["location"])


async def come_back(browser: Browser, address: str) -> str:
    """Where the browser is sent in the end."""
    answer = await browser.client.get(address)
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def sign_in(browser: Browser, to: str = "/") -> str:
    return await come_back(browser, await led_back(browser, to))


async def problem(browser: Browser) -> str:
    """What was wrong with an attempt; nobody is signed in then."""
    (found,) = parse_qs(urlsplit(await sign_in(browser)).query)["problem"]
    assert await browser.viewer() is None
    return found


async def test_a_user_of_the_issuer_signs_in_and_returns_to_the_requested_page(
    stack: Stack, issuer: Issuer, browser: Browser
) -> None:
    issuer.user |= {"groups": ["shop", "unknown"]}
    assert await sign_in(browser, "/deployments/web/shop?tab=values") == "/deployments/web/shop?tab=values"
    assert await browser.data(WHO) == {
        "viewer": {"name": "carol", "admin": False, "source": "OIDC", "hasPassword": False},
        "memberships": [{"organization": "default", "role": "DEPLOYER"}],
        "sessions": [{"method": "OIDC"}],
    }
    assert set(browser.cookies) == {"polyhelm"}
    options = await browser.data("{ signInOptions { providers { label path } } }")
    assert options == {"signInOptions": {"providers": [{"label": "Our directory", "path": START}]}}


async def test_the_browser_is_sent_with_pkce_state_and_nonce_of_its_own(stack: Stack, browser: Browser) -> None:
    sent = [await browser.client.get(START) for _ in range(2)]
    asked = [parse_qs(urlsplit(answer.headers["location"]).query) for answer in sent]
    assert asked[0]["response_type"] == ["code"]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert asked[0]["redirect_uri"] == [f"http://polyhelm{BACK}"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name][0]) >= 43
        assert asked[0][name] != asked[1][name]
    (cookie,) = sent[0].headers.get_list("set-cookie")
    assert cookie.endswith("; HttpOnly; Max-Age=600; Path=/; SameSite=lax")
    assert asked[0]["state"][0] not in cookie


async def test_a_returning_user_of_the_issuer_has_the_roles_of_their_present_groups(
    stack: Stack, issuer: Issuer, browser: Browser
) -> None:
    await stack.mutate("createOrganization", "... on OrganizationPayload { name }", name="others")
    await stack.mutate("createOrganization", "... on OrganizationPayload { name }", name="by-hand")
    issuer.user |= {"groups": ["shop"]}
    await sign_in(browser)
    await stack.mutate("setRole", "__typename", user="carol", role="DEPLOYER", organization="by-hand")

    async def roles() -> dict[str, str]:
        memberships = (await browser.data("{ memberships { organization role } }"))["memberships"]
        return {found["organization"]: found["role"] for found in memberships}

    assert await roles() == {"default": "DEPLOYER", "others": "VIEWER", "by-hand": "DEPLOYER"}
    issuer.user |= {"groups": ["shop", "platform"], "preferred_username": "caroline"}
    await sign_in(browser)
    assert await roles() == {"default": "ADMIN", "others": "VIEWER", "by-hand": "DEPLOYER"}
    issuer.user |= {"groups": []}
    await sign_in(browser)
    assert await roles() == {"by-hand": "DEPLOYER"}
    names = await stack.services.database.rows(select(User.name).order_by(User.name))
    assert [name for (name,) in names] == ["admin", "carol"]
    events = (await stack.data('{ events(kinds: ["role.set"], organization: "default") { nodes { message } } }'))[
        "events"
    ]
    assert [event["message"] for event in events["nodes"]] == [
        "carol has no role now because of their groups.",
        "carol has the role ADMIN now because of their groups.",
        "carol has the role DEPLOYER now because of their groups.",
    ]


async def test_groups_may_come_from_the_userinfo_endpoint_only(stack: Stack, issuer: Issuer, browser: Browser) -> None:
    issuer.userinfo = {"groups": ["platform"]}
    assert await sign_in(browser) == "/"
    assert (await browser.data("{ memberships { role } }")) == {"memberships": [{"role": "ADMIN"}]}
    async with browsing(stack) as other:
        issuer.user |= {"sub": "2", "preferred_username": "mallory"}
        issuer.userinfo = {"sub": "1", "groups": ["platform"]}
        assert await problem(other) == "oidc_failed"


async def test_an_id_token_with_other_claims_is_refused(stack: Stack, issuer: Issuer, browser: Browser) -> None:
    spoilt: list[dict[str, Any]] = [
        {"nonce": "of-another-attempt"},
        {"nonce": None},
        {"aud": ["another-client"]},
        {"aud": "another-client", "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"aud": None},
        {"iss": "https://another-issuer.example.com"},
        {"exp": 1},
        {"exp": None},
        {"iat": 4102444800},
        {"at_hash": "of-another-token"},
        {"sub": None},
        {"sub": ""},
        {"preferred_username": None},
        {"preferred_username": 7},
        {"groups": {"platform": True}},
    ]
    for issuer.spoilt in spoilt:
        assert await problem(browser) == "oidc_failed", issuer.spoilt
    assert len(await stack.services.database.rows(select(User.id))) == 1


async def test_an_id_token_that_another_key_has_signed_is_refused(
    stack: Stack, issuer: Issuer, browser: Browser
) -> None:
    issuer.signs_with = OTHER_KEY
    assert await problem(browser) == "oidc_failed"


async def test_an_id_token_without_a_signature_or_with_one_by_a_shared_secret_is_refused(
    stack: Stack, issuer: Issuer, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from authlib.oidc.core.grants.code import OpenIDToken

    issuer.discovered = {"id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
    encode = OpenIDToken.encode_id_token

    def forged(algorithm: str) -> Callable[..., str]:
        def encoded(self: Any, token: Any, asked: Any) -> str:
            claims = jwt.decode(encode(self, token, asked), KEY).claims
            header = {"alg": algorithm, "kid": "first"}
            if algorithm == "none":
                parts = [
                    base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in (header, claims)
                ]
                return ".".join([*parts, ""])
            return jwt.encode(header, claims, OctKey.import_key(CLIENT_SECRET), ["HS256"])

        return encoded

    for algorithm in ("none", "HS256"):
        monkeypatch.setattr(OpenIDToken, "encode_id_token", forged(algorithm))
        assert await problem(browser) == "oidc_failed"


async def test_a_new_key_of_the_issuer_is_found_and_a_wrong_one_is_not_asked_for_again_and_again(
    stack: Stack, issuer: Issuer, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in(browser)
    issuer.publishes, issuer.signs_with = [NEXT_KEY], NEXT_KEY
    monkeypatch.setattr("app.identity.oidc._ASKED_AGAIN_SECONDS", 0.0)
    assert await sign_in(browser) == "/"
    monkeypatch.setattr("app.identity.oidc._ASKED_AGAIN_SECONDS", 3600.0)
    issuer.signs_with = RSAKey.generate_key(2048, {"kid": "third"})
    issuer.asked.clear()
    async with browsing(stack) as other:
        assert [await problem(other) for _ in range(3)] == ["oidc_failed"] * 3
    assert issuer.asked.count("/keys") == 1


async def test_an_answer_of_the_issuer_is_valid_once_for_its_browser_and_a_short_time(
    stack: Stack, issuer: Issuer, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browsing(stack) as victim:
        address = await led_back(browser)
        assert await come_back(victim, address) == "/?problem=oidc_expired&to=%2F"
        await led_back(victim)
        assert await come_back(victim, address) == "/?problem=oidc_expired&to=%2F"
        assert await victim.viewer() is None
    kept = browser.cookies
    assert await come_back(browser, address) == "/"
    browser.client.cookies.update(kept)
    assert await come_back(browser, address) == "/?problem=oidc_failed&to=%2F"
    monkeypatch.setattr("app.server.oidc_routes._ATTEMPT_SECONDS", -1)
    assert await sign_in(browser) == "/?problem=oidc_expired&to=%2F"


async def test_a_sign_in_attempt_that_was_not_sealed_by_the_server_is_refused(browser: Browser) -> None:
    for cookie in ("", "x", "local-1.AAAA", "local-1." + "A" * 200, "nothing.é"):
        headers: Any = {"Cookie": f"polyhelm-sign-in={cookie}".encode()}
        answer = await browser.client.get(BACK, params={"code": "x", "state": "x"}, headers=headers)
        assert answer.headers["location"] == "/?problem=oidc_expired&to=%2F", cookie


async def test_a_refusal_and_an_answer_of_another_issuer_are_reported(
    stack: Stack, issuer: Issuer, browser: Browser
) -> None:
    issuer.refuses = True
    assert await problem(browser) == "oidc_refused"
    issuer.refuses = False
    address = await led_back(browser)
    assert await come_back(browser, f"{address}&iss=https%3A%2F%2Fevil.example.com") == "/?problem=oidc_failed&to=%2F"


async def test_an_invalid_discovery_document_is_reported(stack: Stack, issuer: Issuer) -> None:
    senseless: list[dict[str, Any]] = [
        {"issuer": "https://another-issuer.example.com"},
        {"authorization_endpoint": None},
        {"token_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "file:///etc/passwd"},
    ]
    for issuer.discovered in senseless:
        async with browsing(stack) as browser:
            answer = await browser.client.get(START)
            assert answer.headers["location"] == "/?problem=oidc_unreachable&to=%2F", issuer.discovered


async def test_an_unreachable_issuer_is_reported(new_stack: NewStack) -> None:
    async with new_stack(working=False, oidc_issuer="http://127.0.0.1:1") as opened, browsing(opened) as browser:
        answer = await browser.client.get(START, params={"to": "/clusters"})
        assert answer.headers["location"] == "/?problem=oidc_unreachable&to=%2Fclusters"


async def test_discovery_is_repeated_after_an_invalid_document(issuer: Issuer, browser: Browser) -> None:
    issuer.discovered = {"token_endpoint": None}
    answer = await browser.client.get(START)
    assert answer.headers["location"] == "/?problem=oidc_unreachable&to=%2F"
    issuer.discovered = {}
    assert await sign_in(browser) == "/"


async def test_an_issuer_that_fails_is_asked_once_for_all_who_wait_for_it(stack: Stack) -> None:
    asked = 0

    async def fail(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    async with await asyncio.start_server(fail, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        issuer = AskedIssuer(stack.services.settings.model_copy(update={"oidc_issuer": url}))
        for times in (1, 2):
            waiting = (issuer.address(Attempt.new("http://polyhelm")) for _ in range(10))
            found = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(error) for error in found] == [OidcError] * 10
            assert asked == times


SELDOM = 0.001
"""In a minute: what is used up comes back after the test."""


async def test_invalid_returns_from_the_issuer_are_counted_in_one_event(stack: Stack, browser: Browser) -> None:
    for _ in range(3):
        await browser.client.get(BACK, params={"code": "x", "state": "x", "error": "x" * 10_000})
    await stack.services.anonymous_attempts.close()
    query = "{ events(installation: true) { nodes { kind message data } } }"
    told = {
        "kind": "mutation.refused",
        "message": "3 attempts of callers who are not signed in were refused.",
        "data": {
            "count": 3,
            "attempts": {"sign-in with OpenID Connect: oidc_expired": 3},
            "addresses": {"127.0.0.1": 3},
        },
    }
    assert (await stack.data(query))["events"]["nodes"] == [told]


async def test_sign_ins_with_the_issuer_are_limited_for_each_address(new_stack: NewStack, issuer: Issuer) -> None:
    bounded: dict[str, Any] = {"anonymous_rate": SELDOM, "anonymous_rate_burst": 8}
    bounded |= {"sign_in_rate": SELDOM, "sign_in_burst": 1, "oidc_issuer": issuer.url, "oidc_client_id": CLIENT_ID}
    async with new_stack(working=False, **bounded) as opened, browsing(opened) as browser:
        ways = [await browser.client.get(BACK) for _ in range(6)] + [await browser.client.get(START) for _ in range(9)]
        ends = [parse_qs(urlsplit(way.headers["location"]).query) for way in ways]
        assert [end["problem"] for end in ends[:6]] == [["oidc_expired"]] * 5 + [["too_many_attempts"]]
        assert [end.get("problem") for end in ends[6:]] == [None] * 8 + [["rate_limited"]]


async def test_a_user_of_the_issuer_is_never_a_local_user_of_the_same_name_or_a_reserved_one(
    stack: Stack, issuer: Issuer, browser: Browser
) -> None:
    await stack.mutate("createUser", "__typename", name="carol", role="ADMIN", password=PASSWORD)
    assert await problem(browser) == "name_taken"
    issuer.user |= {"preferred_username": "Admin"}
    assert await problem(browser) == "name_not_fit"
    issuer.user |= {"preferred_username": "???"}
    assert await problem(browser) == "name_not_fit"


async def test_a_disabled_user_and_a_password_of_one_who_comes_from_elsewhere_are_refused(
    stack: Stack, issuer: Issuer, browser: Browser
) -> None:
    await sign_in(browser)
    answer = await stack.mutate("setPassword", "__typename", user="carol", password=PASSWORD)
    assert answer["code"] == "not_local"
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(update(User).where(col(User.name) == "carol").values(disabled_at=now()))
    assert await problem(browser) == "user_disabled"


async def test_groups_can_make_administrators_of_the_installation_even_the_first(
    new_stack: NewStack, issuer: Issuer
) -> None:
    settings: dict[str, Any] = {
        "oidc_issuer": issuer.url,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_admins": ["platform"],
    }
    async with new_stack(working=False, users=False, **settings) as stack, browsing(stack) as browser:
        assert await problem(browser) == "no_admin_yet"
        issuer.user |= {"groups": ["platform"]}
        assert await sign_in(browser) == "/"
        assert await browser.data("{ viewer { admin } memberships { organization role } }") == {
            "viewer": {"admin": True},
            "memberships": [{"organization": "default", "role": "ADMIN"}],
        }
        issuer.user |= {"groups": []}
        await sign_in(browser)
        query = """{
          viewer { admin }
          events(installation: true, kinds: ["user.admin_kept"]) { nodes { kind actor data origin { via } } }
        }"""
        kept = {"kind": "user.admin_kept", "actor": "carol", "data": {"admin": True}, "origin": {"via": "oidc"}}
        assert await browser.data(query) == {"viewer": {"admin": True}, "events": {"nodes": [kept]}}
        await browser.mutate("createUser", "__typename", name="dave", role="VIEWER")
        async with stack.services.transaction() as transaction:
            await transaction.session.execute(update(User).where(col(User.name) == "dave").values(admin=True))
        await sign_in(browser)
        assert await browser.data("{ viewer { admin } }") == {"viewer": {"admin": False}}


async def test_the_events_of_a_sign_in_contain_its_method(stack: Stack, issuer: Issuer, browser: Browser) -> None:
    issuer.user |= {"groups": ["shop"]}
    await sign_in(browser)
    found = await stack.services.database.rows(
        select(Event.kind, Event.via).where(Event.actor == "carol").order_by(col(Event.position))
    )
    assert [tuple(row) for row in found] == [("role.set", "oidc"), ("session.opened", "oidc")]


@pytest.mark.parametrize(
    ("to", "led"),
    [
        ("/", "/"),
        ("/clusters/paris?x=1#y", "/clusters/paris?x=1#y"),
        ("", "/"),
        ("clusters", "/"),
        ("//evil.example.com", "/"),
        ("/\\evil.example.com", "/"),
        ("/\t/evil.example.com", "/"),
        ("/\r\nSet-Cookie: x=y", "/"),
        ("https://evil.example.com", "/"),
        ("javascript:alert(1)", "/"),
        ("\\\\evil.example.com", "/"),
        ("/é", "/"),
    ],
)
def test_a_sign_in_returns_only_to_pages_of_the_app(to: str, led: str) -> None:
    assert local_path(to) == led


def test_the_highest_role_that_groups_give_counts() -> None:
    grants = Grants({"a": {"x": Role.VIEWER, "y": Role.ADMIN}, "b": {"x": Role.DEPLOYER}, "c": {"x": Role.VIEWER}})
    assert grants.roles_of(["a", "b", "c", "d"]) == {"x": Role.DEPLOYER, "y": Role.ADMIN}
    assert grants.roles_of(["c", "b"]) == {"x": Role.DEPLOYER}
    assert grants.roles_of([]) == {}


def test_names_of_the_issuer_become_valid_user_names() -> None:
    names = ["Carol", "carol@example.com", "CORP\\carol", "  Carol  Smith ", "x" * 80, "--", "Zoë"]
    assert [name_of(name) for name in names] == [
        "carol",
        "carol-example-com",
        "corp-carol",
        "carol-smith",
        "x" * 63,
        "",
        "zo",
    ]
