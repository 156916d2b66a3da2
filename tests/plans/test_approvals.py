"""Who has approved a plan, and when it may be applied: held to a plain reading of the decisions."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.plans.approvals import ApprovalStatus, Blocker, PlanDecision, approval_status, blocker, state_at
from app.plans.codes import PlanCode
from app.tables.states import PlanState, PlanVerdict

AUTHOR = 0
USERS = range(5)
decisions = st.lists(
    st.builds(PlanDecision, st.sampled_from(USERS), st.sampled_from(PlanVerdict), st.sampled_from("ab"))
)
allowed = st.sets(st.sampled_from(USERS))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@given(decisions, allowed, st.integers(0, 4))
def test_the_last_decision_of_each_other_allowed_user_on_this_digest_counts(
    made: list[PlanDecision], may: set[int], required: int
) -> None:
    found = approval_status(AUTHOR, required, "a", made, may)
    for user in USERS:
        theirs = [decision.verdict for decision in made if decision.user_id == user and decision.digest == "a"]
        counts = user != AUTHOR and user in may and bool(theirs)
        assert (user in found.approved) == (counts and theirs[-1] is PlanVerdict.APPROVED)
        assert (user in found.rejected) == (counts and theirs[-1] is PlanVerdict.REJECTED)
    assert found.missing == max(0, required - len(found.approved))
    assert found.is_approved == (len(found.approved) >= required and not found.rejected)


@given(decisions, allowed, st.integers(1, 4))
def test_nobody_is_counted_twice_and_no_author_approves_their_own_plan(
    made: list[PlanDecision], may: set[int], required: int
) -> None:
    found = approval_status(AUTHOR, required, "a", [*made, *made], may)
    assert len(set(found.approved)) == len(found.approved) <= len(may)
    assert AUTHOR not in found.approved


@given(decisions, allowed)
def test_a_plan_with_another_digest_has_no_approvals(made: list[PlanDecision], may: set[int]) -> None:
    assert approval_status(AUTHOR, 2, "another", made, may) == ApprovalStatus((), (), 2)


def test_a_plan_expires_at_its_time_unless_it_has_ended_before() -> None:
    second = timedelta(seconds=1)
    assert state_at(PlanState.OPEN, NOON, NOON - second) is PlanState.OPEN
    assert state_at(PlanState.OPEN, NOON, NOON) is PlanState.EXPIRED
    assert state_at(PlanState.APPLIED, NOON, NOON + second) is PlanState.APPLIED
    assert state_at(PlanState.DISCARDED, NOON, NOON + second) is PlanState.DISCARDED


def test_obstacles_to_applying_a_plan_are_named_once_the_permanent_ones_first() -> None:
    approved = ApprovalStatus((1,), (), 0)
    assert blocker(PlanState.OPEN, approved, 0) is None
    rejected, unapproved = ApprovalStatus((1,), (2,), 0), ApprovalStatus((), (), 2)
    assert blocker(PlanState.EXPIRED, rejected, 1) == Blocker(
        PlanCode.PLAN_EXPIRED, "The plan has expired: make a new one."
    )
    found = [
        blocker(state, stand, failing)
        for state, stand, failing in (
            (PlanState.DISCARDED, approved, 0),
            (PlanState.OPEN, approved, 2),
            (PlanState.OPEN, rejected, 0),
            (PlanState.OPEN, unapproved, 0),
        )
    ]
    assert [each.code for each in found if each] == [
        PlanCode.PLAN_DISCARDED,
        PlanCode.PLAN_FAILS,
        PlanCode.PLAN_REJECTED,
        PlanCode.PLAN_UNAPPROVED,
    ]
