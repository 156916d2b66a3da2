"""Reads a definition from YAML, and has it checked in a child process."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.automation.codes import WorkflowCode
from app.automation.composed import composed_types, expanded_with
from app.automation.services import WorkflowServices
from app.core.errors import Problem, UserError, all_invalid, invalid
from app.core.threads import in_thread
from app.definitions.reading import FIELD, read_definition
from app.registers.common import CommonCode
from app.sandbox.pool import TOO_EXPENSIVE, Outcome, Pool, RunError
from app.workflows.expansion import Documents, own_types

PROGRAM = Path(__file__).with_name("check_program.py")


@dataclass(frozen=True)
class Checked:
    """A valid definition: what its text says, and the step types in it that are not built in."""

    document: dict[str, Any]
    step_types: list[str]


async def checked(services: WorkflowServices, organization_id: int, text: str, *, is_step: bool = False) -> Checked:
    """Reads and checks the definition of a workflow, or of a step type.

    Raises:
        ValidationFailed: it is not valid, with the place of each problem, or it is too expensive to check.
        RunError: the check crashed, which callers see as an internal error.
    """
    document = await in_thread(read_definition, text)
    composed = await composed_types(services, organization_id, document)
    await check(services, organization_id, document, composed)
    await expanded_with(document, composed, step_type=document["name"] if is_step else None)
    return Checked(document, sorted(own_types(document)))


async def check(services: WorkflowServices, organization_id: int, document: Any, composed: Documents) -> None:
    """Checks a definition with the step definitions that it can use.

    Raises:
        ValidationFailed: it is not valid, with the place of each problem, or it is too expensive to check.
        RunError: the check crashed, which callers see as an internal error.
    """
    request = json.dumps({"definition": document, "composed": composed})
    try:
        answer = await services.workflows.run(organization_id, request.encode())
    except RunError as error:
        if error.outcome is Outcome.CRASHED:
            raise
        raise refusal(error.outcome, services.workflows, FIELD) from None
    if found := json.loads(answer):
        raise all_invalid([Problem((FIELD, *path), message) for path, message in found])


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
