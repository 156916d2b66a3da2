"""The kinds of events about workflows, and the codes of errors."""

from app.registers.register import ErrorCode, EventKind


class WorkflowEvent(EventKind):
    """Events of workflows"""

    SAVED = "workflow.saved", "A workflow definition was created or changed."
    DELETED = "workflow.deleted", "A workflow definition was deleted."
    STEP_SAVED = "workflow.step_definition_saved", "A step definition was created or changed."
    STEP_DELETED = "workflow.step_definition_deleted", "A step definition was deleted."
    STARTED = "workflow.started", "A run of a workflow was started."
    RUN_PROGRESSED = "workflow.run_progressed", "Steps of a run have begun, begun to wait, or ended."
    RUN_ENDED = "workflow.run_ended", "A run has succeeded, failed or been cancelled."
    SIGNALLED = "workflow.signalled", "A signal was sent to a run."
    RESULT_TAKEN = "workflow.result_taken", "A step of a run got the result from outside that it waited for."
    APPROVED = "workflow.step_approved", "A step of a run was approved."
    REJECTED = "workflow.step_rejected", "A step of a run was rejected."
    CANCELLED = "workflow.run_cancelled", "A run is cancelled, by a user or with the step that has started it."
    REPEATED = "workflow.run_repeated", "A run that had ended was repeated from a step on, as the same or a new run."
    OBJECT_WRITE = "workflow.object_write", "A step of a run writes an object on a cluster; recorded before it is sent."
    TERMINATED = "workflow.run_terminated", "A run was ended at once, by a user or by a run that replaces it."


class WorkflowCode(ErrorCode):
    """Errors about workflows"""

    WORKFLOW_NOT_FOUND = "workflow_not_found", "The workflow does not exist, or the caller cannot see it."
    WORKFLOW_CHANGED = "workflow_changed", "The workflow or step definition has another revision than the given one."
    STEP_DEFINITION_NOT_FOUND = (
        "step_definition_not_found",
        "The step definition does not exist, or the caller cannot see it.",
    )
    STEP_DEFINITION_USED = "step_definition_used", "Workflows or other step definitions use the step definition."
    WORKFLOW_TOO_EXPENSIVE = (
        "workflow_too_expensive",
        "The expressions and schemas of the workflow exceed the CPU time or the memory of a check.",
    )
    WORKFLOW_CHECK_INTERRUPTED = (
        "workflow_check_interrupted",
        "The workflow could not be checked, and another attempt may succeed.",
    )
    WORKFLOW_RUNNING = "workflow_running", "A run with this workflow id is in progress."
    TOO_MANY_RUNS = "too_many_runs", "The organization has too many runs in progress."
    RUN_NOT_FOUND = "run_not_found", "The run does not exist, or the caller cannot see it."
    RUN_ENDED = "run_ended", "The run has ended."
    STEP_NOT_REPEATABLE = "step_not_repeatable", "The run has no such step, or none from which it can be repeated."
    STEP_NOT_WAITING = "step_not_waiting", "The step does not wait for an approval."
    OWN_RUN = "own_run", "The user who started a run cannot approve its steps."
    RESULT_TOKEN_UNKNOWN = "result_token_unknown", "No step of a run has this token."
    RESULT_TOKEN_USED = "result_token_used", "The step with this token has another result already."
    RESULT_TOKEN_EXPIRED = "result_token_expired", "The step with this token has ended without a result."
    TOO_DEEP = "runs_too_deep", "Too many runs of workflows would be below each other."
    TOO_MANY_SIGNALS = "too_many_signals", "Too many signals wait for steps of the run."
