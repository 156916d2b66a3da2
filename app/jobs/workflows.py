"""The job that has a run of a workflow continued."""

from app.core.jobs import Job


class ContinueRun(Job):
    """Starts the interpreter of a run, or makes it look at the run."""

    job_name = "workflows.continue"
    run_id: int
