"""`wait-for`: waits until an object on a cluster meets a condition."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from app.core.errors import UserError
from app.deployments.codes import DeploymentCode
from app.deployments.evaluation import ask_program
from app.health.rules import VARIABLES, variables_of
from app.registers.common import CommonCode
from app.steps.context import StepContext, StepFailed
from app.steps.following import states
from app.steps.objects import referred
from app.steps.places import Place, Reference, place_of, shown

_PASSING = (CommonCode.BUSY, DeploymentCode.EXPRESSIONS_INTERRUPTED)
_MOST_TRIES = 30
_MOST_NOTES = 100


async def wait_for(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    place = await place_of(context, inputs["cluster"])
    what = await referred(place, inputs)
    conditions = {name: inputs[name] for name in ("failIf", "until") if name in inputs}
    note, notes = "", 0
    async with aclosing(states(place, what)) as stream:
        async for state in stream:
            if state is None:
                found, said = None, f"There is no {what} on {place.name} yet."
            else:
                found = await shown(place, what, state)
                met, said = await _met(place, what, conditions, found)
                if met:
                    return {"object": found}
            if said not in ("", note) and notes < _MOST_NOTES:
                note, notes = said, notes + 1
                await context.log(said)
    raise AssertionError("states have no end")


async def _met(
    place: Place, what: Reference, conditions: Mapping[str, str], found: Mapping[str, Any]
) -> tuple[bool, str]:
    """Whether the object meets the condition `until`, or else why that is not known. A condition has no value as long
    as the object lacks a field that it names.

    Raises:
        StepFailed: `failIf` is true, or a condition is not valid.
    """
    case = {"variables": variables_of(found), "use": list(range(len(conditions)))}
    asked = {"variables": list(VARIABLES), "expressions": list(conditions.values()), "cases": [case]}
    answer = await _evaluated(place.context, asked)
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
    if values.get("failIf"):
        raise StepFailed("condition", f"`failIf` is true for {what} on {place.name}.")
    return values["until"], said


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
