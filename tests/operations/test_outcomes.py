"""What a result is called, for people: never a state beside an action that contradict each other."""

from datetime import UTC, datetime
from itertools import product

import pytest

from app.operations.outcomes import ResultOutcome, outcome_of
from app.releases.hook import Hook
from app.releases.step import ReleaseAction
from app.tables.operations import OperationKind
from app.tables.states import OperationState
from app.targets.activity import Activity, ActivityPhase, Occupant

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PENDING, RUNNING, SUCCEEDED, FAILED, SUPERSEDED, CANCELLED = OperationState
NONE, UPGRADE = ReleaseAction.NONE, ReleaseAction.UPGRADE


def doing(phase: ActivityPhase) -> Activity:
    return Activity(phase, 1, NOON, NOON)


@pytest.mark.parametrize(
    ("state", "action", "code", "activity", "words"),
    [
        (PENDING, NONE, None, None, "queued"),
        (PENDING, NONE, None, doing(ActivityPhase.WAITING_FOR_SLOT), "waiting for slot"),
        (PENDING, NONE, None, doing(ActivityPhase.WAITING_FOR_RUN), "waiting for run"),
        (PENDING, NONE, None, doing(ActivityPhase.WAITING_FOR_DEPENDENCY), "waiting for dependency"),
        (RUNNING, NONE, None, Activity(ActivityPhase.APPLYING, 1, NOON), "waiting for cluster"),
        (RUNNING, UPGRADE, "cluster_unreachable", Activity(ActivityPhase.APPLYING, 1, NOON), "waiting for cluster"),
        (RUNNING, UPGRADE, None, doing(ActivityPhase.APPLYING), "upgrading"),
        (RUNNING, NONE, "cluster_unreachable", doing(ActivityPhase.RETRYING), "waiting for cluster"),
        (RUNNING, UPGRADE, "cluster_unreachable", doing(ActivityPhase.RETRYING), "waiting for cluster"),
        (RUNNING, UPGRADE, "cluster_refused", doing(ActivityPhase.RETRYING), "retrying"),
        (RUNNING, UPGRADE, "helm_hung", doing(ActivityPhase.RETRYING), "retrying"),
        (RUNNING, UPGRADE, "helm_hung", doing(ActivityPhase.HOOK), "upgrading"),
        (RUNNING, UPGRADE, None, doing(ActivityPhase.CANCELLING), "cancelling"),
        (SUCCEEDED, NONE, None, None, "unchanged"),
        (SUCCEEDED, UPGRADE, None, None, "upgraded"),
        (FAILED, UPGRADE, "helm_failed", None, "upgrade failed"),
        (SUPERSEDED, UPGRADE, "superseded", None, "replaced by a newer operation"),
        (CANCELLED, NONE, "cancelled", None, "cancelled"),
        (CANCELLED, NONE, "release_abandoned", None, "abandoned"),
    ],
)
def test_a_result_is_described_by_its_outcome(
    state: OperationState, action: ReleaseAction, code: str | None, activity: Activity | None, words: str
) -> None:
    assert outcome_of(state, action, code, activity).words(action) == words


def test_every_state_action_and_phase_has_an_outcome_and_no_words_say_none() -> None:
    for state, action, phase in product(OperationState, ReleaseAction, [None, *ActivityPhase]):
        for code in (None, "cluster_unreachable", "helm_failed"):
            outcome = outcome_of(state, action, code, doing(phase) if phase else None)
            assert "none" not in outcome.words(action)
    assert {outcome.value for outcome in ResultOutcome} >= {"UNCHANGED", "UPGRADED", "WAITING_FOR_CLUSTER"}


def test_every_kind_of_operation_can_be_the_subject_of_a_sentence() -> None:
    assert len({kind.noun for kind in OperationKind}) == len(OperationKind)


def test_an_activity_says_what_runs_since_when_and_with_what_limit() -> None:
    hook = Hook("Job", "shop-migrate", "default", ("pre-install", "pre-upgrade"))
    assert Activity(ActivityPhase.HOOK, 1, NOON, NOON.replace(minute=5), hook).message == (
        "Running the pre-install and pre-upgrade hook Job shop-migrate since 12:00:00 UTC (limit 12:05:00 UTC)."
    )
    holders = tuple(Occupant(number, name, "default", None) for number, name in enumerate(["web", "db", "web"]))
    assert Activity(ActivityPhase.WAITING_FOR_SLOT, 1, NOON, waits_for=holders).message == (
        "Waiting for a slot on the cluster, held by db, web."
    )
    assert doing(ActivityPhase.RETRYING).message == "Trying again at 12:00:00 UTC."
    assert Activity(ActivityPhase.QUEUED, 1, NOON).message == "Waiting for a worker."
