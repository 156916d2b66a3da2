"""The subject's enums, as those of the API."""

import strawberry

from app.automation.repeating import RerunMode
from app.automation.starting import OnConflict
from app.workflows.run import RunState, StepState, WaitKind

strawberry.enum(
    RunState, name="WorkflowRunState", description="All states but RUNNING are those of a run that has ended."
)
strawberry.enum(
    StepState,
    name="WorkflowStepState",
    description="RETRYING: an attempt has failed, and the next one begins after a pause. FAILING: the step has failed,"
    " and its `onFailure` steps run. The others but RUNNING are final.",
)
strawberry.enum(WaitKind, name="WorkflowWaitKind", description="What a step waits for.")
strawberry.enum(
    OnConflict,
    name="WorkflowConflict",
    description="What `startWorkflow` does if a run with the same workflow id is in progress. REFUSE: it is an error."
    " ATTACH: that run is returned. CANCEL_OLD: that run is ended at once, and a new one begins.",
)

strawberry.enum(
    RerunMode,
    name="WorkflowRerunMode",
    description="NEW_RUN: a new run has the steps that are not repeated, with their outputs. SAME_RUN: the run itself"
    " continues, and the earlier results of the repeated steps are replaced.",
)

__all__ = ["OnConflict", "RerunMode", "RunState", "StepState", "WaitKind"]
