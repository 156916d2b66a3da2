"""How often somebody may ask: exact counts, for whom they are, and what happens without Redis."""

import asyncio
from functools import partial
from typing import Any

import httpx2
import pytest
from sqlmodel import col, delete, select

from app.redis.rates import Bucket, key_of_address
from app.tables.events import Event
from app.tables.identity import ApiToken
from tests.identity.browser import PASSWORD, browsing
from tests.live.client import socket
from tests.live.serving import served
from tests.outages import own_redis
from tests.resolvers.engine.test_limits import NewStack
from tests.stack import TOKEN, Stack, eventually

SELDOM = 0.001
"""In a minute: what is used up comes back after the test."""
SIGNED_IN = {"Authorization": f"Bearer {TOKEN}"}
QUERY = {"query": "{ viewer { name } }"}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, Redis may take longer to answer than anybody would be kept waiting for it."""
    monkeypatch.setattr("app.redis.rates._ANSWER_SECONDS", 60.0)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket("test", SELDOM, burst=3)


async def test_a_bucket_gives_its_tokens_and_then_a_time_to_wait(quiet: Stack, bucket: Bucket) -> None:
    rates = quiet.services.rates
    assert [await rates.take(bucket) for _ in range(3)] == [0, 0, 0]
    assert 59_000 < await rates.take(bucket) <= 60_000
    assert await rates.take(Bucket("other", SELDOM, burst=1)) == 0


async def test_many_at_once_get_no_more_than_a_bucket_holds(quiet: Stack, bucket: Bucket) -> None:
    waits = await asyncio.gather(*(quiet.services.rates.take(bucket) for _ in range(50)))
    assert sum(wait == 0 for wait in waits) == 3


async def test_if_one_bucket_is_empty_no_tokens_are_taken_from_the_others(quiet: Stack, bucket: Bucket) -> None:
    rates, empty = quiet.services.rates, Bucket("empty", SELDOM, burst=1)
    assert await rates.take(empty) == 0
    for _ in range(5):
        assert await rates.take(bucket, empty) > 0
    assert [await rates.take(bucket) for _ in range(3)] == [0, 0, 0]


async def test_a_bucket_fills_again(quiet: Stack) -> None:
    rates, fast = quiet.services.rates, Bucket("fast", 60_000, burst=1)

    async def again() -> bool:
        return await rates.take(fast) == 0

    assert await again()
    assert await eventually(again)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        (None, "nowhere"),
        ("socket", "socket"),
    ],
)
def test_addresses_of_one_caller_count_as_one(address: str | None, key: str) -> None:
    assert key_of_address(address) == key


async def test_a_user_over_the_rate_limit_is_told_when_to_retry_and_others_are_not_limited(new_stack: NewStack) -> None:
    async with new_stack(working=False, rate=SELDOM, rate_burst=2) as stack:
        ask = stack.client.post
        answers = [await ask("/graphql", json=QUERY, headers=SIGNED_IN) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["errors"][0]["extensions"] == {"code": "rate_limited"}
        assert 59_000 < int(answers[2].headers["retry-after"]) <= 60_000
        assert (await ask("/graphql", json=QUERY)).status_code == 200


async def test_a_caller_over_its_limit_is_refused_again_without_being_identified(new_stack: NewStack) -> None:
    async with new_stack(working=False, rate=SELDOM, rate_burst=1) as stack:
        assert [(await ask(stack, SIGNED_IN)).status_code for _ in range(2)] == [200, 429]
        async with stack.services.transaction() as transaction:
            await transaction.session.execute(delete(ApiToken))  # who looks at it now finds nobody
        refused = await ask(stack, SIGNED_IN)
        assert refused.status_code == 429
        assert 59_000 < int(refused.headers["retry-after"]) <= 60_000
        assert (await ask(stack, {})).status_code == 200


async def test_a_limited_caller_is_admitted_after_the_wait(new_stack: NewStack) -> None:
    async with new_stack(working=False, rate=600, rate_burst=1) as stack:

        async def status(expected: int) -> bool:
            return (await ask(stack, SIGNED_IN)).status_code == expected

        for expected in (429, 200, 429):
            assert await eventually(partial(status, expected))


async def test_cross_site_requests_do_not_use_up_the_rate_of_a_user(new_stack: NewStack) -> None:
    bounded: dict[str, Any] = {"anonymous_rate": SELDOM, "anonymous_rate_burst": 1}
    async with new_stack(working=False, **bounded) as stack, browsing(stack) as owner:
        await stack.mutate("createUser", "__typename", name="carol", role="VIEWER", password=PASSWORD)
        await owner.sign_in("carol")
        answers = [await owner.post("{ version }", {"Origin": "https://evil.example.com"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [429] * 3
        assert await owner.viewer() == "carol"


async def ask(stack: Stack, headers: dict[str, str]) -> httpx2.Response:
    return await stack.client.post("/graphql", json=QUERY, headers=headers)


async def test_a_socket_does_not_bypass_the_rate_limit(new_stack: NewStack) -> None:
    async with (
        new_stack(working=False, rate=SELDOM, rate_burst=1) as stack,
        served(stack) as url,
        socket(url) as opened,
    ):
        assert await (await opened.subscribe("{ viewer { name } }")).next() == {"name": "admin"}
        (error,) = await (await opened.subscribe("{ viewer { name } }")).next()
        assert error["extensions"] == {"code": "rate_limited"}


@pytest.mark.parametrize(("proxies", "expected"), [("127.0.0.1", [200, 200, 429]), ("", [200, 429, 429])])
async def test_an_address_is_what_a_trusted_proxy_says_and_nobody_else(
    new_stack: NewStack, proxies: str, expected: list[int]
) -> None:
    changed: dict[str, Any] = {"anonymous_rate": SELDOM, "anonymous_rate_burst": 1, "trusted_proxies": proxies}
    async with new_stack(working=False, **changed) as stack, served(stack) as url, httpx2.AsyncClient() as client:
        statuses = []
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
            answer = await client.post(f"{url}/graphql", json=QUERY, headers={"X-Forwarded-For": address})
            statuses.append(answer.status_code)
    assert statuses == expected


async def test_without_redis_no_rate_is_limited_and_its_loss_and_return_are_each_recorded_once(
    new_stack: NewStack,
) -> None:
    async def kinds(stack: Stack) -> list[str]:
        statement = select(Event.kind).where(col(Event.kind).startswith("rates.")).order_by(col(Event.position))
        return [kind for (kind,) in await stack.services.database.rows(statement)]

    async with own_redis() as redis, new_stack(working=False, redis_url=redis.url, rate=SELDOM, rate_burst=1) as stack:
        await redis.kill()
        for _ in range(5):
            assert (await stack.client.post("/graphql", json=QUERY, headers=SIGNED_IN)).status_code == 200

        async def told(*expected: str) -> bool:
            await stack.client.post("/graphql", json=QUERY, headers=SIGNED_IN)
            return await kinds(stack) == list(expected)

        assert await eventually(lambda: told("rates.suspended"))
        await redis.start()
        assert await eventually(lambda: told("rates.suspended", "rates.resumed"))


async def test_password_guesses_are_slowed_down_and_the_owner_can_sign_in(new_stack: NewStack) -> None:
    async with new_stack(working=False, sign_in_rate=SELDOM, sign_in_burst=3) as stack, browsing(stack) as owner:
        await stack.mutate("createUser", "__typename", name="carol", role="VIEWER", password=PASSWORD)
        await owner.sign_in("carol")
        guesses = [await attempt(stack, "192.0.2.9", "carol", "wrong") for _ in range(3)]
        assert [status for status, _ in guesses] == [200, 200, 429]
        assert guesses[2][1]["__typename"] == "RateLimited"
        assert guesses[2][1]["code"] == "too_many_attempts"
        status, refused = await attempt(stack, "192.0.2.10", "Carol", PASSWORD)
        assert (status, refused["__typename"]) == (429, "RateLimited")
        await owner.sign_in("carol")


async def test_guesses_of_many_names_from_one_address_are_slowed_down(new_stack: NewStack) -> None:
    async with new_stack(working=False, sign_in_rate=SELDOM, sign_in_burst=1) as stack:
        tried = [await attempt(stack, "192.0.2.9", f"name-{number}", "wrong") for number in range(6)]
        assert [status for status, _ in tried] == [200] * 5 + [429]
        assert (await attempt(stack, "192.0.2.10", "name-9", "wrong"))[0] == 200


async def test_guesses_of_the_current_password_are_slowed_down(new_stack: NewStack) -> None:
    async with new_stack(working=False, sign_in_rate=SELDOM, sign_in_burst=3) as stack, browsing(stack) as thief:
        await stack.mutate("createUser", "__typename", name="carol", role="VIEWER", password=PASSWORD)
        await thief.sign_in("carol")
        guess = {"password": "another seven unusual words", "currentPassword": "wrong"}
        codes = [(await thief.mutate("setPassword", "__typename", **guess))["code"] for _ in range(4)]
        assert codes == ["wrong_credentials"] * 3 + ["too_many_attempts"]
        by_admin = await stack.mutate("setPassword", "__typename", user="carol", password=guess["password"])
        assert by_admin == {"__typename": "AccountPayload"}


async def attempt(stack: Stack, address: str, name: str, password: str) -> tuple[int, Any]:
    """The status and the answer of an attempt to sign in from an address."""
    transport = httpx2.ASGITransport(stack.client._transport.app, client=(address, 1))  # type: ignore[attr-defined]
    query = """mutation ($input: SignInInput!) { signIn(input: $input) {
      __typename ... on UserError { code } ... on RateLimited { retryAfter }
    } }"""
    async with httpx2.AsyncClient(transport=transport, base_url="http://polyhelm") as client:
        body = {"query": query, "variables": {"input": {"name": name, "password": password}}}
        response = await client.post("/graphql", json=body)
    return response.status_code, response.json()["data"]["signIn"]
