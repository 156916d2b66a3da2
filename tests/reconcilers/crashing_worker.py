"""A worker or an observer in a process of its own that kills itself with SIGKILL at a step of a reconcile, a job, a
correction, a check or a step of a run.

Each step is a place between two effects, so together they are every place at which a crash makes a difference.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from app.automation.advancing import OpenRun
from app.charts import refreshing
from app.checks import jobs as check_jobs
from app.checks import measuring
from app.checks.client import CheckClient
from app.core.settings import Settings
from app.durable.executor import Executor
from app.helm import command
from app.jobs import leases
from app.operations import endings, work
from app.program.processes import run_observer, run_parts
from app.redis.queue import Queue
from app.resources import correcting
from app.sandbox import process
from app.steps import deployments as step_deployments
from app.steps import execution
from app.steps import jobs as step_jobs
from app.steps import objects as step_objects
from app.steps import runs as step_runs
from reconcilers import driving, reconciliation
from reconcilers.actions import migration
from reconcilers.observer.resources import drift
from reconcilers.worker import run_worker

Call = Callable[..., Awaitable[Any]]

STEPS: dict[str, tuple[Any, str, str]] = {
    "taken": (work, "take", "after"),
    "looked": (reconciliation, "look_at_release", "after"),
    "about to write the intent": (work, "intend", "before"),
    "intent written": (work, "intend", "after"),
    "Helm started": (process, "start", "after"),
    "Helm ended": (command._Command, "run", "after"),
    "about to write success": (endings, "succeed", "before"),
    "success written": (endings, "succeed", "after"),
}

FAILURE_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to write the failure": (endings, "fail", "before"),
    "remedy not committed": (endings, "remedy", "after"),
    "failure and remedy written": (endings, "fail", "after"),
}

JOB_STEPS: dict[str, tuple[Any, str, str]] = {
    "committed": (Queue, "_enqueue", "before"),
    "job taken": (leases, "take", "after"),
    "index read": (refreshing, "read_offers", "after"),
    "about to be marked as done": (leases, "finish", "before"),
}

CORRECTION_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to write the object": (correcting, "apply", "before"),
    "object written": (correcting, "apply", "after"),
}

MIGRATION_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to write the record": (migration, "create_record", "before"),
    "record written": (migration, "create_record", "after"),
}

WORKFLOW_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to open the engine": (Executor, "open", "before"),
    "run claimed": (OpenRun, "claim", "after"),
    "about to store a step": (OpenRun, "_store", "before"),
    "step stored": (OpenRun, "_store", "after"),
    "attempt begun": (execution, "_outcome", "before"),
    "request sent": (CheckClient, "fetch", "after"),
    "attempt ended": (driving, "execute", "after"),
}

CHECK_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to create the Job": (check_jobs, "create", "before"),
    "Job created": (check_jobs, "create", "after"),
    "about to write": (measuring, "write_measurement", "before"),
    "not committed": (measuring, "write_measurement", "after"),
}

MEMBER_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to apply": (step_objects, "apply", "before"),
    "applied": (step_objects, "apply", "after"),
    "about to create the Job of a step": (step_jobs, "create", "before"),
    "Job of a step created": (step_jobs, "create", "after"),
    "Job of a step ended": (step_jobs, "_ended", "after"),
    "deployment about to be changed": (step_deployments, "update_deployment", "before"),
    "deployment changed": (step_deployments, "update_deployment", "after"),
    "run of a step started": (step_runs, "start_child", "after"),
    "about to wait for a result": (execution, "let_wait", "before"),
}

OBSERVER_STEPS: dict[str, tuple[Any, str, str]] = {
    "about to store the difference": (drift, "write_found", "before"),
    "difference stored": (drift, "start_corrections", "before"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(call: Call, when: str) -> Call:
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if when == "before":
            die()
        result = await call(*arguments, **named)
        die()
        return result

    return wrapped


def dying_at_once(call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        call(*arguments, **named)
        die()

    return wrapped


def run(step: str) -> None:
    workers = STEPS | FAILURE_STEPS | JOB_STEPS | WORKFLOW_STEPS | MEMBER_STEPS | CORRECTION_STEPS | CHECK_STEPS
    workers |= MIGRATION_STEPS
    owner, name, when = (workers | OBSERVER_STEPS)[step]
    call = getattr(owner, name)
    setattr(owner, name, dying(call, when) if asyncio.iscoroutinefunction(call) else dying_at_once(call))
    asyncio.run(run_parts(Settings(), [run_observer if step in OBSERVER_STEPS else run_worker]))
