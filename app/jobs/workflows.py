"""The jobs that have runs of workflows started and continued, and that delete what their steps leave on clusters."""

from datetime import datetime

from app.core.jobs import Job


class ContinueRun(Job):
    """Starts the interpreter of a run, or makes it look at the run."""

    job_name = "workflows.continue"
    run_id: int


class CancelChildren(Job):
    """Cancels the runs that steps of a run have started and no longer wait for."""

    job_name = "workflows.cancel_children"
    run_id: int


class StartScheduled(Job):
    """Does what a schedule owes at a time. The time is part of the key: a job can ask for the one of the next time."""

    job_name = "workflows.start_scheduled"
    schedule_id: int
    at: datetime


class DiscardStepJob(Job):
    """Deletes the Job of a step on its cluster once the attempt has ended. `look` counts how often that was not yet the
    case: as a part of the key, it lets a job ask for the next look."""

    job_name = "workflows.discard_step_job"
    run_id: int
    path: str
    version: int
    cluster_id: int
    namespace: str
    name: str
    look: int = 0
