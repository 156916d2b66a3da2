"""`run-workflow`: starts a run of another workflow, which ends the step when it ends."""

from collections.abc import Mapping
from typing import Any

from app.automation.children import start_child
from app.steps.context import StepContext
from app.workflows.run import WaitKind


async def run_workflow(context: StepContext, inputs: Mapping[str, Any]) -> WaitKind:
    """An attempt that is executed again starts no second run."""
    key = (context.run_id, context.path, context.version)
    given = (inputs["workflow"], inputs.get("parameters", {}), inputs.get("workflowId"))
    await start_child(context.services, context.starter, key, *given)
    return WaitKind.RUN
