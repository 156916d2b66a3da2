"""What is too much at once is refused, with a code and with words that say how to ask for less; what is just within the
limits is not."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from app.tables.identity import ApiToken
from resolvers.engine import documents
from resolvers.engine.documents import Document
from tests.events.test_events import EVENT_LOCK
from tests.live.client import socket
from tests.live.serving import served
from tests.stack import TOKEN, Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

SMALL = {
    "query_length": 400,
    "query_tokens": 60,
    "query_depth": 4,
    "query_fields": 9,
    "query_aliases": 2,
    "query_root_fields": 3,
    "query_directives": 2,
    "query_cost": 60,
    "filter_length": 2,
    "input_length": 3,
}

_SKIP = "@skip(if: false)"
_GROUP = "mutation ($input: CreateClusterGroupInput!) { createClusterGroup(input: $input) { __typename } }"
_WRITTEN = 'mutation { createClusterGroup(input: {name: "A", members: [%s]}) { __typename } }'
_FEATURE = (
    'mutation { setGroupFeature(input: {group: "", feature: "", enabled: true, properties: {a: [%s]}}) { __typename } }'
)
_KINDS = "query ($kinds: [String!]) { events(kinds: $kinds) { nodes { at } } }"
_FLEET = "query ($filter: FleetFilter) { fleet(filter: $filter) { clusterCount } }"

Request = tuple[str, dict[str, Any]]

CASES: list[tuple[str, Request, Request]] = [
    ("query_too_long", ("{ version } #" + "x" * 387, {}), ("{ version } #" + "x" * 388, {})),
    ("query_too_long", (_FEATURE % ("1 " * 30), {}), (_FEATURE % ("1 " * 60), {})),
    (
        "query_too_deep",
        ('{ cluster(name: "a") { group { features { name } } } }', {}),
        ('{ cluster(name: "a") { group { members { group { name } } } } }', {}),
    ),
    (
        "too_many_fields",
        ("{ viewer { ...F ...F ...F ...F } } fragment F on User { id name }", {}),
        ("{ viewer { ...F ...F ...F ...F ...F } } fragment F on User { id name }", {}),
    ),
    ("too_many_aliases", ("{ a: version b: version }", {}), ("{ a: version b: version c: version }", {})),
    ("too_many_root_fields", ("{ version version version }", {}), ("{ version version version version }", {})),
    (
        "too_many_directives",
        (f"{{ version {_SKIP} viewer {_SKIP} {{ id }} }}", {}),
        (f"{{ version {_SKIP * 3} }}", {}),
    ),
    (
        "query_too_expensive",
        ("{ clusters(first: 29) { nodes { id name } } }", {}),
        ("{ clusters(first: 30) { nodes { id name } } }", {}),
    ),
    (
        "query_too_expensive",
        ("query ($n: Int) { clusters(first: $n) { nodes { id name } } }", {"n": 29}),
        ("query ($n: Int) { clusters(first: $n) { nodes { id name } } }", {"n": 30}),
    ),
    ("list_too_long", (_KINDS, {"kinds": ["a", "b"]}), (_KINDS, {"kinds": ["a", "b", "c"]})),
    (
        "list_too_long",
        (_FLEET, {"filter": {"status": ["STALE"] * 2}}),
        (_FLEET, {"filter": {"status": ["STALE"] * 3}}),
    ),
    (
        "list_too_long",
        ('{ events(kinds: ["a", "b"]) { nodes { at } } }', {}),
        ('{ events(kinds: ["a", "b", "c"]) { nodes { at } } }', {}),
    ),
    ("list_too_long", (_WRITTEN % ('"a" ' * 3), {}), (_WRITTEN % ('"a" ' * 4), {})),
    (
        "list_too_long",
        (_GROUP, {"input": {"name": "A", "members": ["a"] * 3}}),
        (_GROUP, {"input": {"name": "A", "members": ["a"] * 4}}),
    ),
]


async def test_documents_within_a_limit_are_answered_and_others_are_refused(new_stack: NewStack) -> None:
    async with new_stack(working=False, **SMALL) as stack:
        for code, (within, variables), (beyond, more) in CASES:
            assert "errors" not in await stack.ask(within, **variables), within
            (error,) = (await stack.ask(beyond, **more))["errors"]
            assert error.get("extensions") == {"code": code}, (beyond, error)


async def test_an_answer_contains_its_cost_and_the_limit(quiet: Stack) -> None:
    answer = await quiet.ask("query ($n: Int) { clusters(first: $n) { nodes { id } } }", n=5)
    assert answer["extensions"] == {"cost": {"requested": 7, "limit": 100_000}}


async def test_a_mutation_that_is_too_expensive_is_not_executed(new_stack: NewStack) -> None:
    async with new_stack(working=False, query_cost=3) as stack:
        query = (
            'mutation { createApiToken(input: {name: "x"}) { __typename ... on ApiTokenPayload { token } } __typename }'
        )
        answer = await stack.ask(query)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["query_too_expensive"]
        assert answer["extensions"] == {"cost": {"requested": 4, "limit": 3}}
        rows = await stack.services.database.rows(select(ApiToken.name))
        assert [name for (name,) in rows] == ["bootstrap"]


async def test_a_subscriber_is_refused_by_the_same_limits(new_stack: NewStack) -> None:
    async with new_stack(working=False, **SMALL) as stack, served(stack) as url, socket(url) as opened:
        told = await opened.subscribe("subscription { events { a: at b: at c: at } }")
        assert [error["extensions"] for error in await told.next()] == [{"code": "too_many_aliases"}]
        query = "subscription { clusters { releases { name revision } } }"
        assert [error["extensions"] for error in await (await opened.subscribe(query)).next()] == [
            {"code": "query_too_expensive"}
        ]
        assert (await opened.subscribe("{ version }")).told.empty()


async def test_a_mutation_that_takes_too_long_is_stopped_and_rolled_back(new_stack: NewStack) -> None:
    async with new_stack(working=False, operation_timeout=0.3) as stack:
        async with stack.services.database.sessions() as session, session.begin():
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": EVENT_LOCK})
            answer = await stack.ask(_GROUP, input={"name": "fleet", "members": []})
            assert [error["extensions"] for error in answer["errors"]] == [{"code": "timed_out"}]
        assert (await stack.data('{ clusterGroup(name: "fleet") { id } }'))["clusterGroup"] is None


async def test_without_introspection_nothing_reveals_the_schema(new_stack: NewStack) -> None:
    async with new_stack(working=False, introspection=False) as stack:
        for query in (
            "{ __schema { description } }",
            '{ __type(name: "Query") { name } }',
            "{ ...F } fragment F on Query { __schema { description } }",
        ):
            (error,) = (await stack.ask(query))["errors"]
            assert error["extensions"] == {"code": "introspection_off"}
        (error,) = (await stack.ask("{ viewr { name } }"))["errors"]
        assert "viewer" not in error["message"]
        assert (await stack.data("{ viewer { __typename } }"))["viewer"] == {"__typename": "User"}


async def test_a_document_is_read_once_however_often_it_is_asked(quiet: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Counted(Document):
        def __init__(self, schema: Any, text: str, *given: Any, **named: Any) -> None:
            read.append(text)
            super().__init__(schema, text, *given, **named)

    monkeypatch.setattr(documents, "Document", Counted)
    for number in range(3):
        assert "errors" not in await quiet.ask("query once($n: Int) { clusters(first: $n) { nodes { id } } }", n=number)
    assert len(read) == 1


async def test_documents_of_anonymous_callers_are_not_cached(quiet: Stack) -> None:
    query = f"{{ viewer {{ id }} }} # {secrets.token_hex(8)}"
    for token, remembered in ((None, False), (TOKEN, True)):
        await quiet.ask(query, token)
        assert any(query in key for key in documents._remembered) is remembered


async def test_fragments_within_each_other_without_end_are_refused(new_stack: NewStack) -> None:
    async with new_stack(working=False, query_tokens=10**6, query_length=10**6) as stack:
        steps = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(3000))
        (error,) = (await stack.ask("{ ...F0 }" + steps + "fragment F3000 on Query { version }"))["errors"]
        assert error["extensions"] == {"code": "query_too_deep"}
