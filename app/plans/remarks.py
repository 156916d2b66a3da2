"""Comments on plans, and decisions about them."""

from sqlmodel import col, func, select

from app.core.errors import Conflict, Forbidden, Problem, all_invalid, invalid
from app.core.names import text_problem
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.plans.approvals import blocker, state_at
from app.plans.codes import PlanCode, PlanEvent
from app.plans.metrics import PLANS
from app.plans.queries import NO_APPROVALS, find_plan, locked_plan
from app.registers.common import CommonCode
from app.tables.columns import now
from app.tables.plans import Plan, PlanComment
from app.tables.states import PlanState, PlanVerdict

MOST_COMMENTS = 500
"""How many comments and decisions a plan can have."""
_LONGEST = 4000


def remark_problem(text: str, *path: str) -> Problem | None:
    """Returns the problem with a comment, or None. It may have several lines."""
    problem = text_problem(text.replace("\n", " ").replace("\t", " "), *path, what="A comment", longest=_LONGEST)
    if problem is None and text.strip():
        return None
    return Problem(path, f"A comment has 1 to {_LONGEST} characters and no control characters but line breaks.")


async def comment_on_plan(services: Services, viewer: Viewer, plan_id: int, text: str) -> Plan:
    """Adds a comment, whatever the state of the plan."""
    if problem := remark_problem(text, "text"):
        raise all_invalid([problem])
    async with services.transaction() as transaction:
        plan = await find_plan(transaction.session, viewer, plan_id, Permission.DEPLOYMENTS_WRITE)
        plan = await locked_plan(transaction, plan.id)
        await _add(transaction, viewer, plan, text, None)
        _record(transaction, viewer, plan, PlanEvent.COMMENTED, f"{viewer.name} commented on the plan for")
        return plan


async def decide_on_plan(
    services: Services, viewer: Viewer, plan_id: int, verdict: PlanVerdict, digest: str, text: str | None
) -> Plan:
    """Approves or rejects the plan with this digest. The last decision of a user counts.

    Raises:
        UserError: if the caller is the author, or the plan can no longer be applied.
    """
    if text and (problem := remark_problem(text, "text")):
        raise all_invalid([problem])
    async with services.transaction() as transaction:
        plan = await find_plan(transaction.session, viewer, plan_id, Permission.PLANS_APPROVE)
        plan = await locked_plan(transaction, plan.id)
        check_digest(plan, digest)
        if plan.author_id == viewer.user_id:
            raise Forbidden(PlanCode.PLAN_OWN, "The author of a plan cannot approve or reject it: ask another user.")
        check_open(plan)
        await _add(transaction, viewer, plan, text or None, verdict)
        kind = PlanEvent.APPROVED if verdict is PlanVerdict.APPROVED else PlanEvent.REJECTED
        _record(transaction, viewer, plan, kind, f"{viewer.name} {verdict.lower()} the plan for")
        return plan


async def discard_plan(services: Services, viewer: Viewer, plan_id: int) -> Plan:
    """Discards an open plan, so that it cannot be applied. A plan that was discarded stays as it is."""
    async with services.transaction() as transaction:
        plan = await find_plan(transaction.session, viewer, plan_id, Permission.DEPLOYMENTS_WRITE)
        plan = await locked_plan(transaction, plan.id)
        if plan.state is PlanState.DISCARDED:
            return plan
        if plan.state is PlanState.APPLIED:
            raise already_applied(plan)
        plan.state, plan.ended_at, plan.ended_by = PlanState.DISCARDED, now(), viewer.name
        _record(transaction, viewer, plan, PlanEvent.DISCARDED, f"{viewer.name} discarded the plan for")
    PLANS.labels("discarded").inc()
    return plan


def check_digest(plan: Plan, digest: str | None) -> None:
    """Raises Conflict if a digest is given that is not the plan's."""
    if digest is not None and digest != plan.digest:
        raise Conflict(
            PlanCode.PLAN_DIGEST, f"The digest of the plan is {plan.digest}. Read the plan again.", ("digest",)
        )


def check_open(plan: Plan) -> None:
    """Raises Conflict unless the plan is open."""
    state = state_at(plan.state, plan.expires_at, now())
    if state is PlanState.APPLIED:
        raise already_applied(plan)
    if found := blocker(state, NO_APPROVALS, 0):
        raise Conflict(found.code, found.message)


def already_applied(plan: Plan) -> Conflict:
    return Conflict(PlanCode.PLAN_APPLIED, f"The plan was already applied by {plan.ended_by}.")


async def _add(
    transaction: Transaction, viewer: Viewer, plan: Plan, text: str | None, verdict: PlanVerdict | None
) -> None:
    session = transaction.session
    count = (await session.exec(select(func.count()).where(col(PlanComment.plan_id) == plan.id))).one()
    if count >= MOST_COMMENTS:
        raise invalid(CommonCode.TOO_MANY, f"A plan has at most {MOST_COMMENTS} comments and decisions.", "id")
    session.add(
        PlanComment(
            plan_id=plan.id,
            user_id=viewer.user_id,
            author=viewer.name,
            text=text,
            verdict=verdict,
            digest=plan.digest,
        )
    )


def _record(transaction: Transaction, viewer: Viewer, plan: Plan, kind: PlanEvent, message: str) -> None:
    transaction.record(
        kind,
        f"{message} {plan.release_name}.",
        organization_id=plan.organization_id,
        actor=viewer.name,
        subject=plan,
        digest=plan.digest,
    )
