"""Each combination of what is wanted, what is there, and whose it is."""

import itertools

import pytest

from app.releases.ownership import Owner
from app.releases.release import Desired, Observed
from app.releases.step import Block, Recovery, ReleaseAction, ReleaseStep, next_step

WANTED = Desired("web", "1.0.0", {"a": 1})
NOTHING = ReleaseStep(ReleaseAction.NONE)
INSTALL, UPGRADE = ReleaseStep(ReleaseAction.INSTALL), ReleaseStep(ReleaseAction.UPGRADE)
UNINSTALL = ReleaseStep(ReleaseAction.UNINSTALL)
TAKEN, LOCKED, UNREADABLE = (ReleaseStep(ReleaseAction.NONE, block) for block in Block)
MARK = ReleaseStep(ReleaseAction.UPGRADE, recovery=Recovery.MARK_FAILED)
MARK_INSTALL = ReleaseStep(ReleaseAction.INSTALL, recovery=Recovery.MARK_FAILED)
REMOVE = ReleaseStep(ReleaseAction.INSTALL, recovery=Recovery.REMOVE, hooks=False)
REMOVE_WITH_HOOKS = ReleaseStep(ReleaseAction.INSTALL, recovery=Recovery.REMOVE)

PENDING = ["pending-install", "pending-upgrade", "pending-rollback"]
UNFINISHED = [*PENDING, "uninstalling"]
ODD = ["unknown", "a-word-of-tomorrow"]
FINISHED = ["deployed", "failed", "superseded", "uninstalled", *ODD]
KNOWN = [Owner.OURS, Owner.LOCKED]
BOTH = [True, False]


def release(status: str, *, revision: int = 3, same: bool = True, deployed: bool = True) -> Observed:
    version = "1.0.0" if same else "0.9.0"
    return Observed("shop", "default", revision, status, "web", version, values={"a": 1}, was_deployed=deployed)


@pytest.mark.parametrize("owner", Owner)
def test_a_missing_release_is_installed_if_it_is_desired(owner: Owner) -> None:
    assert next_step(WANTED, None, owner) == INSTALL
    assert next_step(None, None, owner) == NOTHING


@pytest.mark.parametrize(("status", "same", "force"), [*itertools.product([*FINISHED, *UNFINISHED], BOTH, BOTH)])
def test_a_release_that_we_never_installed_is_left_alone_by_force_too(status: str, same: bool, force: bool) -> None:
    assert next_step(WANTED, release(status, same=same), Owner.OTHER, force=force) == TAKEN
    assert next_step(None, release(status, same=same), Owner.OTHER, force=force) == NOTHING


@pytest.mark.parametrize("status", UNFINISHED)
def test_somebody_elses_helm_is_left_alone_where_the_release_is_wanted(status: str) -> None:
    assert next_step(WANTED, release(status), Owner.LOCKED) == LOCKED


def test_a_release_that_is_to_go_waits_for_somebody_elses_helm_unless_that_removes_it_too_or_force_is_given() -> None:
    for status in PENDING:
        assert next_step(None, release(status), Owner.LOCKED) == LOCKED
        assert next_step(None, release(status), Owner.LOCKED, force=True) == UNINSTALL
    assert next_step(None, release("uninstalling"), Owner.LOCKED) == UNINSTALL


@pytest.mark.parametrize(("status", "deployed"), [*itertools.product([*PENDING, *ODD], BOTH)])
def test_a_record_of_an_interrupted_run_is_marked_as_failed_first(status: str, deployed: bool) -> None:
    expected = MARK if deployed else MARK_INSTALL
    for revision in (1, 3):
        assert next_step(WANTED, release(status, revision=revision, deployed=deployed), Owner.OURS) == expected


def test_an_uninstall_that_was_interrupted_is_repeated_before_the_release_is_installed() -> None:
    assert next_step(WANTED, release("uninstalling"), Owner.OURS) == REMOVE_WITH_HOOKS
    assert next_step(WANTED, release("uninstalling", deployed=False), Owner.OURS) == REMOVE


@pytest.mark.parametrize("status", [*FINISHED, *UNFINISHED])
def test_a_release_of_ours_that_is_not_wanted_is_uninstalled_with_its_hooks(status: str) -> None:
    for same, deployed, force in itertools.product(BOTH, BOTH, BOTH):
        found = release(status, same=same, deployed=deployed)
        assert next_step(None, found, Owner.OURS, force=force) == UNINSTALL


def test_a_release_of_ours_is_made_to_match() -> None:
    for status, same in itertools.product(["deployed", "failed", "superseded"], BOTH):
        expected = NOTHING if status == "deployed" and same else UPGRADE
        assert next_step(WANTED, release(status, same=same), Owner.OURS) == expected
    for same in BOTH:
        assert next_step(WANTED, release("uninstalled", same=same), Owner.OURS) == INSTALL


def test_an_install_that_never_succeeded_is_an_install_again() -> None:
    assert next_step(WANTED, release("failed", revision=1, deployed=False), Owner.OURS) == INSTALL


def test_an_install_that_never_succeeds_keeps_no_more_revisions_than_an_upgrade() -> None:
    steps = [
        next_step(WANTED, release("failed", revision=number, deployed=False), Owner.OURS) for number in (9, 10, 11)
    ]
    assert steps == [INSTALL, REMOVE, REMOVE]


def test_the_remains_of_another_install_are_removed_first_without_hooks() -> None:
    assert next_step(WANTED, release("failed", revision=1, deployed=False, same=False), Owner.OURS) == REMOVE


@pytest.mark.parametrize(("owner", "wanted", "force"), [*itertools.product(KNOWN, [WANTED, None], BOTH)])
def test_a_record_that_can_not_be_read_blocks_everything(owner: Owner, wanted: Desired | None, force: bool) -> None:
    for status in [*FINISHED, *UNFINISHED]:
        found = Observed("shop", "default", 3, status, "?", "?", unreadable="It is cut off.")
        assert next_step(wanted, found, owner, force=force) == UNREADABLE


def test_a_step_runs_what_its_recovery_needs_and_else_its_action() -> None:
    assert [step.runs for step in (INSTALL, UPGRADE, UNINSTALL, REMOVE, MARK, NOTHING)] == [
        ReleaseAction.INSTALL,
        ReleaseAction.UPGRADE,
        ReleaseAction.UNINSTALL,
        ReleaseAction.UNINSTALL,
        ReleaseAction.NONE,
        ReleaseAction.NONE,
    ]


def test_only_a_step_without_action_and_without_block_is_done() -> None:
    assert NOTHING.is_done
    others = (INSTALL, UPGRADE, UNINSTALL, TAKEN, LOCKED, UNREADABLE, MARK, REMOVE)
    assert [step.is_done for step in others] == [False] * 8
