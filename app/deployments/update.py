"""Changes the desired state of a deployment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import col, select

from app.charts.notices import notices_about
from app.charts.pinning import pin
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.core.names import counted
from app.core.services import Services
from app.deployments.answer import Answer, earlier_answer
from app.deployments.availability import check_free
from app.deployments.binding import UNBOUND, Binding
from app.deployments.checks import (
    archive_of,
    check_feature,
    check_wish,
    definition_problems,
    overrides_by_cluster,
)
from app.deployments.codes import DeploymentCode, DeploymentEvent
from app.deployments.dependencies import (
    GivenDependency,
    check_cycle,
    check_dependencies,
    dependencies_of,
    dependency_warnings,
    resolve,
    unknown_problems,
    write_dependencies,
)
from app.deployments.evaluation import with_inputs
from app.deployments.generation import target_names, write_generation
from app.deployments.given import GivenOverride, GivenSelectorOverride, GivenValues, read_values
from app.deployments.idempotency import RepeatedRequest, check_repeated, claim_key, keep_answer, request_digest
from app.deployments.membership import Membership
from app.deployments.options import OPTIONS, Effect, effects_of, option_problems, stored_options
from app.deployments.preview import plan_targets
from app.deployments.progress import Progress
from app.deployments.proposal import Dependency, Proposal
from app.deployments.queries import current, find_deployment
from app.deployments.removal import Removal
from app.deployments.services import DeploymentServices
from app.deployments.state import Given, Override, Wish, references_from, value_problems
from app.deployments.warnings import warnings_about
from app.drift.rules import GivenRule
from app.drift.states import LiveDrift
from app.groups.queries import chosen_members, members_of
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.progress import start_operation
from app.registers.common import CommonCode
from app.releases.references import Layer, references_of
from app.releases.values import patch
from app.resources.corrections import end_contests
from app.resources.drift import compare_again
from app.resources.inventory import forget_inventories
from app.secrets.queries import marks_of, referenced, require_use, write_uses
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import CrdPolicy, Deployment, DeploymentRevision, DriftPolicy
from app.tables.groups import ClusterGroup
from app.tables.operations import OperationKind
from app.tables.targets import Target
from app.targets.covering import cover_secrets

_TRIES = 5  # if other requests keep changing the same deployment


@dataclass(frozen=True)
class UpdateDeployment:
    """The request, as the API takes it. Fields that are None do not change; empty values, references, overrides and
    descriptions clear the present ones. A list of targets without a selector replaces the present selector, and a
    selector without a list the present list."""

    id: int
    expected_generation: int | None = None
    version: str | None = None
    values: Any = None
    values_yaml: str | None = None
    values_from: list[Given] | None = None
    value_overrides: list[GivenOverride] | None = None
    selector_overrides: list[GivenSelectorOverride] | None = None
    reuse_values: bool = False
    targets: list[str] | None = None
    target_selector: Any = None
    confirm_removal: int | None = None
    description: str | None = None
    atomic: bool | None = None
    wait: bool | None = None
    timeout_seconds: int | None = None
    drift_policy: DriftPolicy | None = None
    live_drift: LiveDrift | None = None
    crd_policy: CrdPolicy | None = None
    live_drift_ignore: list[GivenRule] | None = None
    depends_on: list[GivenDependency] | None = None
    allow_crd_version_removal: list[str] | None = None
    strategy: dict[str, Any] | None = None
    dry_run: bool = False
    idempotency_key: str | None = None
    release_name: str | None = None
    namespace: str | None = None


class _MovedOnError(Exception):
    """The deployment has changed between reading and writing."""


async def update_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: UpdateDeployment,
    progress: Progress,
    bound: Binding = UNBOUND,
    *,
    kind: OperationKind = OperationKind.UPDATE,
) -> Answer:
    """Writes a new generation if the request changes the wanted state, and none if it does not.

    Raises:
        UserError: says what is wrong; nothing is written.
    """
    digest = request_digest("updateDeployment", request)
    try:
        for _ in range(_TRIES):
            try:
                return await _attempt(services, viewer, request, digest, progress, bound, kind)
            except _MovedOnError:
                continue
    except RepeatedRequest as repeated:
        return await earlier_answer(services, repeated)
    raise Conflict(CommonCode.BUSY, "Other requests keep changing this deployment. Try again.", ())


async def _attempt(
    services: DeploymentServices,
    viewer: Viewer,
    request: UpdateDeployment,
    digest: bytes,
    progress: Progress,
    bound: Binding,
    kind: OperationKind,
) -> Answer:
    async with services.database.reading() as session:
        deployment = await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        progress.allow(deployment.organization_id, deployment.group_id)
        await check_repeated(session, deployment.organization_id, request.idempotency_key, digest)
        revision = await current(session, deployment)
        group = await session.get(ClusterGroup, deployment.group_id)
        assert group is not None
        await check_feature(session, group)
        members = await members_of(session, group.id)
        archive = await archive_of(session, bound.chart_digest or revision.chart_digest)
    _check_generation(deployment, request.expected_generation)
    if deployment.deleting:
        raise Conflict(DeploymentCode.BEING_DELETED, f"{deployment.release_name} is being deleted.", ("id",))
    problems = [
        *_unchangeable(deployment, request),
        *option_problems(request),
        *definition_problems(request.allow_crd_version_removal),
    ]
    if problems:
        raise all_invalid(problems)
    for name, value in stored_options(request).items():
        setattr(deployment, name, value)  # of this copy: the plan shows what the request asks for
    given = await _given(request)
    depends_on, unknown = await _dependencies(services, deployment, request)
    if unknown and not request.dry_run:
        raise all_invalid(unknown_problems(request.depends_on or (), unknown))
    membership = Membership.of(revision)
    if request.targets is not None or request.target_selector is not None:
        membership = Membership.given(request.target_selector, request.targets)
    clusters = membership.chosen(
        *(group, members, list(revision.targets) if request.targets is None else request.targets)
    )
    removal = Removal.between(revision.targets, clusters, services.settings.max_removal)
    if not request.dry_run:
        removal.check(request.confirm_removal, f"targets of {deployment.release_name}")
    pinned = None
    if request.version is not None and bound.chart_digest is None:
        keep = not request.dry_run
        pinned = await pin(services, deployment.organization_id, deployment.chart, request.version, keep=keep)
        archive = pinned.archive
    known = tuple(clusters) if membership.selector is None else tuple(members)
    wish = replace(_wish(revision, archive, request, given, known), targets=tuple(clusters), membership=membership)
    async with services.database.reading() as session:
        secrets = await referenced(session, group, wish.references)
    if not wish.changes_only_targets(revision):
        # A changed chart or value could reveal the values of secrets, also of those that other users refer to.
        require_use(viewer, group.id, secrets)
    wish = replace(wish, marks=marks_of(secrets))
    unchanged = wish.equals(revision)
    if not unchanged or request.dry_run or bound.is_planned:
        wish = await with_inputs(services, deployment, group, wish, clusters)
    if not unchanged:
        await check_wish(services, deployment.organization_id, wish, members)
        await _check_new_targets(services, deployment, clusters)
    leaving = await _leaving(services, deployment, clusters) if request.dry_run or bound.is_planned else []
    removable = frozenset(request.allow_crd_version_removal or ())
    proposal = Proposal(deployment, wish, clusters, leaving, depends_on, removable)
    if request.dry_run:
        plan = await plan_targets(services, proposal, progress)
        warnings = await warnings_about(services, wish)
        warnings += await dependency_warnings(services, proposal, unknown)
        answer = Answer(plan=plan, proposal=proposal, changed=not unchanged, removal=removal, warnings=warnings)
    else:
        await bound.check(proposal)
        answer = await _write(services, viewer, request, group, proposal, digest, bound, kind, unchanged=unchanged)
    return replace(answer, notices=await notices_about(services, pinned)) if pinned else answer


async def _dependencies(
    services: DeploymentServices, deployment: Deployment, request: UpdateDeployment
) -> tuple[list[Dependency], list[str]]:
    """What the deployment is to depend on, and the names of deployments that do not exist."""
    if request.depends_on is None:
        async with services.database.reading() as session:
            return (await dependencies_of(session, [deployment.id]))[deployment.id], []
    name = deployment.release_name
    await check_dependencies(services, deployment.organization_id, request.depends_on, name)
    async with services.database.reading() as session:
        found = await resolve(session, deployment.group_id, request.depends_on)
        await check_cycle(session, deployment.group_id, name, found[0])
    return found


async def _given(request: UpdateDeployment) -> GivenValues:
    given = await read_values(request)
    problems = value_problems(
        {} if given.values is None else given.values,
        request.values_from,
        overrides_by_cluster(given.overrides or []),
        given.selected or [],
        request.target_selector,
    )
    if found := list(problems):
        raise all_invalid(found)
    return given


def _wish(
    revision: DeploymentRevision,
    archive: ChartArchive,
    request: UpdateDeployment,
    given: GivenValues,
    known: tuple[str, ...],
) -> Wish:
    """The wish of a request without its targets. `known` are the clusters whose stored overrides are kept."""
    values = revision.values
    if given.values is not None:
        values = patch(values, given.values) if request.reuse_values else dict(given.values)
    given_from = request.values_from
    references = references_of(revision.values_from) if given_from is None else references_from(given_from)
    overrides = _overrides(revision, overrides_by_cluster(given.overrides or []), request, known)
    selected = revision.selected() if given.selected is None else tuple(one.parsed for one in given.selected)
    return Wish(archive, Layer(values, references), overrides, selected=selected)


def _overrides(
    revision: DeploymentRevision,
    given: Mapping[str, Override],
    request: UpdateDeployment,
    known: tuple[str, ...],
) -> dict[str, Layer]:
    """The overrides of these clusters. Those of removed targets stay only in earlier generations."""
    stored = {name: layer for name in known if (layer := revision.override(name)) is not None}
    if request.value_overrides is None:
        return stored
    if not request.reuse_values:
        return {name: Layer(dict(one.values), references_from(one.values_from or [])) for name, one in given.items()}
    return stored | {name: _patched(stored.get(name, Layer({})), override) for name, override in given.items()}


def _patched(stored: Layer, given: Override) -> Layer:
    references = stored.references if given.values_from is None else references_from(given.values_from)
    return Layer(patch(stored.values, given.values), references)


async def _check_new_targets(
    services: DeploymentServices, deployment: Deployment, clusters: dict[str, Cluster]
) -> None:
    rows = await services.database.rows(
        select(Target.cluster_id).where(col(Target.deployment_id) == deployment.id, col(Target.wanted))
    )
    known = {row[0] for row in rows}
    added = [cluster for cluster in clusters.values() if cluster.id not in known]
    orphans = await services.database.rows(
        select(Target.cluster_id).where(col(Target.deployment_id) == deployment.id, col(Target.claimed))
    )
    # A cluster that is added again before its release was uninstalled still has the release of this deployment.
    ours = {row[0] for row in orphans}
    free = [cluster for cluster in added if cluster.id not in ours]
    names = deployment.namespace, deployment.release_name, deployment.chart_name
    await check_free(services, free, *names, deployment_id=deployment.id)


async def _leaving(services: Services, deployment: Deployment, clusters: dict[str, Cluster]) -> list[Cluster]:
    async with services.database.reading() as session:
        statement = (
            select(Cluster)
            .join(Target, col(Target.cluster_id) == Cluster.id)
            .where(col(Target.deployment_id) == deployment.id)
            .where(col(Cluster.id).not_in([cluster.id for cluster in clusters.values()]))
            .order_by(col(Cluster.name))
        )
        return list((await session.exec(statement)).all())


async def _write(
    services: Services,
    viewer: Viewer,
    request: UpdateDeployment,
    group: ClusterGroup,
    proposal: Proposal,
    digest: bytes,
    bound: Binding,
    kind: OperationKind,
    *,
    unchanged: bool,
) -> Answer:
    read, wish, clusters = proposal.deployment, proposal.wish, dict(proposal.clusters)
    assert wish is not None
    async with services.transaction() as transaction:
        session = transaction.session
        await claim_key(transaction, read.organization_id, request.idempotency_key, digest)
        # A change of dependencies locks the others out, so that no two of them make a cycle together.
        lock = {"read": True} if request.depends_on is None else {"key_share": True}
        await session.get(ClusterGroup, read.group_id, with_for_update=lock)
        if not unchanged or bound.is_planned:
            secrets = await referenced(session, group, wish.references, hold=True)
            wish = replace(wish, marks=marks_of(secrets))
        deployment = await session.get(Deployment, read.id, with_for_update={"key_share": True})
        if deployment is None:
            raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))
        if deployment.generation != read.generation or deployment.deleting:
            raise _MovedOnError
        chosen_members(await members_of(session, read.group_id), list(clusters))
        options = {name: value for name, value in stored_options(request).items() if value != getattr(deployment, name)}
        for name, value in options.items():
            setattr(deployment, name, value)
        await bound.begin(transaction, deployment, wish)
        changed = list(options)
        if request.depends_on is not None and await write_dependencies(transaction, deployment, request.depends_on):
            changed.append("depends_on")
        effects = effects_of(options)
        if Effect.INVENTORIES in effects:
            await forget_inventories(transaction, await target_names(transaction, deployment.id))
        if Effect.LIVE_DRIFT in effects:
            await session.flush()
            await compare_again(transaction, deployment.id)
        if Effect.CONTESTS in effects:
            await end_contests(transaction, await target_names(transaction, deployment.id))
        operation = None
        if not unchanged:
            deployment.generation += 1
            deployment.updated_at = now()
            await session.flush()
            await write_uses(session, deployment.id, secrets)
            await cover_secrets(transaction, deployment, wish.references)
            transaction.record(
                DeploymentEvent.UPDATED,
                f"{deployment.release_name} was changed: generation {deployment.generation},"
                f" {wish.archive.name} {wish.archive.version} on {counted(len(clusters), 'cluster')}.",
                organization_id=deployment.organization_id,
                actor=viewer.name,
                subject=deployment,
                generation=deployment.generation,
                targets=list(clusters),
            )
            operation = await write_generation(
                *(transaction, deployment, wish, clusters, kind),
                author=viewer.name,
                allow_crd_version_removal=request.allow_crd_version_removal or (),
            )
        elif changed:
            deployment.updated_at = now()
            transaction.record(
                DeploymentEvent.OPTIONS,
                f"{deployment.release_name} was changed: {', '.join(OPTIONS[name].words for name in changed)}.",
                organization_id=deployment.organization_id,
                actor=viewer.name,
                subject=deployment,
                options=changed,
            )
        if unchanged and bound.acts:
            present = await target_names(transaction, deployment.id)
            operation = await start_operation(
                *(transaction, deployment, OperationKind.RECONCILE, present),
                author=viewer.name,
                allow_crd_version_removal=request.allow_crd_version_removal or (),
            )
        await keep_answer(
            transaction,
            deployment.organization_id,
            request.idempotency_key,
            deployment.id,
            operation.id if operation else None,
        )
        await bound.end(transaction, deployment, operation)
        return Answer(deployment, operation)


def _unchangeable(deployment: Deployment, request: UpdateDeployment) -> Iterator[Problem]:
    for path, given, present in (
        ("releaseName", request.release_name, deployment.release_name),
        ("namespace", request.namespace, deployment.namespace),
    ):
        if given is not None and given != present:
            yield Problem((path,), f"It cannot be changed (now {present!r}). Create another deployment for {given!r}.")


def _check_generation(deployment: Deployment, expected: int | None) -> None:
    if expected is not None and expected != deployment.generation:
        raise Conflict(
            DeploymentCode.GENERATION_MOVED_ON,
            f"{deployment.release_name} is at generation {deployment.generation}, not {expected}. Check what"
            " has changed, then try again with the current generation.",
            ("expectedGeneration",),
        )
