"""Requests that are not right: each is refused with a status, a code and words, and none with a failure of ours."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from app.server.bodies import Consumer, MemoryBudget
from tests.pools import fill
from tests.stack import TOKEN, Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

JSON = {"Content-Type": "application/json"}
SIGNED_IN = JSON | {"Authorization": f"Bearer {TOKEN}"}
GOOD = b'{"query": "{ version }"}'


def nested(levels: int) -> bytes:
    return b'{"query": "{ version }", "variables": {"a": ' + b"[" * levels + b"]" * levels + b"}}"


BAD: list[tuple[int, str, dict[str, str], bytes]] = [
    (400, "no_json", JSON, b""),
    (400, "no_json", JSON, b"{"),
    (400, "no_json", JSON, b'{"query": "\xff"}'),
    (400, "no_json", JSON, b'{"query": "\\ud800"}'),
    (400, "no_json", JSON, b'{"query": NaN}'),
    (400, "no_json", JSON, GOOD.decode().encode("utf-16")),
    (400, "no_json", JSON, b"[" * 60_000),
    (400, "too_deep", JSON, nested(101)),
    (400, "bad_request", JSON, b"5"),
    (400, "bad_request", JSON, b'"{ version }"'),
    (400, "bad_request", JSON, b"[" + GOOD + b"]"),
    (400, "bad_request", JSON, b"[1, 2]"),
    (400, "bad_request", JSON, b"{}"),
    (400, "bad_request", JSON, b'{"query": ""}'),
    (400, "bad_request", JSON, b'{"query": {"a": 1}}'),
    (400, "bad_request", JSON, b'{"query": "{ version }", "variables": []}'),
    (400, "bad_request", JSON, b'{"query": "{ version }", "extensions": "x"}'),
    (400, "bad_request", JSON, b'{"query": "{ version }", "operationName": ["x"]}'),
    (400, "bad_request", JSON, b'{"query": "query A { version }", "operationName": "B"}'),
    (400, "bad_request", JSON, b'{"query": "fragment F on Query { version }"}'),
    (415, "no_json", {}, GOOD),
    (415, "no_json", {"Content-Type": "text/plain"}, GOOD),
    (415, "no_json", {"Content-Type": "text/plain;application/json"}, GOOD),
    (415, "no_json", {"Content-Type": "application/jsonp"}, GOOD),
    (415, "no_json", {"Content-Type": "multipart/form-data; boundary=x"}, GOOD),
    (415, "no_json", {"Content-Type": ";;;"}, GOOD),
    (415, "compressed_body", JSON | {"Content-Encoding": "gzip"}, gzip.compress(GOOD)),
    (415, "compressed_body", JSON | {"Content-Encoding": "br"}, GOOD),
    (413, "body_too_large", JSON, b" " * (2**16 + 1)),
    (413, "body_too_large", JSON | {"Content-Length": "9" * 30}, b""),
]


async def test_an_invalid_request_is_refused_with_a_code_and_a_message(shared: Stack) -> None:
    for status, code, headers, body in BAD:
        response = await shared.client.post("/graphql", content=body, headers=headers)
        assert response.status_code == status, (body[:80], response.text)
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": code}, body[:80]
        assert error["message"]


async def test_json_of_as_many_levels_as_are_allowed_is_read(shared: Stack) -> None:
    response = await shared.client.post("/graphql", content=nested(98), headers=SIGNED_IN)
    assert "data" in response.json()


VALUES: dict[str, tuple[bytes, int, str | None]] = {
    "as many as are allowed": (b"[" + b"0," * 99_000 + b"0]", 200, None),
    "too many": (b"[" + b"0," * 100_000 + b"0]", 413, "too_many_values"),
    "too many behind a long text": (b'["' + b"x" * 2**20 + b'",' + b"0," * 100_000 + b"0]", 413, "too_many_values"),
    "too many texts": (b"[" + b'"",' * 250_000 + b"0]", 413, "too_many_values"),
    "too many objects": (b"[" + b'{"a":{}},' * 40_000 + b"0]", 413, "too_many_values"),
    "a text that looks like many": (b'"' + b"[0," * 500_000 + b'"', 200, None),
    "one with quotes within it": (b'"' + b'\\",0' * 200_000 + b'\\\\"', 200, None),
}


@pytest.mark.parametrize("name", VALUES)
async def test_json_has_so_many_values_and_no_more_however_long_its_texts_are(shared: Stack, name: str) -> None:
    value, status, code = VALUES[name]
    body = b'{"query": "{ version }", "variables": {"a": ' + value + b"}}"
    response = await shared.client.post("/graphql", content=body, headers=SIGNED_IN)
    assert response.status_code == status
    assert code is None or response.json()["errors"][0]["extensions"] == {"code": code}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_no_other_method_is_answered_and_no_other_origin_allowed(shared: Stack, method: str) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    response = await shared.client.request(method, "/graphql", headers=headers)
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("site", "status"), [(None, 200), ("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403)]
)
async def test_a_query_by_get_is_answered_to_our_own_pages_alone(shared: Stack, site: str | None, status: int) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({"Sec-Fetch-Site": site} if site else {})
    response = await shared.client.get("/graphql", params={"query": "{ viewer { name } }"}, headers=headers)
    assert response.status_code == status
    if status == 403:
        assert response.json()["errors"][0]["extensions"] == {"code": "foreign_origin"}


async def test_a_mutation_by_get_is_not_done(shared: Stack) -> None:
    query = 'mutation { createApiToken(input: {name: "x"}) { __typename } }'
    headers = {"Authorization": f"Bearer {TOKEN}"}
    response = await shared.client.get("/graphql", params={"query": query}, headers=headers)
    assert response.status_code == 400
    assert len((await shared.data("{ apiTokens { name } }"))["apiTokens"]) == 1


@pytest.mark.parametrize("accept", ["application/graphql-response+json", "application/json", "*/*"])
async def test_a_refusal_of_graphql_has_no_data_and_a_status_that_the_client_understands(
    shared: Stack, accept: str
) -> None:
    strict = accept == "application/graphql-response+json"
    for query in ("{", "{ nothing }", "query ($n: Int!) { clusters(first: $n) { nodes { id } } }"):
        response = await shared.client.post("/graphql", json={"query": query}, headers=SIGNED_IN | {"Accept": accept})
        assert response.status_code == (400 if strict else 200)
        assert "data" not in response.json()
        assert response.headers["content-type"] == (accept if strict else "application/json")


async def test_a_body_that_is_larger_than_it_says_is_not_read_whole(shared: Stack) -> None:
    assert await read_of_endless(shared, b" " * 2**16) == (413, 2)


async def test_a_body_that_is_full_of_values_is_read_no_further_than_there_are_too_many(shared: Stack) -> None:
    token = (b"authorization", f"Bearer {TOKEN}".encode())
    assert await read_of_endless(shared, b'"a",' * 2**14, token) == (413, 7)


async def read_of_endless(stack: Stack, piece: bytes, *headers: tuple[bytes, bytes]) -> tuple[int, int]:
    """The status of a request whose body has no end, and how many pieces of it were read."""
    read = 0
    app = stack.client._transport.app  # type: ignore[attr-defined]
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal read
        if answered:
            return {"type": "http.disconnect"}
        read += 1
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message: Any) -> None:
        answered.append(message)

    scope = await scope_of(stack)
    await app(scope | {"headers": [*scope["headers"], *headers]}, receive, send)
    return answered[0]["status"], read


async def test_only_documents_that_take_long_to_parse_wait_for_their_turn(
    shared: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await shared.client.post("/graphql", content=GOOD, headers=SIGNED_IN)).status_code == 200
    fill(monkeypatch, "parsing")
    refused = await shared.client.post("/graphql", content=GOOD.ljust(2**14), headers=SIGNED_IN)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["errors"][0]["extensions"] == {"code": "busy"}
    assert (await shared.client.post("/graphql", content=GOOD, headers=SIGNED_IN)).status_code == 200


async def test_authenticated_callers_may_send_larger_bodies(new_stack: NewStack) -> None:
    async with new_stack(working=False, anonymous_body_size=100, body_size=200) as stack:
        for headers, size, status in ((JSON, 100, 200), (JSON, 101, 413), (SIGNED_IN, 200, 200), (SIGNED_IN, 201, 413)):
            response = await stack.client.post("/graphql", content=GOOD.ljust(size), headers=headers)
            assert response.status_code == status, (size, response.text)


def large(size: int) -> bytes:
    return b'{"query": "{ version }", "variables": {"a": "%s"}}' % (b"x" * size)


async def test_the_memory_for_bodies_of_one_user_is_limited_and_released(new_stack: NewStack) -> None:
    async with new_stack(working=False, bodies_size=400_000, body_size=100_000) as stack:
        made = [await stack.mutate("createUser", TOKEN_OF, name=name, role="VIEWER") for name in ("ann", "bob")]
        ann, bob = ({"Authorization": f"Bearer {user['token']}"} for user in made)
        async with begun(stack, ann, 90_000):
            refused = await stack.client.post("/graphql", content=large(20_000), headers=JSON | ann)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert refused.json()["errors"][0]["extensions"] == {"code": "busy"}
            for who in (ann | {"X": "small"}, bob, {}):
                answer = await stack.client.post("/graphql", content=large(1_000), headers=JSON | who)
                assert answer.status_code == 200, answer.text
            assert (await stack.client.post("/graphql", content=large(90_000), headers=JSON | bob)).status_code == 200
        assert (await stack.client.post("/graphql", content=large(90_000), headers=JSON | ann)).status_code == 200


async def test_the_memory_for_bodies_of_all_users_is_limited(new_stack: NewStack) -> None:
    settings = {"bodies_size": 200_000, "body_size": 100_000, "organization_share": 100}
    async with new_stack(working=False, **settings) as stack, AsyncExitStack() as opened:
        made = [await stack.mutate("createUser", TOKEN_OF, name=name, role="VIEWER") for name in ("ann", "bob")]
        for user in made:
            await opened.enter_async_context(begun(stack, {"Authorization": f"Bearer {user['token']}"}, 99_000))
        refused = await stack.client.post("/graphql", content=large(50_000), headers=SIGNED_IN)
        assert refused.status_code == 503
        assert (await stack.client.post("/graphql", content=large(40_000), headers=JSON)).status_code == 200


def test_the_users_of_an_organization_leave_memory_for_bodies_of_others() -> None:
    budget = MemoryBudget(100, 40, 75)
    acme, other = frozenset((1,)), frozenset((2,))
    budget.reserve(Consumer("ann", acme), 40)
    budget.reserve(Consumer("bob", acme), 30)
    assert not budget.fits(Consumer("eve", acme), 10)
    assert budget.fits(Consumer("eve", acme), 5)
    assert budget.fits(Consumer("joe", other), 30)
    budget.release(Consumer("ann", acme), 40)
    budget.release(Consumer("bob", acme), 30)
    assert budget.fits(Consumer("eve", acme), 40)


TOKEN_OF = "... on UserPayload { token }"


@asynccontextmanager
async def begun(stack: Stack, headers: dict[str, str], size: int) -> AsyncIterator[None]:
    """A request of which so many bytes have been read, and no more come while the block runs."""
    app = stack.client._transport.app  # type: ignore[attr-defined]
    is_read, goes_on = asyncio.Event(), asyncio.Event()
    pieces = iter([b" " * size])

    async def receive() -> dict[str, Any]:
        for piece in pieces:
            return {"type": "http.request", "body": piece, "more_body": True}
        is_read.set()
        await goes_on.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    scope = await scope_of(stack)
    scope["headers"] += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    reading = asyncio.create_task(app(scope, receive, send))
    await is_read.wait()
    try:
        yield
    finally:
        goes_on.set()
        await reading


async def scope_of(stack: Stack) -> dict[str, Any]:
    """The ASGI scope of a POST of JSON."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("polyhelm", 80),
        "state": {},
    }
