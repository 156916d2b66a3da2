"""Evaluates the conditions of checks, in child processes: the cost of an expression has no bound."""

from collections.abc import Mapping
from typing import Any

from app.checks.services import CheckServices
from app.core.errors import UserError
from app.deployments.evaluation import ask_program
from app.rollouts.checks import Finding, of_conditions
from app.rollouts.given_checks import CONDITIONS
from app.rollouts.states import Answer


async def judged(
    services: CheckServices,
    organization_id: int,
    spec: Mapping[str, Any],
    variables: Mapping[str, Any],
    shown: str = "",
) -> Finding:
    """The result of the conditions `passes` and `fails` for these variables. `shown` says in a message what they were
    given."""
    given = {name: spec[name] for name in CONDITIONS if spec[name] is not None}
    case = {"variables": variables, "use": list(range(len(given)))}
    asked = {"variables": list(variables), "expressions": list(given.values()), "cases": [case]}
    try:
        answer = await ask_program(services.expressions, organization_id, asked, "check")
    except UserError as error:
        return Finding(Answer.ERROR, str(error))
    if answer["refused"]:
        place, message = next(iter(answer["refused"].items()))
        return Finding(Answer.ERROR, f"{list(given)[int(place)]}: {message}.")
    values: dict[str, bool] = {}
    for name, (has_value, value) in zip(given, answer["results"][0], strict=True):
        if not has_value:
            return Finding(Answer.ERROR, f"{name}: {value}{shown}.")
        if not isinstance(value, bool):
            return Finding(Answer.ERROR, f"{name}: the result is neither true nor false{shown}.")
        values[name] = value
    return of_conditions(values.get("passes"), values.get("fails"), shown)
