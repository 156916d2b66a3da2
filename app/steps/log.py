"""`log`: writes a line to the log of the step."""

from collections.abc import Mapping
from typing import Any

from app.steps.context import StepContext


async def log(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    await context.log(inputs["message"])
    return {}
