"""Whose a release is, by the intent of our last run: it ends with the revision that it was for."""

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.ownership import Claim, Intent, Owner, intent_for
from app.releases.release import Desired, Observed

OURS = Desired("web", "1.0.0", {"a": 1})
WRITTEN = {"INSTALL": "pending-install", "UPGRADE": "pending-upgrade"}
STATUSES = ["deployed", "failed", "superseded", "uninstalled", "uninstalling", "unknown", *WRITTEN.values()]
STATUSES.append("pending-rollback")

observations = st.one_of(
    st.none(),
    st.builds(
        lambda revision, status, a, unreadable: Observed(
            "shop", "default", revision, status, "web", "1.0.0", values={"a": a}, unreadable=unreadable
        ),
        st.integers(1, 6),
        st.sampled_from(STATUSES),
        st.sampled_from([1, 2]),
        st.sampled_from([None, "It is cut off."]),
    ),
)


def release(status: str, revision: int, *, a: int = 1) -> Observed:
    return Observed("shop", "default", revision, status, "web", "1.0.0", values={"a": a})


def begun(action: str, before: Observed | None, claim: Claim | None = None, *, atomic: bool = False) -> Claim:
    """The claim with the intent of a run that has begun on what was seen, and has ended, nobody knows how."""
    claim = claim or Claim(ours=before is not None)
    digest = None if action == "UNINSTALL" else OURS.digest
    about: dict[str, Any] = {"generation": 1, "since": "then", "paths": (), "is_atomic": atomic, "counts": True}
    return Claim(True, intent_for(action, before, claim, digest=digest, **about))


@pytest.mark.parametrize(
    ("action", "before", "left"),
    [
        ("INSTALL", None, release("pending-install", 1)),
        ("INSTALL", release("uninstalled", 4), release("pending-install", 5)),
        ("UPGRADE", release("deployed", 4), release("pending-upgrade", 5)),
        ("UNINSTALL", release("deployed", 4), release("uninstalling", 4)),
    ],
)
def test_an_unfinished_revision_of_our_run_is_ours_until_it_ends(
    action: str, before: Observed | None, left: Observed
) -> None:
    claim = begun(action, before)
    assert claim.after(left) == claim
    assert claim.owner(left) is Owner.OURS
    ended = replace(left, status="failed")
    assert claim.after(ended) == Claim(True)


def test_an_atomic_run_leaves_its_own_rollback_or_uninstall_too() -> None:
    upgrade = begun("UPGRADE", release("deployed", 4), atomic=True)
    assert upgrade.after(release("pending-rollback", 6, a=7)) == upgrade
    install = begun("INSTALL", None, atomic=True)
    assert install.after(release("uninstalling", 1)) == install
    for plain, left in (
        (begun("UPGRADE", release("deployed", 4)), release("pending-rollback", 6)),
        (begun("INSTALL", None), release("uninstalling", 1)),
    ):
        assert plain.after(left).intent is None


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("INSTALL", None, release("pending-install", 1)),
        ("INSTALL", release("uninstalled", 4), release("deployed", 5)),
        ("UPGRADE", release("deployed", 4), release("failed", 5)),
        ("UNINSTALL", release("deployed", 4), release("uninstalling", 4)),
        ("UNINSTALL", release("deployed", 4), None),
    ],
)
def test_whether_a_run_has_begun_is_seen_by_what_it_has_changed(
    action: str, before: Observed | None, after: Observed | None
) -> None:
    intent = begun(action, before).intent
    assert intent is not None
    assert not intent.has_begun(before)
    assert intent.has_begun(after)


def test_somebody_elses_upgrade_that_came_after_ours_is_theirs_however_long_our_intent_was_kept() -> None:
    """The worker died, its Helm ended well, and nobody looked before somebody's `helm upgrade --wait`."""
    claim = begun("UPGRADE", release("deployed", 4)).after(release("pending-upgrade", 6))
    assert claim == Claim(True)
    assert claim.owner(release("pending-upgrade", 6)) is Owner.LOCKED


def test_the_very_revision_that_we_were_to_make_is_theirs_where_it_holds_something_else() -> None:
    for action, before, status in (
        ("UPGRADE", release("deployed", 4), "pending-upgrade"),
        ("INSTALL", release("failed", 4), "pending-install"),
    ):
        theirs = release(status, 5, a=2)
        claim = begun(action, before).after(theirs)
        assert claim == Claim(True)
        assert claim.owner(theirs) is Owner.LOCKED


def test_a_first_install_that_lost_the_race_gives_the_name_back() -> None:
    theirs = release("deployed", 1, a=2)
    claim = begun("INSTALL", None).after(theirs)
    assert claim == Claim(False)
    assert claim.owner(theirs) is Owner.OTHER


def test_a_first_install_that_left_nothing_gives_the_name_back_and_a_later_one_does_not() -> None:
    assert begun("INSTALL", None, Claim(False)).after(None) == Claim(False)
    assert begun("INSTALL", None, Claim(True)).after(None) == Claim(True)


def test_a_first_install_that_succeeded_keeps_the_name() -> None:
    assert begun("INSTALL", None, Claim(False)).after(release("deployed", 1)) == Claim(True)


def test_remains_of_an_earlier_run_stay_ours_if_the_next_run_did_not_reach_them() -> None:
    left = release("pending-upgrade", 5)
    claim = begun("UPGRADE", release("deployed", 4)).after(left)
    removing = begun("UNINSTALL", left, claim)
    assert removing.after(left) == removing
    assert removing.owner(left) is Owner.OURS
    assert removing.after(release("uninstalling", 5)) == removing


def test_values_of_secrets_are_compared_by_the_marks_of_their_time() -> None:
    """Paths that are covered later change how the release is kept, and not what our run wrote."""

    def mark(value: Any) -> str:
        return f"mark of {value}"

    covered = Desired("web", "1.0.0", {"password": mark("old"), "a": 1})
    intent = intent_for(
        "UPGRADE",
        release("deployed", 4),
        Claim(True),
        generation=1,
        since="then",
        digest=covered.digest,
        paths=["password"],
        is_atomic=False,
        counts=True,
    )
    seen = replace(release("pending-upgrade", 5), values={"password": "old", "a": 1})
    assert Claim(True, intent).after(seen, mark).intent == intent
    assert Claim(True, intent).after(replace(seen, values={"password": "other", "a": 1}), mark).intent is None


@given(
    st.sampled_from(["INSTALL", "UPGRADE", "UNINSTALL"]),
    observations,
    st.booleans(),
    st.booleans(),
    st.lists(observations, min_size=1, max_size=4),
)
def test_an_intent_never_outlives_the_revisions_that_it_is_for(
    action: str, before: Observed | None, ours: bool, atomic: bool, looks: list[Observed | None]
) -> None:
    claim = begun(action, before, Claim(ours), atomic=atomic)
    first = claim.intent
    assert first is not None
    for found in looks:
        claim = claim.after(found)
        if claim.intent is None:
            assert claim.after(found) == claim
            if found is not None and found.is_unfinished:
                assert claim.owner(found) in (Owner.LOCKED, Owner.OTHER)
            return
        assert claim.intent == first
        assert found is not None
        assert found.is_unfinished
        assert found.revision - first.revision in (0, 1) or (found.revision, found.status) == first.inherited


@given(st.sampled_from(["INSTALL", "UPGRADE", "UNINSTALL"]), observations, st.booleans())
def test_an_intent_is_read_as_it_was_written(action: str, before: Observed | None, atomic: bool) -> None:
    intent = begun(action, before, Claim(True), atomic=atomic).intent
    assert intent is not None
    assert Intent.of(asdict(intent)) == intent


def test_an_intent_of_an_older_version_claims_no_unfinished_revision() -> None:
    older = Intent.of({"action": "UPGRADE", "generation": 3, "since": "then"})
    for status in ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling"):
        assert Claim(True, older).after(release(status, 2)) == Claim(True)
