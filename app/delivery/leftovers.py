"""Finds what runs of checks may leave on clusters: their Jobs."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import and_, bindparam, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.jobs.rollouts import CheckJobs
from app.rollouts.check_jobs import key_of
from app.rollouts.checks import CheckKind
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.rollouts import CheckRun, Rollout, RolloutTarget

_CLUSTERS = (
    select(col(RolloutTarget.wave), col(Cluster.id))
    .join(
        Cluster,
        and_(
            col(Cluster.organization_id) == bindparam("organization"),
            col(Cluster.name) == col(RolloutTarget.cluster_name),
        ),
    )
    .where(
        col(RolloutTarget.rollout_id) == bindparam("rollout"),
        col(RolloutTarget.wave).in_(bindparam("waves", expanding=True)),
    )
    .order_by(col(Cluster.id))
)


async def jobs_of(session: AsyncSession, row: Rollout, runs: Sequence[CheckRun]) -> dict[int, CheckJobs]:
    """Where the Jobs of these runs of a rollout are, by the id of the run; only for those whose check runs Jobs. A
    cluster counts although its target was removed."""
    running = [run for run in runs if run.rule["kind"] == CheckKind.JOB]
    if not running:
        return {}
    deployment = await session.get_one(Deployment, row.deployment_id)
    given = {"organization": row.organization_id, "rollout": row.id, "waves": list({run.wave for run in running})}
    clusters = defaultdict[int, list[int]](list)
    for wave, cluster_id in await session.execute(_CLUSTERS, given):
        clusters[wave].append(cluster_id)
    return {
        run.id: CheckJobs(
            organization_id=row.organization_id,
            run_key=key_of(run.id, run.started_at),
            namespace=deployment.namespace,
            cluster_ids=tuple(clusters[run.wave]),
        )
        for run in running
    }


async def stored_jobs(session: AsyncSession, run_id: int) -> CheckJobs | None:
    """Where the Jobs of a run are, for jobs of Polyhelm that do not say it; None if it has none, or was deleted."""
    run = await session.get(CheckRun, run_id)
    if run is None:
        return None
    return (await jobs_of(session, await session.get_one(Rollout, run.rollout_id), [run])).get(run_id)
