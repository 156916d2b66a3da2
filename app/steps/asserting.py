"""`assert`: fails unless a condition is true."""

from collections.abc import Mapping
from typing import Any

from app.steps.context import StepContext, StepFailed


async def check(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    if not inputs["condition"]:
        raise StepFailed("assertion", inputs.get("message") or "The condition is false.")
    return {}
