"""`http-request` that is repeated until a condition is true."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from aiohttp import web

from tests.automation.test_runs import ended, started
from tests.charts.servers import served
from tests.stack import Stack
from tests.steps.test_objects import by_path

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
POLL = """
name: poll
parameters: {required: [url], properties: {url: {type: string}}}
steps:
  - {name: late, type: http-request, inputs: {url: "${{ parameters.url }}/late", until: body.ready, interval: 1s}}
  - {name: lost, type: http-request, continueOnError: true,
     inputs: {url: "${{ parameters.url }}/lost", until: "true", interval: 1s}}
  - {name: number, type: http-request, continueOnError: true,
     inputs: {url: "${{ parameters.url }}/late", until: status + 1}}
  - {name: unused, type: http-request, continueOnError: true,
     inputs: {url: "${{ parameters.url }}/late", interval: 1s}}
"""


async def test_a_request_is_repeated_through_failures_that_pass_until_its_condition_is_true(
    new_stack: NewStack,
) -> None:
    answers = iter([503, {}, {"ready": False}, {"ready": True}])

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/lost":
            return web.Response(status=404, text="gone")
        found = next(answers, {"ready": True})
        return web.Response(status=503) if found == 503 else web.json_response(found)

    text = POLL.replace("until: status + 1", "until: \"string(status) == '200' ? dyn(status) : dyn(true)\"")
    async with served(answer) as host, new_stack(plain_http_hosts=host) as stack:
        found = await ended(stack, await started(stack, text, "poll", {"url": f"http://{host}"}))
    assert found["state"] == "SUCCEEDED", found
    assert by_path(found, "outputs")["late"]["body"] == {"ready": True}
    assert [line["message"] for line in found["logs"]["nodes"] if line["path"] == "late"] == [
        "The response has the status 503: ",
        'until: Key not found in map : "ready".',
        "The status is 200, and `until` is not true yet.",
    ]
    errors = {path: (error["code"], error["message"]) for path, error in by_path(found, "error").items() if error}
    assert errors == {
        "lost": ("http_status", "The response has the status 404: gone"),
        "number": ("expression", "until: the result is neither true nor false."),
        "unused": ("invalid_inputs", "`failIf` and `interval` need `until`."),
    }
