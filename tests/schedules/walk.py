"""What the tests of permissions and of the audit log have to know of schedules."""

from collections.abc import Mapping

from sqlalchemy import update

from app.tables.columns import now
from app.tables.schedules import TimeOutcome, WorkflowSchedule
from tests.stack import Stack
from tests.walk import Walk

WORKFLOW = '{name: nightly, steps: [{name: greet, type: log, inputs: {message: "canary"}}]}'
SCHEDULE = {"name": "nightly", "workflow": "nightly", "cron": "@yearly"}


async def made(stack: Stack) -> Mapping[str, str]:
    await stack.mutate("saveWorkflow", "... on WorkflowPayload { workflow { id } }", definition=WORKFLOW)
    fields = "... on WorkflowSchedulePayload { schedule { id } }"
    answer = await stack.mutate("saveSchedule", fields, **SCHEDULE)
    async with stack.services.transaction() as transaction:
        last = update(WorkflowSchedule).values(last_at=now(), last_outcome=TimeOutcome.SKIPPED, last_message="canary")
        await transaction.session.execute(last)
    return {"SCHEDULE": answer["schedule"]["id"]}


AUDITED = SCHEDULE | {"workflow": "hello", "organization": "default", "parameters": {}}
DEPLOYER = "deployer-of-default"
WALK = Walk(
    inputs={
        "saveSchedule": SCHEDULE,
        "pauseSchedule": {"id": "SCHEDULE"},
        "resumeSchedule": {"id": "SCHEDULE"},
        "deleteSchedule": {"id": "SCHEDULE"},
    },
    audited=[
        ("saveSchedule", AUDITED, ["schedule.saved"]),
        ("pauseSchedule", {"id": "schedule"}, ["schedule.paused"]),
        ("resumeSchedule", {"id": "schedule"}, ["schedule.resumed"]),
        ("deleteSchedule", {"id": "schedule"}, ["schedule.deleted"]),
        ("deleteWorkflow", {"id": "workflow"}, ["workflow.deleted"]),  # which the walk of workflows has saved
    ],
    least=dict.fromkeys(("saveSchedule", "pauseSchedule", "resumeSchedule", "deleteSchedule"), DEPLOYER),
    arguments={"Query.workflowSchedule": 'name: "nightly"', "node.WorkflowSchedule": "SCHEDULE"},
    words={"SCHEDULE": "WorkflowSchedule"},
    made=made,
)
