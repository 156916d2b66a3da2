"""The kinds of events about workflows, and the codes of errors."""

from app.registers.register import ErrorCode, EventKind


class WorkflowEvent(EventKind):
    """Events of workflows"""

    SAVED = "workflow.saved", "A workflow definition was created or changed."
    DELETED = "workflow.deleted", "A workflow definition was deleted."


class WorkflowCode(ErrorCode):
    """Errors about workflows"""

    WORKFLOW_NOT_FOUND = "workflow_not_found", "The workflow does not exist, or the caller cannot see it."
    WORKFLOW_CHANGED = "workflow_changed", "The workflow has another revision than the given one."
    WORKFLOW_TOO_EXPENSIVE = (
        "workflow_too_expensive",
        "The expressions and schemas of the workflow exceed the CPU time or the memory of a check.",
    )
    WORKFLOW_CHECK_INTERRUPTED = (
        "workflow_check_interrupted",
        "The workflow could not be checked, and another attempt may succeed.",
    )
