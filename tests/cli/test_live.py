"""Word of changes over server-sent events: read as the protocol says, and never lost for good."""

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cli.client import Client
from cli.commands.reconciliation import CHANGES
from cli.failure import UNREACHABLE, Failure
from cli.live import Message, NoSubscriptionsError, looks, messages, results, ticks
from tests.cli.polyhelm import Polyhelm
from tests.stack import TOKEN

SUBSCRIPTION = "subscription { events { cursor } }"


def event(name: str, data: object = "") -> str:
    return f"event: {name}\ndata: {json.dumps(data) if data else ''}\n\n"


class Server:
    """Answers each subscription with the next script: chunks to send, or an event to wait for."""

    def __init__(self, *scripts: list[str | threading.Event]) -> None:
        self.scripts = list(scripts)
        self.requests: list[tuple[str, object]] = []

    async def answer(self, request: Request) -> Response:
        self.requests.append((request.headers["accept"], await request.json()))
        if not self.scripts:
            return JSONResponse({"errors": [{"message": "There are no subscriptions."}]}, 400)
        script = self.scripts.pop(0)

        async def send() -> AsyncIterator[str]:
            for part in script:
                if isinstance(part, str):
                    yield part
                else:
                    await asyncio.to_thread(part.wait, 10)

        return StreamingResponse(send(), media_type="text/event-stream; charset=utf-8")


@contextmanager
def running(server: Server) -> Iterator[Client]:
    app = Starlette(routes=[Route("/graphql", server.answer, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uvicorn_server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=uvicorn_server.run, args=([listener],))
        thread.start()
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "token")
        try:
            yield client
        finally:
            client.close()
            uvicorn_server.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["event: next", 'data: {"a": 1}', ""], [Message("next", '{"a": 1}')]),
        (["data: one", "data:two", ""], [Message("message", "one\ntwo")]),
        ([":", "", ": still here", "", "event: complete", "data:", ""], [Message("complete", "")]),
        (["id: 3", "retry: 1", "event:next", "data:  x", "", "data: cut off"], [Message("next", " x")]),
    ],
)
def test_a_stream_is_read_as_the_standard_says(lines: list[str], expected: list[Message]) -> None:
    assert list(messages(lines)) == expected


def test_each_result_is_given_until_the_server_completes() -> None:
    script: list[str | threading.Event] = [
        ":\n\n",
        event("next", {"data": {"n": 1}}),
        event("next", {"data": {"n": 2}}),
        event("complete"),
        event("next", {"data": {"n": 3}}),
    ]
    server = Server(script)
    with running(server) as client:
        assert list(results(client, SUBSCRIPTION, {"a": 1})) == [{"n": 1}, {"n": 2}]
    assert server.requests == [("text/event-stream", {"query": SUBSCRIPTION, "variables": {"a": 1}})]


def test_an_error_is_raised_and_a_server_without_subscriptions_is_known_as_such() -> None:
    with running(Server([event("next", {"errors": [{"message": "no such thing"}]})])) as client:
        with pytest.raises(Failure, match="no such thing"):
            list(results(client, SUBSCRIPTION, {}))
        with pytest.raises(NoSubscriptionsError):
            list(results(client, SUBSCRIPTION, {}))


def test_a_tick_comes_at_once_and_after_each_event_until_the_timeout() -> None:
    go, end = threading.Event(), threading.Event()
    with running(Server([go, event("next", {"data": {}}), end])) as client:
        seen = ticks(client, SUBSCRIPTION, {}, seconds=3)
        next(seen)
        next(seen)  # the subscription listens now: what happened before may have been missed
        go.set()
        next(seen)
        began = time.monotonic()
        assert list(seen) == []
        assert time.monotonic() - began > 1
        end.set()


def test_a_connection_that_breaks_is_made_again_and_counts_as_a_change() -> None:
    end = threading.Event()
    server = Server([event("next", {"data": {}})], [end])
    with running(server) as client:
        seen = ticks(client, SUBSCRIPTION, {}, seconds=10)
        while len(server.requests) < 2:
            next(seen)
        end.set()
        seen.close()


async def test_the_api_lists_the_events(polyhelm: Polyhelm) -> None:
    client = Client(polyhelm.server, TOKEN)
    listening = threading.Event()

    def first() -> object:
        with closing(results(client, CHANGES, {"organization": None}, listening.set)) as found:
            return next(iter(found))

    async with asyncio.timeout(180):
        told = asyncio.create_task(asyncio.to_thread(first))
        await asyncio.to_thread(listening.wait)
        for number in itertools.count():
            await polyhelm.stack.group(f"group-{number}", [])
            if (await asyncio.wait([told], timeout=1))[0]:
                break
        answer = await told
    assert isinstance(answer, dict)
    assert list(answer) == ["events"]
    client.close()


def test_a_subscription_that_is_closed_leaves_no_thread_or_output() -> None:
    end = threading.Event()
    with running(Server([event("next", {"data": {}}), end])) as client:
        seen = ticks(client, SUBSCRIPTION, {}, seconds=10)
        next(seen)
        next(seen)
        (listener,) = (thread for thread in threading.enumerate() if thread.name == "listener")
        seen.close()
        client.close()
        end.set()
        listener.join(120)
        assert not listener.is_alive()


def test_a_failed_query_is_repeated_unless_it_is_the_first() -> None:
    answers: list[object] = ["one", away(), away(), "two", Failure("forbidden")]

    def look() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Failure):
            raise answer
        return answer

    with running(Server()) as client:
        seen = looks(client, SUBSCRIPTION, {}, look)
        assert [next(seen), next(seen)] == ["one", "two"]
        with pytest.raises(Failure, match="forbidden"):
            next(seen)
        answers[:] = [away()]
        with pytest.raises(Failure, match="no connection"):
            next(looks(client, SUBSCRIPTION, {}, look))


def away() -> Failure:
    return Failure("no connection", kind=UNREACHABLE)


def test_a_server_without_subscriptions_is_asked_again_and_again() -> None:
    server = Server()
    with running(server) as client:
        assert len(list(itertools.islice(ticks(client, SUBSCRIPTION, {}, seconds=3600), 3))) == 3
    assert len(server.requests) == 1
