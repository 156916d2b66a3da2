"""`wait-for`: waits until an object on a cluster meets a condition."""

from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from app.health.rules import variables_of
from app.steps.conditions import conditions_of, judged
from app.steps.context import StepContext, StepFailed
from app.steps.following import states
from app.steps.objects import referred
from app.steps.places import place_of, shown

_MOST_NOTES = 100


async def wait_for(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    place = await place_of(context, inputs["cluster"])
    what = await referred(place, inputs)
    conditions = conditions_of(inputs)
    note, notes = "", 0
    async with aclosing(states(place, what)) as stream:
        async for state in stream:
            if state is None:
                found, said = None, f"There is no {what} on {place.name} yet."
            else:
                found = await shown(place, what, state)
                verdict = await judged(context, conditions, variables_of(found))
                if verdict.has_failed:
                    raise StepFailed("condition", f"`failIf` is true for {what} on {place.name}.")
                if verdict.is_met:
                    return {"object": found}
                said = verdict.said
            if said not in ("", note) and notes < _MOST_NOTES:
                note, notes = said, notes + 1
                await context.log(said)
    raise AssertionError("states have no end")
