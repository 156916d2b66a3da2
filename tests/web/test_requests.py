"""Requests that are not right: each is refused with a status, a code and words, and none with a failure of ours."""

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

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


async def test_what_is_no_request_is_refused_with_a_code_and_words(shared: Stack) -> None:
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
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 2**16

    app = shared.client._transport.app  # type: ignore[attr-defined]
    answered: list[Any] = []
    pieces = endless()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(pieces), "more_body": True}

    async def send(message: Any) -> None:
        answered.append(message)

    scope = await scope_of(shared)
    await app(scope, receive, send)
    assert answered[0]["status"] == 413
    assert read == 2


async def test_who_is_signed_in_may_send_more(new_stack: NewStack) -> None:
    async with new_stack(working=False, anonymous_body_size=100, body_size=200) as stack:
        for headers, size, status in ((JSON, 100, 200), (JSON, 101, 413), (SIGNED_IN, 200, 200), (SIGNED_IN, 201, 413)):
            response = await stack.client.post("/graphql", content=GOOD.ljust(size), headers=headers)
            assert response.status_code == status, (size, response.text)


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
