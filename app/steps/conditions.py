"""Conditions in CEL that a step evaluates itself, again and again: `until` and `failIf`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import UserError
from app.deployments.codes import DeploymentCode
from app.deployments.evaluation import ask_program
from app.registers.common import CommonCode
from app.steps.context import StepContext, StepFailed
from app.workflows.step_types import CONDITIONS

_PASSING = (CommonCode.BUSY, DeploymentCode.EXPRESSIONS_INTERRUPTED)
_MOST_TRIES = 30


@dataclass(frozen=True)
class Verdict:
    """Whether `until` and `failIf` are true. `said` is why that is not known: a condition has no value as long as
    something that it names is missing."""

    is_met: bool
    has_failed: bool
    said: str = ""


def conditions_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    return {name: inputs[name] for name in CONDITIONS if name in inputs}


async def judged(context: StepContext, conditions: Mapping[str, str], variables: Mapping[str, Any]) -> Verdict:
    """Evaluates conditions, with the variables that they see.

    Raises:
        StepFailed: a condition is not valid, or its value is neither true nor false.
    """
    case = {"variables": variables, "use": list(range(len(conditions)))}
    asked = {"variables": list(variables), "expressions": list(conditions.values()), "cases": [case]}
    answer = await _evaluated(context, asked)
    for index, problem in answer["refused"].items():
        raise StepFailed("expression", f"{list(conditions)[int(index)]}: {problem}.")
    said = ""
    values = dict[str, bool]()
    for name, (has_value, value) in zip(conditions, answer["results"][0], strict=True):
        if has_value and not isinstance(value, bool):
            raise StepFailed("expression", f"{name}: the result is neither true nor false.")
        if not has_value:
            said = f"{name}: {value}."
        values[name] = has_value and value
    return Verdict(values.get("until", False), values.get("failIf", False), said)


async def _evaluated(context: StepContext, asked: Mapping[str, Any]) -> Any:
    """The answer of the process that evaluates expressions; while it is busy, it is asked again."""
    for left in reversed(range(_MOST_TRIES)):
        try:
            return await ask_program(context.services.expressions, context.organization_id, asked, "until")
        except UserError as error:
            if error.code not in _PASSING or not left:
                raise
        await asyncio.sleep(1)
    raise AssertionError("the last try returns or raises")
