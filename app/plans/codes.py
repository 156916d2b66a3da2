"""The kinds of events and the codes of errors about stored plans."""

from app.registers.register import ErrorCode, EventKind


class PlanEvent(EventKind):
    """Events of plans"""

    CREATED = "plan.created", "A plan was stored."
    COMMENTED = "plan.commented", "A comment on a plan was added."
    APPROVED = "plan.approved", "A plan was approved."
    REJECTED = "plan.rejected", "A plan was rejected."
    APPLIED = "plan.applied", "A plan was applied."
    DISCARDED = "plan.discarded", "A plan was discarded."


class PlanCode(ErrorCode):
    """Errors about stored plans"""

    PLAN_NOT_FOUND = "plan_not_found", "The plan does not exist, or the caller cannot see it."
    PLAN_REQUEST = "plan_request", "A plan is made of exactly one of create, update, delete, reconcile and rollback."
    PLAN_LIFETIME = "plan_lifetime", "The time at which the plan is to expire is in the past or too far away."
    PLAN_APPROVALS = "plan_approvals", "The number of required approvals is out of range."
    PLAN_OUTDATED = "plan_outdated", "Something has changed since the plan was made; `changes` lists it."
    PLAN_EXPIRED = "plan_expired", "The plan has expired."
    PLAN_DISCARDED = "plan_discarded", "The plan was discarded."
    PLAN_APPLIED = "plan_applied", "The plan was already applied."
    PLAN_FAILS = "plan_fails", "The plan has errors on some targets, so it would fail."
    PLAN_REJECTED = "plan_rejected", "The plan was rejected."
    PLAN_UNAPPROVED = "plan_unapproved", "The plan does not have all required approvals."
    PLAN_OWN = "plan_own", "The author of a plan cannot approve it."
    PLAN_DIGEST = "plan_digest", "The digest is not that of the plan."
    PLANS_FULL = "plans_full", "The organization has too many open plans."
