"""Metrics of runs of workflows."""

from prometheus_client import Counter, Gauge
from sqlalchemy import func, select
from sqlmodel import col

from app.core.services import Services
from app.tables.runs import StepRun, WorkflowRun
from app.workflows.run import RunState, StepState, WaitKind

RUNS = Gauge("polyhelm_workflow_runs", "Runs of workflows that are in progress.")
WAITING_STEPS = Gauge("polyhelm_workflow_waiting_steps", "Steps of runs that wait, by what they wait for.", ["wait"])
ENDED_RUNS = Counter("polyhelm_workflow_runs_ended_total", "Runs of workflows that have ended, by state.", ["state"])

_RUNS = select(func.count()).select_from(WorkflowRun).where(col(WorkflowRun.state) == RunState.RUNNING)
_WAITING = (
    select(col(StepRun.wait), func.count())
    .join(WorkflowRun, col(WorkflowRun.id) == StepRun.run_id)
    .where(col(WorkflowRun.state) == RunState.RUNNING, col(StepRun.state) == StepState.RUNNING)
    .where(col(StepRun.wait).is_not(None))
    .group_by(col(StepRun.wait))
)


async def count_runs(services: Services) -> None:
    """Sets the numbers of runs in progress, and of steps that wait."""
    ((running,),) = await services.database.rows(_RUNS)
    RUNS.set(running)
    counts = {row[0]: row[1] for row in await services.database.rows(_WAITING)}
    for wait in WaitKind:
        WAITING_STEPS.labels(wait).set(counts.get(wait, 0))
