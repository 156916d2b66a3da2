"""The step definitions that a definition uses."""

from typing import Any

from sqlmodel import col, select

from app.core.errors import Problem, all_invalid
from app.core.services import Services
from app.core.threads import in_thread
from app.definitions.reading import FIELD, read_definition
from app.tables.workflows import StepDefinition, StepDefinitionRevision
from app.workflows.expansion import MAX_NESTED, Documents, ExpansionError, expanded, own_types


async def composed_types(services: Services, organization_id: int, document: Any) -> dict[str, Any]:
    """The step definitions that a definition names, and those that they name, by name."""
    found = dict[str, Any]()
    missing = own_types(document)
    for _ in range(MAX_NESTED + 1):
        if not (missing := missing - found.keys()):
            break
        read = await _read(services, organization_id, missing)
        found |= read
        missing = set().union(*map(own_types, read.values()))
    return found


async def expanded_with(document: Any, composed: Documents, *, step_type: str | None = None) -> dict[str, Any]:
    """A valid definition with the steps of its step definitions.

    Raises:
        ValidationFailed: they contain each other, or there are too many steps.
    """
    try:
        return await in_thread(lambda: expanded(document, composed, step_type=step_type))
    except ExpansionError as error:
        raise all_invalid([Problem((FIELD, *error.path), str(error))]) from None


async def _read(services: Services, organization_id: int, names: set[str]) -> dict[str, Any]:
    statement = (
        select(StepDefinition.name, StepDefinitionRevision.text)
        .join(StepDefinitionRevision, col(StepDefinitionRevision.definition_id) == StepDefinition.id)
        .where(col(StepDefinition.organization_id) == organization_id, col(StepDefinition.name).in_(names))
        .where(col(StepDefinitionRevision.number) == StepDefinition.revision)
    )
    async with services.database.reading() as session:
        rows = list((await session.exec(statement)).all())
    return await in_thread(lambda: {name: read_definition(text) for name, text in rows})
