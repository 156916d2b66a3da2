"""Reads a definition from YAML, and has it checked in a child process."""

import json
from pathlib import Path
from typing import Any

from app.automation.codes import WorkflowCode
from app.automation.services import WorkflowServices
from app.core.errors import Problem, UserError, all_invalid, invalid
from app.core.threads import in_thread
from app.definitions.reading import FIELD, read_definition
from app.registers.common import CommonCode
from app.sandbox.pool import TOO_EXPENSIVE, Outcome, Pool, RunError

PROGRAM = Path(__file__).with_name("check_program.py")


async def checked(services: WorkflowServices, organization_id: int, text: str) -> dict[str, Any]:
    """Reads and checks a definition. Returns what the text says.

    Raises:
        ValidationFailed: it is not valid, with the place of each problem, or it is too expensive to check.
        RunError: the check crashed, which callers see as an internal error.
    """
    document = await in_thread(read_definition, text)
    try:
        answer = await services.workflows.run(organization_id, json.dumps(document).encode())
    except RunError as error:
        if error.outcome is Outcome.CRASHED:
            raise
        raise refusal(error.outcome, services.workflows, FIELD) from None
    if found := json.loads(answer):
        raise all_invalid([Problem((FIELD, *path), message) for path, message in found])
    assert isinstance(document, dict)
    return document


def refusal(outcome: Outcome, pool: Pool, field: str) -> UserError:
    """Why a definition or parameters were not checked."""
    if outcome in TOO_EXPENSIVE:
        limits = f"{pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
        message = f"The check of the definition may use {limits}. Simplify its expressions and schemas."
        return invalid(WorkflowCode.WORKFLOW_TOO_EXPENSIVE, message, field)
    if outcome is Outcome.BUSY:
        message = "Your organization has too many checks of workflows waiting. Try again in a moment."
        return invalid(CommonCode.BUSY, message, field)
    message = "The definition could not be checked. Try again in a moment."
    return invalid(WorkflowCode.WORKFLOW_CHECK_INTERRUPTED, message, field)
