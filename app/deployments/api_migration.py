"""Starts API migrations: records of releases get the API versions that replace those which a version of Kubernetes
removes. A worker writes them (`reconcilers.actions.migration`); objects on clusters stay as they are."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlmodel import col, select

from app.compatibility.incompatible import Minor
from app.core.errors import Conflict, NotFound, invalid
from app.core.names import counted
from app.core.transaction import Transaction
from app.deployments.codes import DeploymentCode
from app.deployments.services import DeploymentServices
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.progress import expect_versions, start_operation
from app.registers.common import CommonCode
from app.releases.basis import Change, ChangeKind
from app.resources.codes import ResourceCode
from app.resources.compatibility import version_of
from app.resources.incompatible_releases import IncompatibleRelease, facts_of, releases_to_migrate
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationKind
from app.tables.targets import Target
from app.targets.locking import lock_targets

MOST = 500
"""The maximum number of releases in one request."""


async def migrate_api_versions(
    services: DeploymentServices, viewer: Viewer, kubernetes_version: str, planned: Mapping[int, int]
) -> Sequence[Operation]:
    """Starts to migrate the records of the releases of these targets, each of which has the planned revision. There is
    one operation for each deployment. Nothing is started unless all of them can be migrated.

    Raises:
        Conflict: RELEASE_MOVED_ON, RECORD_NOT_MIGRATABLE; `changes` has a sentence for each such release.
        UserError: the input is not valid, or the caller may not change one of the deployments.
    """
    version = version_of(kubernetes_version)
    if not 0 < len(planned) <= MOST:
        raise invalid(CommonCode.TOO_MANY, f"Name between 1 and {MOST} releases.", "releases")
    async with services.transaction() as transaction:
        session = transaction.session
        await _require(transaction, viewer, planned)
        ids = select(Target.deployment_id).where(col(Target.id).in_(planned))
        chosen = select(Deployment).where(col(Deployment.id).in_(ids)).order_by(col(Deployment.id))
        locked = await session.exec(chosen.with_for_update(key_share=True))
        deployments = {deployment.id: deployment for deployment in locked.all()}
        await lock_targets(session, col(Target.id).in_(planned))
        releases = await releases_to_migrate(session, planned, version)
        _check(releases, planned)
        return [
            await _start(transaction, viewer, deployments[deployment_id], list(group), version)
            for deployment_id, group in groupby(
                sorted(releases, key=lambda release: release.facts.deployment_id),
                key=lambda release: release.facts.deployment_id,
            )
        ]


async def _require(transaction: Transaction, viewer: Viewer, planned: Mapping[int, int]) -> None:
    visible = [facts for facts in await facts_of(transaction.session, planned) if viewer.sees(facts.organization_id)]
    if len(visible) < len(planned):
        raise NotFound(ResourceCode.TARGET_NOT_FOUND, "There is no such target.", ("releases",))
    for facts in visible:
        viewer.require(facts.organization_id, Permission.DEPLOYMENTS_WRITE, group_id=facts.group_id)


def _check(releases: Sequence[IncompatibleRelease], planned: Mapping[int, int]) -> None:
    moved = [
        Change(
            ChangeKind.RELEASE,
            f"{release.name} has revision {release.facts.revision}, and revision"
            f" {planned[release.facts.target_id]} was planned.",
            release.facts.cluster,
        )
        for release in releases
        if release.facts.revision != planned[release.facts.target_id]
    ]
    if moved or len(releases) < len(planned):
        raise _conflict(DeploymentCode.RELEASE_MOVED_ON, moved)
    stopped = [
        Change(ChangeKind.RELEASE, f"{release.name}: {obstacle}", release.facts.cluster)
        for release in releases
        if (obstacle := release.obstacle) is not None
    ]
    if stopped:
        raise _conflict(DeploymentCode.RECORD_NOT_MIGRATABLE, stopped)


def _conflict(code: DeploymentCode, found: Sequence[Change]) -> Conflict:
    if not found:
        return Conflict(code, "A release was removed. Nothing was changed.", ("releases",))
    more = f" The same applies to {counted(len(found) - 1, 'other release')}." if len(found) > 1 else ""
    return Conflict(code, f"{found[0].message}{more} Nothing was changed.", ("releases",), list(found))


async def _start(
    transaction: Transaction,
    viewer: Viewer,
    deployment: Deployment,
    releases: Sequence[IncompatibleRelease],
    version: Minor,
) -> Operation:
    operation = await start_operation(
        *(transaction, deployment, OperationKind.API_MIGRATION),
        {release.facts.target_id: release.facts.cluster for release in releases},
        author=viewer.name,
        kubernetes_version=str(version),
    )
    versions = {release.facts.cluster: release.facts.resource_version or "" for release in releases}
    await expect_versions(transaction, operation.id, versions)
    return operation
