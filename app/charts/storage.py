"""The storage of archives: a quota for each organization, and the removal of unused archives.

An archive is in use if a revision of a deployment or an open plan names it, or if it was uploaded. A version that was
pulled from a repository stays pinned to its archive as long as it is in use.
"""

from collections.abc import Sequence
from datetime import timedelta

from prometheus_client import Gauge
from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import defer
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.codes import ChartCode
from app.charts.package import Package
from app.charts.services import ChartServices
from app.charts.sources import REMOTE
from app.core.errors import Conflict
from app.core.jobs import Job
from app.core.services import Services
from app.tables.charts import ChartArchive, ChartRepository, ChartVersion
from app.tables.deployments import DeploymentRevision
from app.tables.identity import Organization
from app.tables.plans import Plan
from app.tables.states import PlanState

STORED = Gauge(
    "polyhelm_chart_storage_bytes",
    "Bytes of stored chart archives, by organization id.",
    ["organization"],
)

_KEPT_UNUSED = timedelta(days=1)
"""A plan or request may be about to use an archive that was just pulled."""
_AT_ONCE = 100

_ARCHIVES = (
    select(col(ChartRepository.organization_id), col(ChartArchive.digest), col(ChartArchive.size))
    .join(ChartVersion, col(ChartVersion.archive_digest) == ChartArchive.digest)
    .join(ChartRepository, col(ChartRepository.id) == ChartVersion.repository_id)
    .distinct()
    .subquery()
)
_IS_USED = or_(
    exists().where(col(DeploymentRevision.chart_digest) == ChartArchive.digest),
    exists().where(col(Plan.chart_digest) == ChartArchive.digest, col(Plan.state) == PlanState.OPEN),
)
_IS_OFFERED = exists().where(col(ChartVersion.archive_digest) == ChartArchive.digest)
_IS_OLD = col(ChartArchive.created_at) < func.now() - _KEPT_UNUSED


async def check_room(session: AsyncSession, organization_id: int, package: Package, most: int) -> None:
    """Raises Conflict if another archive would exceed the quota of the organization, in bytes."""
    if await session.get(ChartArchive, package.digest) is not None:
        return
    statement = select(func.coalesce(func.sum(_ARCHIVES.c.size), 0)).where(
        _ARCHIVES.c.organization_id == organization_id
    )
    stored = int((await session.execute(statement)).scalar_one())
    if stored + len(package.content) > most:
        raise Conflict(
            ChartCode.CHART_STORAGE_FULL,
            f"The charts of this organization take {stored:,} of {most:,} bytes, and {package.name} {package.version}"
            f" needs {len(package.content):,}. Remove chart repositories that you do not need, or ask an administrator"
            " to raise POLYHELM_ORGANIZATION_CHART_STORAGE.",
            ("chart",),
        )


class DiscardArchive(Job):
    """Removes the content of an archive whose row was deleted."""

    job_name = "charts.discard_archive"
    digest: str


async def collect_archives(services: Services) -> int:
    """Removes unused archives and returns their number. Concurrent requests may pull the same ones."""
    async with services.database.sessions() as session, session.begin():
        unused = select(col(ChartArchive.digest)).where(_IS_OLD, ~_IS_USED)
        pulled = select(col(ChartRepository.id)).where(col(ChartRepository.kind).in_(REMOTE))
        await session.execute(
            update(ChartVersion)
            .where(col(ChartVersion.archive_digest).in_(unused), col(ChartVersion.repository_id).in_(pulled))
            .values(archive_digest=None)
        )
    async with services.transaction() as transaction:
        session = transaction.session
        found = (
            select(col(ChartArchive.digest))
            .where(_IS_OLD, ~_IS_USED, ~_IS_OFFERED)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        digests = list((await session.execute(found)).scalars())
        await session.execute(delete(ChartArchive).where(col(ChartArchive.digest).in_(digests)))
        for digest in digests:
            transaction.enqueue(DiscardArchive(digest=digest), organization_id=None)
    return len(digests)


async def discard_archive(services: ChartServices, job: DiscardArchive) -> None:
    await services.archives.discard(job.digest)


async def measure_storage(services: Services) -> None:
    """Updates the metric of stored bytes by organization."""
    statement = (
        select(col(Organization.id), func.coalesce(func.sum(_ARCHIVES.c.size), 0))
        .join(_ARCHIVES, _ARCHIVES.c.organization_id == Organization.id, isouter=True)
        .group_by(col(Organization.id))
    )
    for organization_id, size in await services.database.rows(statement):
        STORED.labels(organization_id).set(int(size))


async def archives(session: AsyncSession, digests: Sequence[str]) -> dict[str, ChartArchive]:
    """What charts hold, by digest, without their bytes."""
    statement = (
        select(ChartArchive).where(col(ChartArchive.digest).in_(digests)).options(defer(ChartArchive.content))  # type: ignore[arg-type]
    )
    return {row.digest: row for row in (await session.execute(statement)).scalars()}
