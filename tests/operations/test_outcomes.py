"""What a result is called, for people: never a state beside an action that contradict each other."""

from datetime import UTC, datetime
from itertools import product

import pytest

from app.operations.outcomes import ResultOutcome, outcome_of
from app.releases.hook import Hook
from app.releases.step import ReleaseAction
from app.tables.operations import OperationKind
from app.tables.states import OperationState
from app.targets.activity import Activity, Occupant, Phase

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PENDING, RUNNING, SUCCEEDED, FAILED, SUPERSEDED, CANCELLED = OperationState
NONE, UPGRADE = ReleaseAction.NONE, ReleaseAction.UPGRADE


def doing(phase: Phase) -> Activity:
    return Activity(phase, 1, NOON, NOON)


@pytest.mark.parametrize(
    ("state", "action", "code", "activity", "words"),
    [
        (PENDING, NONE, None, None, "queued"),
        (PENDING, NONE, None, doing(Phase.WAITING_FOR_SLOT), "waiting for slot"),
        (PENDING, NONE, None, doing(Phase.WAITING_FOR_RUN), "waiting for run"),
        (PENDING, NONE, None, doing(Phase.WAITING_FOR_DEPENDENCY), "waiting for dependency"),
        (RUNNING, NONE, None, Activity(Phase.APPLYING, 1, NOON), "waiting for cluster"),
        (RUNNING, UPGRADE, "cluster_unreachable", Activity(Phase.APPLYING, 1, NOON), "waiting for cluster"),
        (RUNNING, UPGRADE, None, doing(Phase.APPLYING), "upgrading"),
        (RUNNING, NONE, "cluster_unreachable", doing(Phase.RETRYING), "waiting for cluster"),
        (RUNNING, UPGRADE, "cluster_unreachable", doing(Phase.RETRYING), "waiting for cluster"),
        (RUNNING, UPGRADE, "cluster_refused", doing(Phase.RETRYING), "retrying"),
        (RUNNING, UPGRADE, "helm_hung", doing(Phase.RETRYING), "retrying"),
        (RUNNING, UPGRADE, "helm_hung", doing(Phase.HOOK), "upgrading"),
        (RUNNING, UPGRADE, None, doing(Phase.CANCELLING), "cancelling"),
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
    for state, action, phase in product(OperationState, ReleaseAction, [None, *Phase]):
        for code in (None, "cluster_unreachable", "helm_failed"):
            outcome = outcome_of(state, action, code, doing(phase) if phase else None)
            assert "none" not in outcome.words(action)
    assert {outcome.value for outcome in ResultOutcome} >= {"UNCHANGED", "UPGRADED", "WAITING_FOR_CLUSTER"}


def test_every_kind_of_operation_can_be_the_subject_of_a_sentence() -> None:
    assert len({kind.noun for kind in OperationKind}) == len(OperationKind)


def test_an_activity_says_what_runs_since_when_and_with_what_limit() -> None:
    hook = Hook("Job", "shop-migrate", "default", ("pre-install", "pre-upgrade"))
    assert Activity(Phase.HOOK, 1, NOON, NOON.replace(minute=5), hook).message == (
        "Running the pre-install and pre-upgrade hook Job shop-migrate since 12:00:00 UTC (limit 12:05:00 UTC)."
    )
    holders = tuple(Occupant(number, name, "default", None) for number, name in enumerate(["web", "db", "web"]))
    assert Activity(Phase.WAITING_FOR_SLOT, 1, NOON, waits_for=holders).message == (
        "Waiting for a slot on the cluster, held by db, web."
    )
    assert doing(Phase.RETRYING).message == "Trying again at 12:00:00 UTC."
    assert Activity(Phase.QUEUED, 1, NOON).message == "Waiting for a worker."
