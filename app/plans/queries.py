"""Reads plans, their targets and their approvals from the database."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import defer
from sqlmodel import col
from sqlmodel import select as rows_of
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import NotFound
from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.permissions import Permission, permissions_of
from app.identity.viewer import Viewer
from app.plans.approvals import ApprovalStatus, PlanDecision, approval_status
from app.plans.codes import PlanCode
from app.plans.texts import unpacked
from app.releases.basis import Basis, Foundation
from app.releases.step import ReleaseAction
from app.tables.columns import now
from app.tables.identity import GROUP_ROLES, GroupRole, Membership, User
from app.tables.plans import Plan, PlanComment, PlannedText, PlanTarget
from app.tables.states import PlanState

KEPT = timedelta(days=30)
"""How long a plan is kept after it has expired."""
_AT_ONCE = 100
_ROLES = (
    *(col(Membership.user_id), col(Membership.organization_id), col(Membership.role)),
    *(col(GroupRole.group_id), col(GroupRole.role)),
)
NO_APPROVALS = ApprovalStatus((), (), 0)
_WITHOUT_REQUEST = defer(Plan.request, raiseload=True)  # type: ignore[arg-type]


async def find_plan(session: AsyncSession, viewer: Viewer, plan_id: int, permission: Permission) -> Plan:
    """Raises NotFound if the viewer sees no plan with this id, and Forbidden without the permission."""
    plan = await session.get(Plan, plan_id)
    if plan is None or not viewer.sees(plan.organization_id):
        raise NotFound(PlanCode.PLAN_NOT_FOUND, "There is no such plan.", ("id",))
    viewer.require(plan.organization_id, permission, group_id=plan.group_id)
    return plan


async def locked_plan(transaction: Transaction, plan_id: int) -> Plan:
    """The plan, which stays as it is until the transaction ends.

    Raises:
        NotFound: it was removed meanwhile.
    """
    plan = await transaction.session.get(Plan, plan_id, with_for_update={"key_share": True}, populate_existing=True)
    if plan is None:
        raise NotFound(PlanCode.PLAN_NOT_FOUND, "There is no such plan.", ("id",))
    return plan


async def foundation_stored(session: AsyncSession, plan: Plan) -> Foundation:
    """What a plan was made against."""
    statement = select(col(PlanTarget.cluster_name), col(PlanTarget.basis)).where(col(PlanTarget.plan_id) == plan.id)
    targets = {row[0]: Basis.of_json(row[1]) for row in await session.execute(statement)}
    return Foundation.of_json(plan.foundation, targets)


async def plans(session: AsyncSession, ids: Sequence[int]) -> dict[int, Plan]:
    """Plans by id, without their requests."""
    statement = select(Plan).where(col(Plan.id).in_(ids)).options(_WITHOUT_REQUEST)
    return {plan.id: plan for plan in (await session.execute(statement)).scalars()}


async def plans_page(
    services: Services,
    organization_id: int,
    window: Window,
    *,
    deployment_id: int | None = None,
    state: PlanState | None = None,
) -> Page[Plan]:
    """The plans of an organization or of one deployment, newest first."""
    statement = rows_of(Plan).where(col(Plan.organization_id) == organization_id).options(_WITHOUT_REQUEST)
    if deployment_id is not None:
        statement = statement.where(col(Plan.deployment_id) == deployment_id)
    if state is PlanState.EXPIRED:
        statement = statement.where(col(Plan.state) == PlanState.OPEN, col(Plan.expires_at) <= now())
    elif state is not None:
        statement = statement.where(col(Plan.state) == state)
        if state is PlanState.OPEN:
            statement = statement.where(col(Plan.expires_at) > now())
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Plan.id)], window, descending=True)


async def targets_page(
    services: Services, plan_id: int, window: Window, *, actions: Sequence[ReleaseAction] | None = None
) -> Page[PlanTarget]:
    """The targets of a plan, by the name of the cluster."""
    statement = rows_of(PlanTarget).where(col(PlanTarget.plan_id) == plan_id)
    if actions is not None:
        statement = statement.where(col(PlanTarget.action).in_(actions))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(PlanTarget.cluster_name)], window)


async def texts(session: AsyncSession, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The texts of plans, by the plan's id and the text's number."""
    key_columns = col(PlannedText.plan_id), col(PlannedText.number)
    key = tuple_(*key_columns)
    rows = await session.execute(select(*key_columns, col(PlannedText.content)).where(key.in_(keys)))
    return {(row[0], row[1]): unpacked(row[2]) for row in rows}


async def comments(session: AsyncSession, plan_ids: Sequence[int]) -> Iterable[PlanComment]:
    """The comments on plans and the decisions about them, oldest first."""
    statement = select(PlanComment).where(col(PlanComment.plan_id).in_(plan_ids)).order_by(col(PlanComment.id))
    return (await session.execute(statement)).scalars()


async def approval_statuses(session: AsyncSession, plan_ids: Sequence[int]) -> dict[int, ApprovalStatus]:
    """Where plans stand: the decisions that count now."""
    decisions: defaultdict[int, list[PlanDecision]] = defaultdict(list)
    for made in await comments(session, plan_ids):
        if made.verdict is not None and made.user_id is not None:
            decisions[made.plan_id].append(PlanDecision(made.user_id, made.verdict, made.digest))
    found = await plans(session, plan_ids)
    users = {decision.user_id for each in decisions.values() for decision in each}
    allowed = await _approvers(session, {(plan.organization_id, plan.group_id) for plan in found.values()}, users)
    return {
        plan.id: approval_status(
            *(plan.author_id, plan.required_approvals, plan.digest, decisions[plan.id]),
            allowed[plan.organization_id, plan.group_id],
        )
        for plan in found.values()
    }


async def _approvers(
    session: AsyncSession, places: set[tuple[int, int]], users: set[int]
) -> defaultdict[tuple[int, int], set[int]]:
    """Those of the users who may approve plans, by organization and group."""
    allowed: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    if not users:
        return allowed
    statement = (
        select(*_ROLES)
        .join(User, col(User.id) == Membership.user_id)
        .join(GroupRole, GROUP_ROLES, isouter=True)
        .where(col(Membership.user_id).in_(users), col(User.disabled_at).is_(None))
    )
    for user_id, organization_id, role, group_id, group_role in await session.execute(statement):
        for place in places:
            roles = [role, group_role] if group_role is not None and place[1] == group_id else [role]
            if place[0] == organization_id and Permission.PLANS_APPROVE in permissions_of(roles):
                allowed[place].add(user_id)
    return allowed


async def remove_expired_plans(services: Services) -> None:
    """Removes plans that ended or expired long ago, with everything that belongs to them."""
    async with services.transaction() as transaction:
        old = func.least(Plan.expires_at, Plan.ended_at) < now() - KEPT
        ids = select(col(Plan.id)).where(old).limit(_AT_ONCE)
        await transaction.session.execute(delete(Plan).where(col(Plan.id).in_(ids)))
