"""What the tests of permissions and of the audit log have to know of workflows."""

import json
from collections.abc import Mapping
from typing import Any

from sqlmodel import select

from app.automation.results import expect_result
from app.tables.columns import now
from app.tables.identity import Organization
from app.tables.runs import StepLog, StepRun, WorkflowRun
from app.workflows.run import RunState, StepState, WaitKind
from schema.relay.ids import encode_id
from tests.stack import Stack
from tests.walk import Walk

DEFINITION = '{name: hello, steps: [{name: greet, type: log, inputs: {message: "canary"}}]}'
STEP_DEFINITION = '{name: greeting, steps: [{name: greet, type: log, inputs: {message: "canary"}}]}'
STEPS = [
    {"name": name, "type": "log", "inputs": {"message": "Hi."}} for name in ("build", "review", "rejected", "outside")
]
ERROR = {"code": "broken", "message": "It broke.", "path": "build"}


async def made(stack: Stack) -> Mapping[str, str]:
    answer = await stack.mutate("saveWorkflow", "... on WorkflowPayload { workflow { id } }", definition=DEFINITION)
    fields = "... on StepDefinitionPayload { stepDefinition { id } }"
    step = (await stack.mutate("saveStepDefinition", fields, definition=STEP_DEFINITION))["stepDefinition"]
    return {"WORKFLOW": answer["workflow"]["id"], "STEP": step["id"], "RUN": await run_of_another(stack)}


async def run_of_another(stack: Stack, workflow_id: str = "greeting", state: RunState = RunState.RUNNING) -> str:
    """A run that nobody executes, with a step that has failed and steps that wait; gives its id."""
    async with stack.services.transaction() as transaction:
        session = transaction.session
        statement = select(Organization).where(Organization.name == "default")
        organization = (await session.exec(statement)).one()
        run = WorkflowRun(
            organization_id=organization.id,
            workflow="hello",
            revision=1,
            definition=json.dumps({"name": "hello", "steps": STEPS}),
            workflow_id=workflow_id,
            state=state,
            parameters={},
            error=ERROR,
            starter="somebody",
        )
        session.add(run)
        await session.flush()
        given: dict[str, Any] = {"run_id": run.id, "attempt": 1, "started_at": now()}
        session.add(StepRun(path="build", type="log", state=StepState.FAILED, error=ERROR, **given))
        for path in ("review", "rejected"):
            waits = StepRun(path=path, type="approve", state=StepState.RUNNING, wait=WaitKind.APPROVAL, **given)
            session.add(waits)
        session.add(
            StepRun(path="outside", type="pending-result", state=StepState.RUNNING, wait=WaitKind.RESULT, **given)
        )
        session.add(StepLog(run_id=run.id, path="build", attempt=1, begun_version=1, number=0, message="Building."))
        number = run.id
    await expect_result(stack.services, (number, "outside", 0), f"canary of {workflow_id}")
    return encode_id("WorkflowRun", number)


OF_RUN = "run of another"
ENDED_RUN = "ended run"
WALK = Walk(
    inputs={
        "saveWorkflow": {"definition": DEFINITION},
        "deleteWorkflow": {"id": "WORKFLOW"},
        "saveStepDefinition": {"definition": STEP_DEFINITION},
        "deleteStepDefinition": {"id": "STEP"},
        "startWorkflow": {"workflow": "hello"},
        "signalWorkflow": {"run": "RUN", "signal": "go"},
        "completePendingResult": {"token": "unknown"},
        "approveStep": {"run": "RUN", "step": "review"},
        "rejectStep": {"run": "RUN", "step": "review"},
        "cancelRun": {"run": "RUN"},
        "terminateRun": {"run": "RUN", "reason": "x"},
        "rerunFrom": {"run": "RUN", "step": "build"},
        "retryFailed": {"run": "RUN"},
    },
    audited=[
        ("saveWorkflow", {"definition": DEFINITION, "organization": "default"}, ["workflow.saved"]),
        (
            "saveStepDefinition",
            {"definition": STEP_DEFINITION, "organization": "default"},
            ["workflow.step_definition_saved"],
        ),
        ("deleteStepDefinition", {"id": "step"}, ["workflow.step_definition_deleted"]),
        ("startWorkflow", {"workflow": "hello", "organization": "default"}, ["workflow.started"]),
        ("signalWorkflow", {"run": OF_RUN, "signal": "go", "payload": {"a": "canary"}}, ["workflow.signalled"]),
        (
            "completePendingResult",
            {"token": "canary of greeting", "result": {"a": "canary"}},
            ["workflow.result_taken"],
        ),
        ("approveStep", {"run": OF_RUN, "step": "review"}, ["workflow.step_approved"]),
        ("rejectStep", {"run": OF_RUN, "step": "rejected"}, ["workflow.step_rejected"]),
        ("cancelRun", {"run": OF_RUN}, ["workflow.run_cancelled"]),
        ("terminateRun", {"run": OF_RUN, "reason": "An incident."}, ["workflow.run_terminated"]),
        ("retryFailed", {"run": OF_RUN, "mode": "SAME_RUN"}, ["workflow.run_repeated"]),
        ("rerunFrom", {"run": ENDED_RUN, "step": "build"}, ["workflow.run_repeated"]),
    ],
    least={
        **dict.fromkeys(("saveWorkflow", "deleteWorkflow", "startWorkflow"), "deployer-of-default"),
        **dict.fromkeys(("signalWorkflow", "cancelRun", "terminateRun"), "deployer-of-default"),
        **dict.fromkeys(("saveStepDefinition", "deleteStepDefinition"), "deployer-of-default"),
        **dict.fromkeys(("rerunFrom", "retryFailed"), "deployer-of-default"),
        **dict.fromkeys(("approveStep", "rejectStep"), "approver-of-default"),
    },
    masked={
        *("saveWorkflow.definition", "saveStepDefinition.definition"),
        *("completePendingResult.token", "completePendingResult.error"),
    },
    arguments={
        "Query.workflow": 'name: "hello"',
        "Query.stepDefinition": 'name: "greeting"',
        "StepDefinition.revisionByNumber": "number: 1",
        "node.StepDefinition": "STEP",
        "Query.workflowRun": 'id: "RUN"',
        "WorkflowDefinition.revisionByNumber": "number: 1",
        "node.WorkflowDefinition": "WORKFLOW",
        "node.WorkflowRun": "RUN",
    },
    words={"WORKFLOW": "WorkflowDefinition", "STEP": "StepDefinition", "RUN": "WorkflowRun"},
    made=made,
)
