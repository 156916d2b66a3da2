"""Reads a service definition from YAML, and has it checked in a child process."""

import json
from pathlib import Path

from app.catalog.codes import ServiceCode
from app.catalog.content import Content
from app.catalog.services import CatalogServices
from app.core.errors import Problem, UserError, all_invalid, invalid
from app.core.threads import in_thread
from app.definitions.reading import FIELD, read_definition
from app.registers.common import CommonCode
from app.sandbox.pool import TOO_EXPENSIVE, Outcome, Pool, RunError

PROGRAM = Path(__file__).with_name("check_program.py")


async def checked(services: CatalogServices, organization_id: int, text: str) -> Content:
    """Reads and checks a definition.

    Raises:
        ValidationFailed: it is not valid, with the place of each problem, or it is too expensive to check.
        RunError: the check crashed, which callers see as an internal error.
    """
    document = await in_thread(read_definition, text)
    try:
        answer = await services.catalog.run(organization_id, json.dumps(document).encode())
    except RunError as error:
        if error.outcome is Outcome.CRASHED:
            raise
        raise _refusal(error.outcome, services.catalog) from None
    found = json.loads(answer)
    if found["problems"]:
        raise all_invalid([Problem((FIELD, *path), message) for path, message in found["problems"]])
    return Content(document, tuple((source, target, edge) for source, target, edge in found["pairs"]))


def _refusal(outcome: Outcome, pool: Pool) -> UserError:
    if outcome in TOO_EXPENSIVE:
        limits = f"{pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
        message = f"The check of the definition may use {limits}. Simplify its expressions, ranges and schemas."
        return invalid(ServiceCode.SERVICE_TOO_EXPENSIVE, message, FIELD)
    if outcome is Outcome.BUSY:
        message = "Your organization has too many checks of services waiting. Try again in a moment."
        return invalid(CommonCode.BUSY, message, FIELD)
    message = "The definition could not be checked. Try again in a moment."
    return invalid(ServiceCode.SERVICE_CHECK_INTERRUPTED, message, FIELD)
