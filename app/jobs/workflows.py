"""The jobs that have runs of workflows started and continued."""

from datetime import datetime

from app.core.jobs import Job


class ContinueRun(Job):
    """Starts the interpreter of a run, or makes it look at the run."""

    job_name = "workflows.continue"
    run_id: int


class StartScheduled(Job):
    """Does what a schedule owes at a time. The time is part of the key: a job can ask for the one of the next time."""

    job_name = "workflows.start_scheduled"
    schedule_id: int
    at: datetime
