"""The job that advances a rollout, and what requests it."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict
from sqlalchemy import bindparam, select
from sqlmodel import col

from app.core.jobs import Job
from app.core.transaction import Transaction
from app.tables.rollouts import Rollout


class AdvanceRollout(Job):
    """Computes and writes what happens next in a rollout."""

    job_name = "rollouts.step"
    rollout_id: int


class CheckJobs(BaseModel):
    """Where the Jobs of a run of a check are: in a namespace of these clusters, under a label with this key. Jobs of
    Polyhelm keep it, because the rows of the run may be deleted before its Jobs are."""

    model_config = ConfigDict(frozen=True)

    organization_id: int
    run_key: str
    namespace: str
    cluster_ids: tuple[int, ...]


class MeasureCheck(Job):
    """Measures a check of a rollout. The version of its run is part of the key: each measurement is its own job."""

    job_name = "rollouts.measure"
    run_id: int
    version: int
    jobs: CheckJobs | None = None

    @property
    def key(self) -> str:
        return f"{self.run_id} {self.version}"


class DiscardCheckJobs(Job):
    """Deletes the Jobs on members of one measurement of a check or, without a number, of all."""

    job_name = "rollouts.discard_check_jobs"
    run_id: int
    number: int | None = None
    jobs: CheckJobs | None = None


_OWNERS = select(col(Rollout.id), col(Rollout.organization_id)).where(
    col(Rollout.id).in_(bindparam("ids", expanding=True))
)
_IN_PROGRESS = select(col(Rollout.id)).where(
    col(Rollout.organization_id) == bindparam("organization"), col(Rollout.is_active)
)
_BY_OPERATION = select(col(Rollout.id)).where(col(Rollout.operation_id) == bindparam("operation"))


async def wake_rollouts(transaction: Transaction, rollout_ids: Iterable[int | None]) -> None:
    """Advances these rollouts after the commit."""
    ids = {rollout_id for rollout_id in rollout_ids if rollout_id is not None}
    if not ids:
        return
    for rollout_id, organization_id in await transaction.session.execute(_OWNERS, {"ids": list(ids)}):
        transaction.enqueue(AdvanceRollout(rollout_id=rollout_id), organization_id=organization_id)


async def wake_rollout_of(transaction: Transaction, operation_id: int) -> None:
    """Advances the rollout with this operation after the commit."""
    rows = await transaction.session.execute(_BY_OPERATION, {"operation": operation_id})
    await wake_rollouts(transaction, (rollout_id for (rollout_id,) in rows))


async def wake_rollouts_in(transaction: Transaction, organization_id: int) -> None:
    """Advances each rollout in progress of an organization after the commit."""
    rows = await transaction.session.execute(_IN_PROGRESS, {"organization": organization_id})
    await wake_rollouts(transaction, (rollout_id for (rollout_id,) in rows))
