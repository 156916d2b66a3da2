"""Creates a deployment."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.charts.notices import notices_about
from app.charts.pinning import pin
from app.core.errors import Conflict, all_invalid
from app.core.names import random_release_name
from app.core.services import Services
from app.deployments.answer import Answer, earlier_answer
from app.deployments.availability import check_free
from app.deployments.binding import UNBOUND, Binding
from app.deployments.checks import (
    archive_of,
    check_desired_state,
    check_feature,
    definition_problems,
    name_problems,
    overrides_by_cluster,
)
from app.deployments.codes import DeploymentEvent
from app.deployments.dependencies import (
    GivenDependency,
    check_dependencies,
    dependency_warnings,
    resolve,
    unknown_problems,
    write_dependencies,
)
from app.deployments.desired_state import DesiredState, Given, references_from, value_problems
from app.deployments.evaluation import with_inputs
from app.deployments.generation import write_generation
from app.deployments.given import GivenOverride, GivenSelectorOverride, GivenValues, read_values
from app.deployments.idempotency import RepeatedRequest, check_repeated, keep_answer, request_digest, take_key
from app.deployments.membership import Membership
from app.deployments.options import option_problems, stored_options, strategy_problems
from app.deployments.preview import plan_targets
from app.deployments.progress import Progress
from app.deployments.proposal import Proposal
from app.deployments.services import DeploymentServices
from app.deployments.strategies import bind_secrets, check_conditions, sent_secrets, strategies_of
from app.deployments.warnings import warnings_about
from app.drift.rules import GivenRule
from app.drift.states import LiveDrift
from app.groups.queries import chosen_members, find_group, members_of, no_group
from app.groups.restrictions import check_namespace
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.releases.error_codes import ActionCode
from app.releases.references import Layer
from app.releases.remediation import Remediation
from app.secrets.queries import marks_of, referenced, require_use, write_uses
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.deployments import CrdPolicy, Deployment, DriftPolicy
from app.tables.groups import ClusterGroup
from app.tables.operations import OperationKind

_TRIES = 5  # random names to try until one is free


@dataclass(frozen=True)
class CreateDeployment:
    """The request, as the API takes it. Fields that are None were left out."""

    group: str
    chart: str
    namespace: str
    organization: str | None = None
    version: str | None = None
    release_name: str | None = None
    description: str | None = None
    values: Any = None
    values_yaml: str | None = None
    values_from: list[Given] = field(default_factory=list)
    value_overrides: list[GivenOverride] = field(default_factory=list)
    selector_overrides: list[GivenSelectorOverride] | None = None
    targets: list[str] | None = None
    target_selector: Any = None
    atomic: bool = False
    wait: bool = False
    timeout_seconds: int = 300
    drift_policy: DriftPolicy = DriftPolicy.REPORT
    live_drift: LiveDrift = LiveDrift.OFF
    crd_policy: CrdPolicy = CrdPolicy.CREATE
    live_drift_ignore: list[GivenRule] = field(default_factory=list)
    depends_on: list[GivenDependency] = field(default_factory=list)
    allow_crd_version_removal: list[str] | None = None
    strategy: dict[str, Any] | None = None
    remediation: Remediation = field(default_factory=Remediation)
    strategy_override: dict[str, Any] | None = None
    dry_run: bool = False
    idempotency_key: str | None = None


async def create_deployment(
    services: DeploymentServices,
    viewer: Viewer,
    request: CreateDeployment,
    progress: Progress,
    bound: Binding = UNBOUND,
) -> Answer:
    """Checks everything, writes the first generation and starts its operation; a dry run only returns the plan.

    Raises:
        UserError: says what is wrong; nothing is written.
    """
    try:
        return await _create(services, viewer, request, progress, bound)
    except RepeatedRequest as repeated:
        return await earlier_answer(services, repeated)


async def _create(
    services: DeploymentServices, viewer: Viewer, request: CreateDeployment, progress: Progress, bound: Binding
) -> Answer:
    organization_id = viewer.organization(request.organization)
    digest = request_digest("createDeployment", request)
    group, members = await _group(services, viewer, organization_id, request, digest, progress)
    given = await _given(request)
    await check_conditions(services, organization_id, strategies_of(request))
    await check_dependencies(services, organization_id, request.depends_on, request.release_name)
    membership = Membership.given(request.target_selector, request.targets)
    clusters = membership.chosen(group, members, request.targets)
    pinned = None
    if bound.chart_digest is None:
        pinned = await pin(services, organization_id, request.chart, request.version, keep=not request.dry_run)
    async with services.database.reading() as session:
        archive = pinned.archive if pinned else await archive_of(session, str(bound.chart_digest))
        state = _desired_state(archive, request, given, membership, tuple(clusters))
        secrets = await referenced(session, group, state.references)
        request = replace(request, **await bind_secrets(session, viewer, group, strategies_of(request)))
        depends_on, unknown = await resolve(session, group.id, request.depends_on)
    if unknown and not request.dry_run:
        raise all_invalid(unknown_problems(request.depends_on, unknown))
    require_use(viewer, group.id, secrets)
    state = replace(state, marks=marks_of(secrets))
    release_name = await _free_name(services, request, clusters, state.archive.name)
    deployment = Deployment(
        organization_id=organization_id,
        group_id=group.id,
        release_name=release_name,
        namespace=request.namespace,
        chart=request.chart,
        chart_name=state.archive.name,
        secret_paths=sorted({found.path for found in state.references}),
        **stored_options(request),
    )
    state = await with_inputs(services, deployment, group, state, clusters)
    await check_desired_state(services, organization_id, state, members)
    removable = frozenset(request.allow_crd_version_removal or ())
    proposal = Proposal(deployment, state, clusters, depends_on=depends_on, allow_crd_version_removal=removable)
    if request.dry_run:
        plan = await plan_targets(services, proposal, progress)
        warnings = await warnings_about(services, state)
        warnings += await dependency_warnings(services, proposal, unknown)
        answer = Answer(plan=plan, proposal=proposal, changed=True, warnings=warnings)
    else:
        await bound.check(proposal)
        answer = await _write(services, viewer, request, group, proposal, digest, bound)
    return replace(answer, notices=await notices_about(services, pinned)) if pinned else answer


async def _group(
    services: DeploymentServices,
    viewer: Viewer,
    organization_id: int,
    request: CreateDeployment,
    digest: bytes,
    progress: Progress,
) -> tuple[ClusterGroup, dict[str, Cluster]]:
    """The group of the new deployment, if the viewer may deploy there, and its members by name."""
    async with services.database.reading() as session:
        group = await find_group(session, organization_id, request.group)
        viewer.require(organization_id, Permission.DEPLOYMENTS_WRITE, group_id=group.id if group else None)
        await check_repeated(session, organization_id, request.idempotency_key, digest)
        if group is None:
            raise no_group(request.group)
        progress.allow(organization_id, group.id)
        await check_feature(session, group)
        check_namespace(group, request.namespace)
        return group, await members_of(session, group.id)


async def _given(request: CreateDeployment) -> GivenValues:
    """The values of a request.

    Raises:
        ValidationFailed: if they, or other fields, are not valid.
    """
    given = await read_values(request)
    overrides = overrides_by_cluster(given.overrides or [])
    problems = [
        *name_problems(request.release_name, request.namespace),
        *option_problems(request),
        *strategy_problems(request.strategy_override, "strategyOverride"),
        *definition_problems(request.allow_crd_version_removal),
        *value_problems(
            *({} if given.values is None else given.values, request.values_from, overrides),
            *(given.selected or [], request.target_selector),
        ),
    ]
    if problems:
        raise all_invalid(problems)
    return given


def _desired_state(
    archive: ChartArchive,
    request: CreateDeployment,
    given: GivenValues,
    membership: Membership,
    targets: tuple[str, ...],
) -> DesiredState:
    overrides = overrides_by_cluster(given.overrides or [])
    return DesiredState(
        archive,
        Layer({} if given.values is None else given.values, references_from(request.values_from)),
        {name: Layer(one.values, references_from(one.values_from or [])) for name, one in overrides.items()},
        targets,
        selected=tuple(one.parsed for one in given.selected or ()),
        membership=membership,
    )


async def _free_name(
    services: DeploymentServices, request: CreateDeployment, clusters: dict[str, Cluster], chart_name: str
) -> str:

    async def check(name: str) -> None:
        await check_free(services, clusters.values(), request.namespace, name, chart_name, deployment_id=None)

    if request.release_name is not None:
        await check(request.release_name)
        return request.release_name
    for attempt in range(_TRIES):
        name = random_release_name()
        try:
            await check(name)
        except Conflict:
            if attempt == _TRIES - 1:
                raise
        else:
            return name
    raise AssertionError("unreachable")


async def _write(
    services: Services,
    viewer: Viewer,
    request: CreateDeployment,
    group: ClusterGroup,
    proposal: Proposal,
    digest: bytes,
    bound: Binding,
) -> Answer:
    deployment, state, clusters = proposal.deployment, proposal.desired_state, dict(proposal.clusters)
    assert state is not None
    try:
        async with services.transaction() as transaction:
            await take_key(transaction, group.organization_id, request.idempotency_key, digest)
            # The group may have changed since it was read; the lock prevents further changes.
            present = await transaction.session.get(ClusterGroup, group.id, with_for_update={"read": True})
            if present is None:
                raise no_group(group.name)
            await check_feature(transaction.session, group)
            check_namespace(present, deployment.namespace)
            chosen_members(await members_of(transaction.session, group.id), list(clusters))
            secrets = await referenced(transaction.session, group, state.references, hold=True)
            sent = await sent_secrets(transaction.session, deployment.strategy, request.strategy_override)
            state = replace(state, marks=marks_of(secrets))
            await bound.begin(transaction, deployment, state)
            transaction.session.add(deployment)
            await transaction.session.flush()
            transaction.record(
                DeploymentEvent.CREATED,
                f"{deployment.release_name} ({state.archive.name} {state.archive.version}) was created"
                f" in {group.name}.",
                organization_id=group.organization_id,
                actor=viewer.name,
                subject=deployment,
                targets=list(clusters),
            )
            await write_uses(transaction.session, deployment.id, [*secrets, *sent])
            if request.depends_on:
                await write_dependencies(transaction, deployment, request.depends_on)
            operation = await write_generation(
                *(transaction, deployment, state, clusters, OperationKind.CREATE),
                author=viewer.name,
                allow_crd_version_removal=request.allow_crd_version_removal or (),
                strategy=request.strategy_override,
            )
            await keep_answer(transaction, group.organization_id, request.idempotency_key, deployment.id, operation.id)
            await bound.end(transaction, deployment, operation)
            return Answer(deployment, operation)
    except IntegrityError as error:
        if "uq_deployment_group_id_release_name" not in str(error):
            raise
        raise Conflict(
            ActionCode.RELEASE_NAME_TAKEN,
            f"There is a deployment {deployment.release_name!r} in {group.name} already. Choose another releaseName.",
            ("releaseName",),
        ) from None
