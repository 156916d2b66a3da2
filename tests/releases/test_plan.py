"""Each combination of what is wanted, what is there, and whose it is."""

import itertools

import pytest

from app.releases.plan import Block, Claim, Plan, ReleaseAction, plan
from app.releases.release import Desired, Observed

WANTED = Desired("web", "1.0.0", {"a": 1})
NOTHING = Plan(ReleaseAction.NONE)
INSTALL, UPGRADE = Plan(ReleaseAction.INSTALL), Plan(ReleaseAction.UPGRADE)
UNINSTALL = Plan(ReleaseAction.UNINSTALL)
TAKEN = Plan(ReleaseAction.NONE, Block.TAKEN)
LOCKED = Plan(ReleaseAction.NONE, Block.LOCKED)
IN_FLIGHT = Plan(ReleaseAction.NONE, Block.IN_FLIGHT)
CLEAR = Plan(ReleaseAction.UNINSTALL, recovers=True)
ROLL_BACK = Plan(ReleaseAction.ROLLBACK, recovers=True)

UNFINISHED = ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"]
FINISHED = ["deployed", "failed", "superseded", "unknown", "uninstalled", "a-word-of-tomorrow"]
TOUCHED = [Claim.OURS, Claim.RUNNING, Claim.INTERRUPTED]


def release(status: str, *, revision: int = 3, same: bool = True) -> Observed:
    return Observed("shop", "default", revision, status, "web", "1.0.0" if same else "0.9.0", values={"a": 1})


@pytest.mark.parametrize("claim", Claim)
def test_what_is_not_there_is_installed_where_it_is_wanted(claim: Claim) -> None:
    assert plan(WANTED, None, claim) == INSTALL
    assert plan(None, None, claim) == NOTHING


@pytest.mark.parametrize(("status", "same"), [*itertools.product([*FINISHED, *UNFINISHED], [True, False])])
def test_a_release_that_we_never_touched_is_left_alone(status: str, same: bool) -> None:
    assert plan(WANTED, release(status, same=same), Claim.NEVER) == TAKEN
    assert plan(None, release(status, same=same), Claim.NEVER) == NOTHING


@pytest.mark.parametrize(("wanted", "status"), [*itertools.product([WANTED, None], UNFINISHED)])
def test_what_has_begun_and_not_ended_waits_unless_our_own_run_died(wanted: Desired | None, status: str) -> None:
    assert plan(wanted, release(status), Claim.RUNNING) == IN_FLIGHT
    assert plan(wanted, release(status), Claim.OURS) == LOCKED
    expected = CLEAR if status == "uninstalling" else ROLL_BACK
    assert plan(wanted, release(status), Claim.INTERRUPTED) == expected


@pytest.mark.parametrize(("wanted", "status"), [*itertools.product([WANTED, None], UNFINISHED)])
def test_the_remains_of_a_first_revision_are_removed_since_there_is_nothing_to_roll_back_to(
    wanted: Desired | None, status: str
) -> None:
    assert plan(wanted, release(status, revision=1), Claim.INTERRUPTED) == CLEAR


@pytest.mark.parametrize(("claim", "status", "same"), [*itertools.product(TOUCHED, FINISHED, [True, False])])
def test_a_release_of_ours_that_is_not_wanted_is_uninstalled(claim: Claim, status: str, same: bool) -> None:
    assert plan(None, release(status, same=same), claim) == UNINSTALL


@pytest.mark.parametrize(("claim", "status", "same"), [*itertools.product(TOUCHED, FINISHED, [True, False])])
def test_a_release_of_ours_is_made_to_match(claim: Claim, status: str, same: bool) -> None:
    if status == "uninstalled":
        expected = INSTALL
    elif status == "deployed" and same:
        expected = NOTHING
    else:
        expected = UPGRADE
    assert plan(WANTED, release(status, same=same), claim) == expected


def test_only_a_plan_without_action_and_without_block_is_done() -> None:
    assert NOTHING.is_done
    assert [made.is_done for made in (INSTALL, UPGRADE, UNINSTALL, TAKEN, LOCKED, IN_FLIGHT, CLEAR)] == [False] * 7
