"""Makes a plan and stores it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.notices import Notice, notices_about
from app.charts.pinning import Pinned, pin
from app.core.errors import Conflict, all_invalid, invalid
from app.core.services import Services
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.deployments.answer import Answer
from app.deployments.binding import Binding
from app.deployments.codes import DeploymentCode
from app.deployments.creation import CreateDeployment
from app.deployments.dependencies import dependencies_of
from app.deployments.options import OPTIONS, changing_options
from app.deployments.planning import LARGEST
from app.deployments.progress import Progress
from app.deployments.promotion import PromoteDeployment, fixed
from app.deployments.proposal import Proposal, foundation_of
from app.deployments.queries import find_deployment
from app.deployments.services import DeploymentServices
from app.deployments.update_request import UpdateDeployment
from app.groups.queries import find_group
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.plans.codes import PlanCode, PlanEvent
from app.plans.digest import plan_digest
from app.plans.metrics import PLANS
from app.plans.remarks import remark_problem
from app.plans.requests import Request, carry_out, kind_of, options_of, stored
from app.plans.texts import Packed, packed
from app.registers.common import CommonCode
from app.tables.charts import ChartArchive
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.identity import Organization
from app.tables.plans import Plan, PlannedText, PlanTarget
from app.tables.states import PlanState

MOST_OPEN = 200
"""How many open plans an organization can have."""
MOST_APPROVALS = 10
"""How many approvals a plan can require."""


@dataclass(frozen=True)
class PlanDeployment:
    """A request, and how its plan is kept."""

    request: Request
    required_approvals: int = 0
    expires_at: datetime | None = None
    comment: str | None = None


async def make_plan(services: DeploymentServices, viewer: Viewer, asked: PlanDeployment, progress: Progress) -> Answer:
    """Plans a request as a dry run does, and stores the plan.

    Raises:
        UserError: says what is wrong with the request; nothing is stored.
    """
    problems = [remark_problem(asked.comment, "comment")] if asked.comment else []
    if found := [problem for problem in problems if problem]:
        raise all_invalid(found)
    if not 0 <= asked.required_approvals <= MOST_APPROVALS:
        message = f"A plan requires at most {MOST_APPROVALS} approvals."
        raise invalid(PlanCode.PLAN_APPROVALS, message, "requiredApprovals")
    expires_at = _end(services, asked.expires_at)
    if isinstance(asked.request, PromoteDeployment):
        asked = replace(asked, request=await fixed(services, viewer, asked.request))
    pinned = await _pinned(services, viewer, asked.request)
    bound = Binding(pinned.archive.digest if pinned else None)
    answer = await carry_out(services, viewer, asked.request, progress, bound, dry_run=True)
    notices = await notices_about(services, pinned) if pinned else answer.notices
    plan = await _store(services, viewer, asked, expires_at, answer, notices)
    PLANS.labels("stored").inc()
    return Answer(stored_id=plan.id, notices=notices)


def _end(services: Services, wanted: datetime | None) -> datetime:
    latest = now() + timedelta(seconds=services.settings.plan_lifetime)
    if wanted is None:
        return latest
    if wanted.tzinfo is None or wanted.year == MAXYEAR:
        raise invalid(
            PlanCode.PLAN_LIFETIME, "Give expiresAt with a time zone, such as 2030-01-31T12:00:00Z.", "expiresAt"
        )
    if not now() < wanted <= latest:
        message = f"A plan can expire at {latest.isoformat(timespec='seconds')} at the latest, and not in the past."
        raise invalid(PlanCode.PLAN_LIFETIME, message, "expiresAt")
    return wanted


async def _pinned(services: DeploymentServices, viewer: Viewer, request: Request) -> Pinned | None:
    """Stores the archive of the requested version: the plan applies this one, whatever the repository has later."""
    if isinstance(request, CreateDeployment):
        organization_id = viewer.organization(request.organization)
        async with services.database.reading() as session:
            group = await find_group(session, organization_id, request.group)
        viewer.require(organization_id, Permission.DEPLOYMENTS_WRITE, group_id=group.id if group else None)
        return await pin(services, organization_id, request.chart, request.version) if group else None
    if isinstance(request, UpdateDeployment) and request.version is not None:
        async with services.database.reading() as session:
            deployment = await find_deployment(session, viewer, request.id, Permission.DEPLOYMENTS_WRITE)
        return await pin(services, deployment.organization_id, deployment.chart, request.version)
    return None


async def _store(
    services: DeploymentServices,
    viewer: Viewer,
    asked: PlanDeployment,
    expires_at: datetime,
    answer: Answer,
    notices: list[Notice],
) -> Plan:
    proposal = answer.proposal
    assert proposal is not None
    content = await in_thread(packed, answer.plan or [])
    if content.size > LARGEST:
        raise Conflict(DeploymentCode.PLAN_TOO_LARGE, "The plan is too large to store. Plan fewer clusters at a time.")
    async with services.transaction() as transaction:
        session = transaction.session
        await _check_room(transaction, proposal)
        group = await session.get(ClusterGroup, proposal.deployment.group_id)
        account = group.service_account if group else None
        options = await _changing(session, asked.request, proposal.deployment.id)
        plan = _plan(viewer, asked, proposal, answer, content, account, expires_at, options)
        plan.notices = [asdict(notice) for notice in notices]
        session.add(plan)
        await session.flush()
        if content.texts:
            await session.execute(insert(PlannedText), [{"plan_id": plan.id, **row} for row in content.texts])
        if content.targets:
            await session.execute(insert(PlanTarget), [{"plan_id": plan.id, **row} for row in content.targets])
        transaction.record(
            PlanEvent.CREATED,
            f"{viewer.name} planned to {plan.kind.lower()} {plan.release_name}.",
            organization_id=plan.organization_id,
            actor=viewer.name,
            subject=plan,
            digest=plan.digest,
            counts=plan.counts,
        )
        return plan


async def _changing(session: AsyncSession, request: Request, deployment_id: int | None) -> dict[str, Any]:
    """The options that a request changes, and the switches that are on. The digest of a plan has all that it sets."""
    present = await session.get(Deployment, deployment_id) if deployment_id else None
    found = (await dependencies_of(session, [present.id]))[present.id] if present else []
    depends_on = [{"deployment": one.release_name, "condition": one.condition} for one in found]
    changing = changing_options(request, present, depends_on)
    given = options_of(request).items()
    return {name: value for name, value in given if name in changing or (name not in OPTIONS and value)}


async def _check_room(transaction: Transaction, proposal: Proposal) -> None:
    """Checks the number of open plans, and that the archive of the chart is still there; it stays from then on."""
    session, organization_id = transaction.session, proposal.deployment.organization_id
    # One at a time, so that two requests cannot both take the last place.
    await session.get(Organization, organization_id, with_for_update={"key_share": True})
    is_open = (col(Plan.state) == PlanState.OPEN, col(Plan.expires_at) > now())
    of_organization = col(Plan.organization_id) == organization_id
    count = (await session.exec(select(func.count()).where(of_organization, *is_open))).one()
    if count >= MOST_OPEN:
        message = f"The organization has {MOST_OPEN} open plans: apply or discard one of them first."
        raise Conflict(PlanCode.PLANS_FULL, message)
    if proposal.desired_state is not None:
        digest = proposal.desired_state.archive.digest
        held = select(ChartArchive.digest).where(ChartArchive.digest == digest).with_for_update(read=True)
        if (await session.exec(held)).first() is None:
            raise Conflict(CommonCode.BUSY, "The archive of the chart was removed meanwhile: plan again.")


def _plan(
    viewer: Viewer,
    asked: PlanDeployment,
    proposal: Proposal,
    answer: Answer,
    content: Packed,
    service_account: str | None,
    expires_at: datetime,
    changing: Mapping[str, Any],
) -> Plan:
    deployment, desired_state, request = proposal.deployment, proposal.desired_state, asked.request
    if isinstance(request, CreateDeployment):  # a generated name is part of the plan
        request = replace(request, release_name=deployment.release_name)
    foundation = foundation_of(deployment, desired_state, service_account, {})
    kind, options = kind_of(request), options_of(request)
    what = {
        "kind": kind,
        "group": deployment.group_id,
        "namespace": deployment.namespace,
        "release": deployment.release_name,
        "options": options,
    }
    return Plan(
        organization_id=deployment.organization_id,
        group_id=deployment.group_id,
        deployment_id=deployment.id,
        kind=kind,
        request=stored(request),
        release_name=deployment.release_name,
        namespace=deployment.namespace,
        chart=deployment.chart,
        chart_version=desired_state.archive.version if desired_state else None,
        chart_digest=desired_state.archive.digest if desired_state else None,
        options=dict(changing),
        foundation=foundation.as_json(),
        digest=plan_digest(what, foundation, content.deeds),
        changed=answer.changed,
        removal=asdict(answer.removal) if answer.removal else None,
        warnings=[asdict(warning) for warning in answer.warnings],
        counts=content.counts,
        failing=content.failing,
        unreachable=content.unreachable,
        comment=asked.comment or None,
        author_id=viewer.user_id,
        author=viewer.name,
        expires_at=expires_at,
        required_approvals=asked.required_approvals,
    )
