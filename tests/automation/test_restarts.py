"""A run that has lost its interpreter gets another one."""

from dbos import DBOS
from sqlalchemy import text

from tests.automation.test_runs import ended, started, waiting
from tests.stack import SIMPLE_RESULT, Stack, eventually

GO = """
name: go
steps:
  - {name: wait, type: signal, inputs: {signal: go}}
  - {name: report, type: log, inputs: {message: Going.}}
"""
_OLD = text("UPDATE workflow_run SET created_at = now() - interval '2 min'")
_EPOCHS = text("SELECT id, epoch FROM workflow_run")


async def epoch(stack: Stack) -> tuple[int, int]:
    [(run_id, number)] = await stack.services.database.rows(_EPOCHS)
    return run_id, number


async def test_a_run_whose_interpreter_has_ended_with_an_error_continues(stack: Stack) -> None:
    run = await started(stack, GO, "go")
    await waiting(stack, run, "wait")
    run_id, first = await epoch(stack)
    engine = stack.services.executor._engine
    assert engine is not None
    await engine.call(DBOS.cancel_workflow_async(f"run-{run_id}-{first}"))
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(_OLD)

    async def has_another() -> bool:
        return (await epoch(stack))[1] > first

    await eventually(has_another)
    sent = await stack.mutate("signalWorkflow", f"__typename {SIMPLE_RESULT}", run=run, signal="go")
    assert sent == {"__typename": "WorkflowRunPayload"}
    found = await ended(stack, run)
    assert (found["state"], [line["message"] for line in found["logs"]["nodes"]]) == ("SUCCEEDED", ["Going."])
