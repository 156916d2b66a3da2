"""`pending-result`: another system gets a token, and completes the step with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from aiohttp import web
from sqlalchemy import text as sql

from app.program.processes import running
from reconcilers.worker import run_worker
from tests.automation.test_runs import ended, shown, started, waiting
from tests.charts.servers import served
from tests.stack import SIMPLE_RESULT, Stack
from tests.steps.test_crashes import killed_at
from tests.steps.test_objects import by_path

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
BUILD = """
name: build
parameters: {required: [url], properties: {url: {type: string}}}
steps:
  - name: image
    type: pending-result
    inputs:
      request:
        method: POST
        url: "${{ parameters.url }}/images?with={token}"
        headers: {X-Token: "a {token}"}
        body: {image: shop, callbacks: [{token: "{token}"}]}
  - {name: tell, type: log, inputs: {message: "${{ string(steps.image.outputs.result.digest) }}"}}
"""
FIELDS = f"__typename ... on CompletePendingResultPayload {{ isRepeated }} {SIMPLE_RESULT}"
DONE = {"__typename": "CompletePendingResultPayload", "isRepeated": False}
Answer = Callable[[str], Awaitable[web.StreamResponse]]


class Builds:
    """A system that gets tokens. `tokens` has that of each request, and `keys` its idempotency key."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.keys: list[str] = []
        self.answer: Answer = self._accept

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        async with served(self._take) as host:
            yield host

    async def _accept(self, token: str) -> web.StreamResponse:
        return web.json_response({"token": token})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        token = request.query["with"]
        assert request.headers["X-Token"] == f"a {token}"
        assert await request.json() == {"image": "shop", "callbacks": [{"token": token}]}
        self.tokens.append(token)
        self.keys.append(request.headers["Idempotency-Key"])
        return await self.answer(token)


async def complete(stack: Stack, token: str, **given: Any) -> Any:
    """What a caller gets who has the token and no session."""
    query = f"mutation ($input: CompletePendingResultInput!) {{ completePendingResult(input: $input) {{ {FIELDS} }} }}"
    return (await stack.data(query, None, input={"token": token, **given}))["completePendingResult"]


async def kept(stack: Stack) -> str:
    """All that is stored of runs and told of them."""
    found: list[Any] = []
    for table in ("workflow_run", "step_run", "step_log", "pending_result", "event"):
        found += await stack.services.database.rows(sql(f"SELECT row_to_json(t)::text FROM {table} t"))
    return str(found)


async def test_who_has_the_token_completes_the_step_once(new_stack: NewStack) -> None:
    builds = Builds()
    async with builds.served() as host, new_stack(plain_http_hosts=host) as stack:
        run = await started(stack, BUILD, "build", {"url": f"http://{host}"})
        await waiting(stack, run, "image")
        assert (await shown(stack, run))["waiting"] == [{"path": "image", "waitsFor": "RESULT", "signal": None}]
        (token,) = builds.tokens
        both = await complete(stack, token, result=1, error="No.")
        assert (both["__typename"], both["code"]) == ("ValidationFailed", "invalid_input")
        assert await complete(stack, token, result={"digest": "sha256:1"}) == DONE
        found = await ended(stack, run)
        assert (found["state"], by_path(found, "executions")) == ("SUCCEEDED", {"image": 1, "tell": 1})
        assert [line["message"] for line in found["logs"]["nodes"]] == ["sha256:1"]
        assert await complete(stack, token, result={"digest": "sha256:1"}) == DONE | {"isRepeated": True}
        other = await complete(stack, token, result={"digest": "sha256:2"})
        assert (other["__typename"], other["code"]) == ("Conflict", "result_token_used")
        unknown = await complete(stack, "0" * 64)
        assert (unknown["__typename"], unknown["code"]) == ("NotFound", "result_token_unknown")
        assert token not in await kept(stack)


async def test_an_error_from_outside_fails_the_step(new_stack: NewStack) -> None:
    builds = Builds()
    async with builds.served() as host, new_stack(plain_http_hosts=host) as stack:
        run = await started(stack, BUILD, "build", {"url": f"http://{host}"})
        await waiting(stack, run, "image")
        assert await complete(stack, builds.tokens[0], error="The disk is full.") == DONE
        found = await ended(stack, run)
        assert found["state"] == "FAILED"
        assert found["error"] == {"code": "result_error", "message": "The disk is full.", "path": "image"}


async def test_a_result_may_arrive_before_the_response_to_the_request(new_stack: NewStack) -> None:
    builds = Builds()
    async with builds.served() as host, new_stack(plain_http_hosts=host) as stack:

        async def answer(token: str) -> web.StreamResponse:
            assert await complete(stack, token, result={"digest": "early"}) == DONE
            return web.Response(status=500)

        builds.answer = answer
        found = await ended(stack, await started(stack, BUILD, "build", {"url": f"http://{host}"}))
        assert (found["state"], by_path(found, "outputs")["image"]) == ("SUCCEEDED", {"result": {"digest": "early"}})


async def test_a_refused_request_fails_the_step_without_its_token_and_ends_the_token(new_stack: NewStack) -> None:
    builds = Builds()

    async def refuse(token: str) -> web.StreamResponse:
        return web.Response(status=400, text=f"{token} is no token.")

    builds.answer = refuse
    async with builds.served() as host, new_stack(plain_http_hosts=host) as stack:
        found = await ended(stack, await started(stack, BUILD, "build", {"url": f"http://{host}"}))
        assert (found["state"], found["error"]["code"]) == ("FAILED", "http_status")
        late = await complete(stack, builds.tokens[0], result=1)
        assert (late["__typename"], late["code"]) == ("Conflict", "result_token_expired")
        assert builds.tokens[0] not in await kept(stack)


async def test_a_request_has_to_contain_the_token(stack: Stack) -> None:
    text = """
name: none
steps:
  - {name: a, type: pending-result, inputs: {request: {url: "https://builds.example.com", body: {"{token}": 1}}}}
"""
    found = await ended(stack, await started(stack, text, "none"))
    assert (found["state"], found["error"]["code"]) == ("FAILED", "invalid_inputs")


async def test_the_token_is_the_same_although_the_worker_is_killed(new_stack: NewStack) -> None:
    builds = Builds()
    async with builds.served() as host, new_stack(working=False, plain_http_hosts=host) as stack:
        run = await started(stack, BUILD, "build", {"url": f"http://{host}"})
        await killed_at(stack, "about to wait for a result", plain_http_hosts=host)
        async with running(run_worker(stack.services)):
            await waiting(stack, run, "image")
            assert len(builds.tokens) == 2
            assert (len(set(builds.tokens)), len(set(builds.keys))) == (1, 1)
            assert await complete(stack, builds.tokens[0], result={"digest": "x"}) == DONE
            found = await ended(stack, run)
        assert (found["state"], by_path(found, "executions")["image"]) == ("SUCCEEDED", 2)


async def test_two_results_at_once_are_one_result(new_stack: NewStack) -> None:
    builds = Builds()
    async with builds.served() as host, new_stack(plain_http_hosts=host) as stack:
        run = await started(stack, BUILD, "build", {"url": f"http://{host}"})
        await waiting(stack, run, "image")
        results = [{"digest": str(number)} for number in range(4)]
        answers = await asyncio.gather(*(complete(stack, builds.tokens[0], result=each) for each in results))
        codes = sorted(answer.get("code", "") for answer in answers)
        assert codes == ["", "result_token_used", "result_token_used", "result_token_used"]
        taken = next(each for each, answer in zip(results, answers, strict=True) if answer == DONE)
        assert by_path(await ended(stack, run), "outputs")["image"] == {"result": taken}
