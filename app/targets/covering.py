"""Adds paths that hold values of secrets. From then on, stored releases are masked at these paths, including those that
were stored before."""

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlmodel import col

from app.core.transaction import Transaction
from app.releases.references import Reference
from app.releases.release import masked
from app.tables.deployments import Deployment
from app.tables.targets import Release, Target
from app.targets.joins import RELEASE_OF_TARGET
from app.targets.judging import observed_release
from app.targets.locking import lock_targets


async def cover_secrets(transaction: Transaction, deployment: Deployment, references: Iterable[Reference]) -> None:
    """Masks these paths on every target for as long as the deployment exists. The caller has locked the deployment's
    row. Also locks its targets, so that anything that stores a release in the meantime reads the new paths.
    """
    paths = sorted({*deployment.secret_paths, *(found.path for found in references)})
    if paths == deployment.secret_paths:
        return
    session = transaction.session
    deployment.secret_paths = paths
    ours = col(Target.deployment_id) == deployment.id
    await lock_targets(session, ours)
    await session.execute(update(Target).where(ours).values(secret_paths=paths))
    mark = await transaction.fingerprints.mark()
    statement = (
        select(Release)
        .join(Target, col(Target.cluster_id) == Release.cluster_id)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .where(ours, RELEASE_OF_TARGET, col(Release.values).is_not(None))
    )
    for release in (await session.execute(statement)).scalars():
        seen = masked(observed_release(release), paths, mark)
        release.values, release.digest, release.description = seen.values, seen.digest, seen.description
    await session.flush()
