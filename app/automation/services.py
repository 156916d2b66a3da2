"""The services of use cases about workflows."""

from dataclasses import dataclass

from app.core.services import Services
from app.durable.executor import Executor
from app.sandbox.pool import Pool


@dataclass(frozen=True, kw_only=True)
class WorkflowServices(Services):
    """`workflows` checks definitions, `workflow_steps` computes what happens next in runs, and `executor` executes runs
    in workers."""

    workflows: Pool
    workflow_steps: Pool
    executor: Executor
