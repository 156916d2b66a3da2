"""The table of all jobs and their functions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from app.automation.children import cancel_children
from app.automation.continuing import continue_run
from app.charts.refreshing import ReadIndex, read_index_again
from app.charts.storage import DiscardArchive, discard_archive
from app.checks.jobs import discard_check_jobs
from app.checks.measuring import measure_check
from app.core.jobs import Job
from app.delivery.advancing import advance_rollout
from app.delivery.timing import WakeRollout, wake_rollout
from app.deployments.waiting import review_waits
from app.fleet.services import AllServices
from app.jobs.rollouts import AdvanceRollout, DiscardCheckJobs, MeasureCheck
from app.jobs.workflows import CancelChildren, ContinueRun, DiscardStepJob, StartScheduled
from app.schedules.starting import start_scheduled
from app.steps.jobs import discard_step_job
from app.targets.waits import ReviewWaits

Input = TypeVar("Input", bound=Job)


class JobPool(StrEnum):
    """Jobs that share slots of a worker."""

    JOBS = "jobs"
    MEASUREMENTS = "measurements"  # of checks, and what they and steps leave on clusters
    WORKFLOWS = "workflows"  # starts and wake-ups of runs


@dataclass(frozen=True)
class Kind(Generic[Input]):
    """`run` does a job. It is tried up to `attempts` times, with growing pauses, and for `seconds` at a time."""

    input: type[Input]
    run: Callable[[AllServices, Input], Awaitable[None]]
    attempts: int = 10
    seconds: float = 300
    pool: JobPool = JobPool.JOBS


_ALL: tuple[Kind[Any], ...] = (
    Kind(DiscardArchive, discard_archive, attempts=20),
    Kind(ReadIndex, read_index_again),
    Kind(ReviewWaits, review_waits, attempts=20),
    Kind(DiscardCheckJobs, discard_check_jobs, attempts=20, pool=JobPool.MEASUREMENTS),
    Kind(DiscardStepJob, discard_step_job, attempts=100, seconds=60, pool=JobPool.MEASUREMENTS),
    Kind(MeasureCheck, measure_check, attempts=100, pool=JobPool.MEASUREMENTS),
    Kind(AdvanceRollout, advance_rollout, attempts=100),
    Kind(WakeRollout, wake_rollout, attempts=100),
    Kind(StartScheduled, start_scheduled, attempts=100, seconds=60, pool=JobPool.WORKFLOWS),
    Kind(CancelChildren, cancel_children, attempts=100, seconds=60, pool=JobPool.WORKFLOWS),
    Kind(ContinueRun, continue_run, attempts=1000, seconds=60, pool=JobPool.WORKFLOWS),
)

KINDS: dict[str, Kind[Any]] = {kind.input.job_name: kind for kind in _ALL}
