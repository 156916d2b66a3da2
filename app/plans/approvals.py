"""Whether a plan may be applied: its state, its approvals, and its expiry. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from app.plans.codes import PlanCode
from app.tables.states import PlanState, PlanVerdict


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """The verdict of a user on the plan with this digest."""

    user_id: int
    verdict: PlanVerdict
    digest: str


@dataclass(frozen=True)
class ApprovalStatus:
    """The users whose approvals and rejections count, and how many approvals are missing."""

    approved: tuple[int, ...]
    rejected: tuple[int, ...]
    missing: int

    @property
    def is_approved(self) -> bool:
        return not self.missing and not self.rejected


@dataclass(frozen=True)
class Blocker:
    """Why a plan cannot be applied."""

    code: PlanCode
    message: str


def approval_status(
    author_id: int | None, required: int, digest: str, decisions: Iterable[PlanDecision], allowed: Collection[int]
) -> ApprovalStatus:
    """Where a plan stands after these decisions, the oldest first.

    The last decision of each user counts. Decisions of the author, on another digest, and of users who are no longer
    `allowed` to approve do not count."""
    last: dict[int, PlanVerdict] = {}
    for decision in decisions:
        if decision.user_id != author_id and decision.user_id in allowed and decision.digest == digest:
            last[decision.user_id] = decision.verdict
    approved = tuple(sorted(user for user, verdict in last.items() if verdict is PlanVerdict.APPROVED))
    rejected = tuple(sorted(user for user, verdict in last.items() if verdict is PlanVerdict.REJECTED))
    return ApprovalStatus(approved, rejected, max(0, required - len(approved)))


def state_at(stored: PlanState, expires_at: datetime, moment: datetime) -> PlanState:
    """The state of a plan at a moment."""
    return PlanState.EXPIRED if stored is PlanState.OPEN and expires_at <= moment else stored


def blocker(state: PlanState, found: ApprovalStatus, failing: int) -> Blocker | None:
    """The first reason why a plan in this state cannot be applied; None if it can. `failing` is the number of targets
    whose part of the plan has an error other than an unreachable cluster."""
    if state is PlanState.EXPIRED:
        return Blocker(PlanCode.PLAN_EXPIRED, "The plan has expired: make a new one.")
    if state is PlanState.DISCARDED:
        return Blocker(PlanCode.PLAN_DISCARDED, "The plan was discarded: make a new one.")
    if failing:
        targets = "1 target" if failing == 1 else f"{failing} targets"
        return Blocker(PlanCode.PLAN_FAILS, f"The plan has errors on {targets}: fix their causes and make a new plan.")
    if found.rejected:
        return Blocker(PlanCode.PLAN_REJECTED, "The plan was rejected.")
    if found.missing:
        more = "1 more approval" if found.missing == 1 else f"{found.missing} more approvals"
        return Blocker(PlanCode.PLAN_UNAPPROVED, f"The plan needs {more} by others than its author.")
    return None
