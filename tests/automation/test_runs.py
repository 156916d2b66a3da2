"""Runs of workflows: started, executed by a worker, signalled, approved and ended."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web
from prometheus_client import REGISTRY
from sqlalchemy import text as sql

from app.releases.references import HIDDEN
from app.tables.identity import Role
from reconcilers.housekeeping import Housekeeping
from tests.charts.servers import served
from tests.identity.callers import token_of
from tests.stack import SIMPLE_RESULT, Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
RUN = "id workflowId state reason outputs error { code message path }"
FIELDS = f"... on WorkflowRunPayload {{ run {{ {RUN} }} }} {SIMPLE_RESULT}"
SHOWN = f"""query ($id: ID!) {{ workflowRun(id: $id) {{
  {RUN}
  steps {{ nodes {{ path type state attempts executions waitsFor signal outputs error {{ code message path }} }} }}
  waiting {{ path waitsFor signal }}
  logs {{ nodes {{ path attempt message }} }}
}} }}"""


async def save(stack: Stack, text: str) -> None:
    answer = await stack.mutate(
        "saveWorkflow", f"... on WorkflowPayload {{ workflow {{ id }} }} {SIMPLE_RESULT}", definition=text
    )
    assert "workflow" in answer, answer


async def start(stack: Stack, workflow: str, parameters: Any = None, **given: Any) -> Any:
    return await stack.mutate("startWorkflow", FIELDS, workflow=workflow, parameters=parameters or {}, **given)


async def started(stack: Stack, text: str, name: str, parameters: Any = None, **given: Any) -> str:
    """Saves a definition and starts it; gives the id of the run."""
    await save(stack, text)
    answer = await start(stack, name, parameters, **given)
    assert "run" in answer, answer
    return str(answer["run"]["id"])


async def shown(stack: Stack, run: str) -> Any:
    return (await stack.data(SHOWN, id=run))["workflowRun"]


async def ended(stack: Stack, run: str) -> Any:
    """The run, once it has ended."""

    async def look() -> bool:
        query = "query ($id: ID!) { workflowRun(id: $id) { state } }"
        return bool((await stack.data(query, id=run))["workflowRun"]["state"] != "RUNNING")

    await eventually(look)
    return await shown(stack, run)


async def waiting(stack: Stack, run: str, path: str) -> None:
    """Returns once a step waits."""

    async def look() -> bool:
        query = "query ($id: ID!) { workflowRun(id: $id) { waiting { path } } }"
        return path in [step["path"] for step in (await stack.data(query, id=run))["workflowRun"]["waiting"]]

    await eventually(look)


GREET = """
name: greet
parameters:
  required: [names]
  properties: {names: {type: array, items: {type: string}}, loud: {type: boolean, default: false}}
outputs:
  count: {value: "${{ size(parameters.names) }}", schema: {type: integer}}
steps:
  - name: each
    forEach: {items: "${{ parameters.names }}", as: name}
    sequence:
      - {name: say, type: log, inputs: {message: "Hello, ${{ name }}."}}
      - {name: check, type: assert, inputs: {condition: "${{ size(name) > 2 }}", message: "${{ name }} is too short."}}
  - {name: pause, type: sleep, inputs: {duration: 0s}}
"""


async def test_a_run_executes_its_steps_and_ends_with_outputs(stack: Stack) -> None:
    run = await started(stack, GREET, "greet", {"names": ["Ada", "Grace"]})
    found = await ended(stack, run)
    assert (found["state"], found["outputs"], found["error"]) == ("SUCCEEDED", {"count": 2}, None)
    steps = {step["path"]: (step["type"], step["state"]) for step in found["steps"]["nodes"]}
    assert steps == {
        "each": (None, "SUCCEEDED"),
        "each[0]": (None, "SUCCEEDED"),
        "each[1]": (None, "SUCCEEDED"),
        "each[0]/say": ("log", "SUCCEEDED"),
        "each[1]/say": ("log", "SUCCEEDED"),
        "each[0]/check": ("assert", "SUCCEEDED"),
        "each[1]/check": ("assert", "SUCCEEDED"),
        "pause": ("sleep", "SUCCEEDED"),
    }
    lines = sorted((line["path"], line["attempt"], line["message"]) for line in found["logs"]["nodes"])
    assert lines == [("each[0]/say", 1, "Hello, Ada."), ("each[1]/say", 1, "Hello, Grace.")]


RELEASE = """
name: release
steps:
  - {name: wait, type: signal, inputs: {signal: traffic}}
  - {name: review, type: approve, inputs: {message: "Weight ${{ steps.wait.outputs.payload.weight }}?"}}
  - {name: tell, type: log, inputs: {message: "${{ steps.review.outputs.user }}: ${{ steps.review.outputs.comment }}"}}
"""


async def test_a_run_waits_for_signals_and_for_the_approval_of_somebody_else(stack: Stack) -> None:
    run = await started(stack, RELEASE, "release")
    await waiting(stack, run, "wait")
    await Housekeeping(stack.services).count_runs()
    assert REGISTRY.get_sample_value("polyhelm_workflow_runs") == 1
    assert REGISTRY.get_sample_value("polyhelm_workflow_waiting_steps", {"wait": "SIGNAL"}) == 1
    assert (await shown(stack, run))["waiting"] == [{"path": "wait", "waitsFor": "SIGNAL", "signal": "traffic"}]
    await stack.mutate("signalWorkflow", FIELDS, run=run, signal="traffic", payload={"weight": 50})
    await waiting(stack, run, "review")
    own = await stack.mutate("approveStep", FIELDS, run=run, step="review")
    assert (own["__typename"], own["code"]) == ("Forbidden", "own_run")
    viewer = await stack.mutate("approveStep", FIELDS, await token_of(stack, Role.VIEWER), run=run, step="review")
    assert viewer["code"] == "forbidden"
    approver = await token_of(stack, Role.APPROVER)
    answer = await stack.mutate("approveStep", FIELDS, approver, run=run, step="review", comment="Go.")
    assert "run" in answer, answer
    again = await stack.mutate("approveStep", FIELDS, approver, run=run, step="wait")
    assert again["code"] in ("step_not_waiting", "run_ended")
    found = await ended(stack, run)
    assert found["state"] == "SUCCEEDED"
    assert [line["message"] for line in found["logs"]["nodes"]] == ["approver-of-default: Go."]


async def test_a_signal_that_is_sent_before_its_step_waits_is_not_lost(stack: Stack) -> None:
    text = """
name: early
steps:
  - {name: first, type: signal, inputs: {signal: one}}
  - {name: second, type: signal, inputs: {signal: two}}
"""
    run = await started(stack, text, "early")
    for name in ("two", "one"):
        await stack.mutate("signalWorkflow", FIELDS, run=run, signal=name, payload=name)
    found = await ended(stack, run)
    outputs = [(step["path"], step["outputs"]) for step in found["steps"]["nodes"]]
    assert outputs == [("first", {"payload": "one"}), ("second", {"payload": "two"})]
    late = await stack.mutate("signalWorkflow", FIELDS, run=run, signal="two")
    assert late["code"] == "run_ended"


async def test_a_rejected_step_fails_with_the_comment(stack: Stack) -> None:
    text = """
name: asked
steps:
  - name: review
    type: approve
    inputs: {message: Go?}
    onFailure: [{name: tell, type: log, inputs: {message: "${{ error.code }}: ${{ error.message }}"}}]
"""
    run = await started(stack, text, "asked")
    await waiting(stack, run, "review")
    await stack.mutate("rejectStep", FIELDS, run=run, step="review", comment="Not today.")
    found = await ended(stack, run)
    message = "admin rejected it: Not today."
    assert found["error"] == {"code": "rejected", "message": message, "path": "review"}
    assert [line["message"] for line in found["logs"]["nodes"]] == [f"rejected: {message}"]


CANCELLED = """
name: slow
steps:
  - {name: pause, type: sleep, inputs: {duration: 1h}}
onCancel:
  - {name: clean, type: log, inputs: {message: "The pause is ${{ steps.pause.state }}."}}
  - {name: confirm, type: signal, inputs: {signal: cleaned}}
"""


async def test_a_cancelled_run_ends_after_its_steps_for_that(stack: Stack) -> None:
    run = await started(stack, CANCELLED, "slow")
    await waiting(stack, run, "pause")
    await stack.mutate("cancelRun", "... on WorkflowRunPayload { run { id } }", run=run)
    await waiting(stack, run, ".onCancel/confirm")
    assert (await shown(stack, run))["state"] == "RUNNING"
    await stack.mutate("signalWorkflow", "... on WorkflowRunPayload { run { id } }", run=run, signal="cleaned")
    found = await ended(stack, run)
    assert found["state"] == "CANCELLED"
    assert [line["message"] for line in found["logs"]["nodes"]] == ["The pause is CANCELLED."]
    (version,) = (await stack.services.database.rows(sql("SELECT version FROM workflow_run")))[0]
    assert version < 10


async def test_runs_are_cancelled_terminated_and_replaced(stack: Stack) -> None:
    text = "{name: slow, steps: [{name: pause, type: sleep, inputs: {duration: 1h}}]}"
    cancelled = await started(stack, text, "slow", workflowId="paris")
    await waiting(stack, cancelled, "pause")
    refused = await start(stack, "slow", workflowId="paris")
    assert (refused["__typename"], refused["code"]) == ("Conflict", "workflow_running")
    attached = await start(stack, "slow", workflowId="paris", onConflict="ATTACH")
    assert attached["run"]["id"] == cancelled
    await stack.mutate("cancelRun", "... on WorkflowRunPayload { run { id } }", run=cancelled)
    found = await ended(stack, cancelled)
    assert (found["state"], [step["state"] for step in found["steps"]["nodes"]]) == ("CANCELLED", ["CANCELLED"])
    replaced = (await start(stack, "slow", workflowId="paris"))["run"]["id"]
    await waiting(stack, replaced, "pause")
    terminated = (await start(stack, "slow", workflowId="paris", onConflict="CANCEL_OLD"))["run"]["id"]
    assert (await shown(stack, replaced))["state"] == "CANCELLED"
    await waiting(stack, terminated, "pause")
    answer = await stack.mutate("terminateRun", FIELDS, run=terminated, reason="An incident.")
    assert (answer["run"]["state"], answer["run"]["reason"]) == ("CANCELLED", "An incident.")
    assert [step["state"] for step in (await shown(stack, terminated))["steps"]["nodes"]] == ["CANCELLED"]
    assert (await start(stack, "slow", workflowId="paris"))["run"]["state"] == "RUNNING"


async def test_parameters_have_to_fit_the_schema_of_the_workflow(quiet: Stack) -> None:
    await save(quiet, GREET)
    for parameters, path, message in (
        ({}, ["parameters"], '"names" is a required property.'),
        ({"names": [1]}, ["parameters", "names", "0"], '1 is not of type "string".'),
        ({"names": [], "x": 1}, ["parameters", "x"], "There is no parameter x; the parameters are: loud, names."),
    ):
        answer = await start(quiet, "greet", parameters)
        assert (answer["path"], answer["message"]) == (path, message)
    assert (await start(quiet, "greet", [1]))["message"] == "The parameters must be an object."
    assert (await start(quiet, "nothing"))["code"] == "workflow_not_found"
    assert (await quiet.data("{ workflowRuns { nodes { id } } }"))["workflowRuns"]["nodes"] == []


async def test_inputs_that_a_step_type_refuses_fail_the_step(stack: Stack) -> None:
    text = """
name: wrong
parameters: {properties: {length: {type: string}}}
steps:
  - {name: pause, type: sleep, inputs: {duration: "${{ parameters.length }}"}, retry: {attempts: 5, backoff: 1h}}
"""
    for length, message in (
        ("soon", 'inputs.duration: "soon" does not match'),
        ("999d", "'999d' is longer than 365 days."),
    ):
        run = await started(stack, text, "wrong", {"length": length})
        found = await ended(stack, run)
        assert (found["error"]["code"], found["error"]["path"]) == ("invalid_inputs", "pause")
        assert found["error"]["message"].startswith(message)


CANARY = "correct-horse-battery-staple"


async def test_http_requests_send_secrets_that_are_never_shown(new_stack: NewStack) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        given = {"headers": dict(request.headers), "body": await request.text(), "token": token}
        return web.json_response({"tag": "v1", "given": given}, status=503 if request.path == "/broken" else 200)

    text = """
name: build
parameters: {required: [url], properties: {url: {type: string}}}
outputs: {tag: {value: "${{ steps.build.outputs.tag }}"}, given: {value: "${{ steps.build.outputs.given }}"}}
steps:
  - name: broken
    type: http-request
    continueOnError: true
    inputs: {url: "${{ parameters.url }}/broken", secretHeaders: [{name: Authorization, secret: builds, key: token}]}
  - name: build
    type: http-request
    inputs:
      method: POST
      url: "${{ parameters.url }}/images"
      body: {image: shop}
      secretHeaders: [{name: Authorization, secret: builds, key: token, prefix: "Bearer "}]
    outputs: {tag: "${{ result.body.tag }}", given: "${{ result.body.given }}"}
"""
    async with served(answer) as host, new_stack(plain_http_hosts=host) as stack:
        payload = "... on SecretPayload { secret { id } }"
        await stack.mutate("createSecret", payload, name="builds", data={"token": CANARY})
        run = await started(stack, text, "build", {"url": f"http://{host}"})
        found = await ended(stack, run)
        assert found["state"] == "SUCCEEDED", found
        assert found["outputs"]["tag"] == "v1"
        given = found["outputs"]["given"]
        assert json.loads(given["body"]) == {"image": "shop"}
        assert (given["headers"]["Authorization"], given["headers"]["Content-Type"]) == (HIDDEN, "application/json")
        assert given["headers"]["Idempotency-Key"]
        assert given["token"] == HIDDEN
        (broken,) = [step for step in found["steps"]["nodes"] if step["path"] == "broken"]
        assert broken["error"]["code"] == "unavailable"
        tables = ("workflow_run", "step_run", "step_log", "event")
        for table in (*tables, "dbos.operation_outputs", "dbos.workflow_input", "dbos.workflow_output"):
            rows = await stack.services.database.rows(sql(f"SELECT to_jsonb(t)::text FROM {table} AS t"))
            assert CANARY not in str(rows), table
