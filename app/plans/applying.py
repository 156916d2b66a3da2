"""Applies a plan: exactly what it has shown, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import ClusterUnreachable, Conflict, NotFound, UserError, ValidationFailed
from app.core.names import some_of
from app.core.transaction import Transaction
from app.delivery.planned import plan_rollout
from app.deployments.answer import Answer
from app.deployments.binding import Binding
from app.deployments.codes import DeploymentCode
from app.deployments.desired_state import DesiredState
from app.deployments.progress import Progress
from app.deployments.proposal import Proposal, foundation_of, look_at_targets
from app.deployments.services import DeploymentServices
from app.groups.queries import account_of
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.operations.progress import expect_versions
from app.plans.approvals import blocker, state_at
from app.plans.codes import PlanCode, PlanEvent
from app.plans.metrics import PLANS
from app.plans.queries import approval_statuses, find_plan, foundation_stored, locked_plan
from app.plans.remarks import check_digest
from app.plans.requests import carry_out, confirmed, request_of
from app.registers.common import CommonCode
from app.releases.basis import Change, ChangeKind, Foundation, changes
from app.releases.step import ReleaseAction
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.operations import Operation
from app.tables.plans import Plan, PlanKind
from app.tables.states import PlanState

_PASSING = (CommonCode.BUSY, DeploymentCode.EXPRESSIONS_INTERRUPTED)
"""Codes of errors that say nothing about the plan: the request can be repeated."""
_MOST = 200
"""The number of changes that an error lists."""


@dataclass(frozen=True)
class Applied:
    """A plan that was applied, now or before. The deployment is None if it was deleted at once."""

    plan: Plan
    answer: Answer
    was_applied: bool


class _AppliedBefore(Exception):  # noqa: N818 - control flow, not an error
    """Another request has applied the plan."""


async def apply_plan(
    services: DeploymentServices,
    viewer: Viewer,
    plan_id: int,
    *,
    digest: str | None = None,
    confirm_removal: int | None = None,
) -> Applied:
    """Applies a plan, once. A plan that was applied before is answered with its operation.

    Raises:
        Conflict: something has changed since the plan was made, or it may not be applied; nothing is written.
        UserError: as for the request that the plan was made for.
    """
    async with services.database.reading() as session:
        plan = await find_plan(session, viewer, plan_id, Permission.DEPLOYMENTS_WRITE)
        check_digest(plan, digest)
        if plan.state is PlanState.APPLIED:
            return await _earlier(services, plan)
        await _check(session, plan)
        before = await foundation_stored(session, plan)
        deployment = await session.get(Deployment, plan.deployment_id) if plan.deployment_id else None
    present = replace(before, generation=deployment.generation if deployment else None)
    if found := changes(before, present):
        raise _outdated(found)
    bound = _PlanBinding(services, viewer, plan, before)
    request = confirmed(request_of(plan.kind, plan.request), confirm_removal)
    try:
        answer = await carry_out(services, viewer, request, Progress(), bound, dry_run=False)
    except _AppliedBefore:
        async with services.database.reading() as session:
            return await _earlier(services, await find_plan(session, viewer, plan_id, Permission.DEPLOYMENTS_WRITE))
    except (ValidationFailed, NotFound, Conflict, ClusterUnreachable) as error:
        if isinstance(error.code, PlanCode) or error.code in _PASSING:
            raise
        # The request was valid when the plan was made.
        raise _outdated(_changes_in(error)) from None
    PLANS.labels("applied").inc()
    assert bound.applied is not None
    return Applied(bound.applied, answer, was_applied=False)


class _PlanBinding(Binding):
    """Binds a change to what the plan was made against."""

    is_planned = True

    def __init__(self, services: DeploymentServices, viewer: Viewer, plan: Plan, before: Foundation) -> None:
        super().__init__(plan.chart_digest)
        self.acts = set(plan.counts) != {ReleaseAction.NONE.value}
        self.applied: Plan | None = None
        self._services = services
        self._viewer = viewer
        self._plan_id = plan.id
        self._before = before

    async def check(self, proposal: Proposal) -> None:
        """Compares what was found for the plan with the current state, on the clusters, too."""
        async with self._services.database.reading() as session:
            group = await session.get(ClusterGroup, proposal.deployment.group_id)
            account = await account_of(session, proposal.deployment.group_id)
        objects = {name: basis.objects for name, basis in self._before.targets.items()}
        targets = await look_at_targets(self._services, proposal, account, objects)
        name = group.service_account if group else None
        self._compare(foundation_of(proposal.deployment, proposal.desired_state, name, targets))

    async def begin(self, transaction: Transaction, deployment: Deployment, desired_state: DesiredState | None) -> None:
        """Takes the plan. What the database holds is compared again: it stays until the transaction ends."""
        plan = await locked_plan(transaction, self._plan_id)
        if plan.state is PlanState.APPLIED:
            raise _AppliedBefore
        await _check(transaction.session, plan)
        group = await transaction.session.get(ClusterGroup, plan.group_id, populate_existing=True)
        account = group.service_account if group else None
        self._compare(foundation_of(deployment, desired_state, account, self._before.targets))

    async def end(self, transaction: Transaction, deployment: Deployment, operation: Operation | None) -> None:
        plan = await locked_plan(transaction, self._plan_id)
        plan.state, plan.ended_at, plan.ended_by = PlanState.APPLIED, now(), self._viewer.name
        plan.operation_id = operation.id if operation else None
        if operation is not None:
            found = self._before.targets.items()
            versions = {name: basis.resource_version for name, basis in found if basis.desired and basis.reachable}
            await expect_versions(transaction, operation.id, versions)
            await plan_rollout(transaction, operation.id, plan, versions)
        if plan.kind is PlanKind.CREATE:
            plan.deployment_id = deployment.id
        self.applied = plan
        transaction.record(
            PlanEvent.APPLIED,
            f"{self._viewer.name} applied the plan for {plan.release_name}.",
            organization_id=plan.organization_id,
            actor=self._viewer.name,
            subject=plan,
            digest=plan.digest,
            author=plan.author,
        )

    def _compare(self, present: Foundation) -> None:
        if found := changes(self._before, present):
            raise _outdated(found)


async def _check(session: AsyncSession, plan: Plan) -> None:
    """Raises Conflict if the plan may not be applied now."""
    state = state_at(plan.state, plan.expires_at, now())
    if found := blocker(state, (await approval_statuses(session, [plan.id]))[plan.id], plan.failing):
        raise Conflict(found.code, found.message)


async def _earlier(services: DeploymentServices, plan: Plan) -> Applied:
    async with services.database.reading() as session:
        deployment = await session.get(Deployment, plan.deployment_id) if plan.deployment_id else None
        operation = await session.get(Operation, plan.operation_id) if plan.operation_id else None
    return Applied(plan, Answer(deployment, operation), was_applied=True)


def _outdated(found: Sequence[Change]) -> Conflict:
    PLANS.labels("outdated").inc()
    names = some_of([change.message.removesuffix(".") for change in found])
    message = f"The plan is outdated: {names}. Make a new plan."
    return Conflict(PlanCode.PLAN_OUTDATED, message, changes=list(found[:_MOST]))


def _changes_in(error: UserError) -> list[Change]:
    """The changes because of which a request is refused that was valid when the plan was made."""
    if isinstance(error, ClusterUnreachable):
        return [Change(ChangeKind.UNREACHABLE, f"{name} is unreachable.", name) for name in error.clusters]
    if error.code == DeploymentCode.DEPLOYMENT_NOT_FOUND and error.path == ("id",):
        return [Change(ChangeKind.GENERATION, "The deployment was deleted.")]
    if isinstance(error, ValidationFailed):
        return [Change(ChangeKind.INPUT, problem.message) for problem in error.problems]
    return [Change(ChangeKind.INPUT, error.message)]
