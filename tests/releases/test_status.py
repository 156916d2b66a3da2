"""The rules of a status, one by one and in their order; each with its exact reasons."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.canonical import canonical
from app.releases.release import Desired, Observed
from app.releases.status import MAX_REASONS, Reason, ReasonCode, TargetStatus, TargetVerdict, helm_status, judge
from tests.releases.strategies import layers

WORDS = [
    *("unknown", "deployed", "uninstalled", "superseded", "failed", "uninstalling"),
    *("pending-install", "pending-upgrade", "pending-rollback"),
]
GONE = Reason(ReasonCode.ABSENT, "There is no release with this name.")
ORPHAN = Reason(ReasonCode.ORPHAN, "The deployment no longer targets this cluster, but its release still exists.")


def desired(values: Any = None, *, chart: str = "web", version: str = "1.0.0") -> Desired:
    return Desired(chart, version, {} if values is None else values)


def observed(
    values: Any = None,
    *,
    status: str = "deployed",
    chart: str = "web",
    version: str = "1.0.0",
    description: str | None = None,
) -> Observed:
    return Observed(
        "shop", "default", 3, status, chart, version, values={} if values is None else values, description=description
    )


@pytest.mark.parametrize("wanted", [None, desired(), desired({"a": 1})])
@pytest.mark.parametrize("found", [None, observed(), observed(status="failed"), observed({"a": 2}, chart="db")])
def test_a_member_that_cannot_be_asked_is_unknown_whatever_was_known(
    wanted: Desired | None, found: Observed | None
) -> None:
    assert judge(wanted, found, "The API server did not answer.") == TargetVerdict(
        TargetStatus.UNKNOWN, (Reason(ReasonCode.UNREACHABLE, "The API server did not answer."),)
    )


@pytest.mark.parametrize("wanted", [None, desired(), desired({"a": 1})])
def test_a_target_without_a_release_is_not_installed(wanted: Desired | None) -> None:
    assert judge(wanted, None) == TargetVerdict(TargetStatus.NOT_INSTALLED, (GONE,))


@pytest.mark.parametrize("word", WORDS)
def test_a_release_on_a_cluster_that_is_no_target_is_a_stale_orphan(word: str) -> None:
    assert judge(None, observed({"a": 1}, status=word)) == TargetVerdict(TargetStatus.STALE, (ORPHAN,))


@pytest.mark.parametrize("word", WORDS)
def test_other_values_are_stale_before_any_word_of_helm(word: str) -> None:
    verdict = judge(desired({"a": {"b": 1}, "c": 2}), observed({"a": {"b": 2, "d": 3}}, status=word))
    assert verdict == TargetVerdict(
        TargetStatus.STALE,
        (
            Reason(ReasonCode.VALUES, "a.b: wanted 1, found 2", "a.b", 1, 2),
            Reason(ReasonCode.VALUES, "a.d: wanted nothing, found 3", "a.d", None, 3),
            Reason(ReasonCode.VALUES, "c: wanted 2, found nothing", "c", 2, None),
        ),
    )


def test_another_chart_and_another_version_are_stale_with_a_reason_each() -> None:
    verdict = judge(desired({"a": 1}), observed({}, chart="db", version="2.0.0", status="failed"))
    assert verdict == TargetVerdict(
        TargetStatus.STALE,
        (
            Reason(ReasonCode.CHART_NAME, "Chart: wanted web, found db", None, "web", "db"),
            Reason(ReasonCode.CHART_VERSION, "Chart version: wanted 1.0.0, found 2.0.0", None, "1.0.0", "2.0.0"),
            Reason(ReasonCode.VALUES, "a: wanted 1, found nothing", "a", 1, None),
        ),
    )


@pytest.mark.parametrize(
    ("word", "status", "sentence"),
    [
        ("failed", TargetStatus.FAILED, "Helm's last action on this release failed."),
        ("uninstalled", TargetStatus.DELETED, "The release was uninstalled, and its history was kept."),
        (
            "superseded",
            TargetStatus.SUPERSEDED,
            "The newest revision is marked as superseded, but no later revision exists.",
        ),
        ("uninstalling", TargetStatus.DELETING, "The release is being uninstalled."),
        (
            "pending-install",
            TargetStatus.PENDING_INSTALL,
            "An install of this release is in progress.",
        ),
        (
            "pending-upgrade",
            TargetStatus.PENDING_UPGRADE,
            "An upgrade of this release is in progress.",
        ),
        (
            "pending-rollback",
            TargetStatus.PENDING_ROLLBACK,
            "A rollback of this release is in progress.",
        ),
        ("unknown", TargetStatus.UNKNOWN, "Helm does not know the state of this release."),
        ("a-word-of-tomorrow", TargetStatus.UNKNOWN, "Helm does not know the state of this release."),
    ],
)
def test_without_differences_the_status_of_helm_counts(word: str, status: TargetStatus, sentence: str) -> None:
    reason = Reason(ReasonCode.HELM_STATUS, sentence, actual=word)
    assert judge(desired({"a": 1}), observed({"a": 1}, status=word)) == TargetVerdict(status, (reason,))
    assert helm_status(word) is status


def test_a_failure_is_reported_in_helms_own_words_too() -> None:
    verdict = judge(desired(), observed(status="failed", description='Upgrade "shop" failed: no such host'))
    message = 'Helm\'s last action on this release failed. Upgrade "shop" failed: no such host'
    assert verdict == TargetVerdict(TargetStatus.FAILED, (Reason(ReasonCode.HELM_STATUS, message, actual="failed"),))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (desired(), observed()),
        (desired({"a": 1}), observed({"a": 1.0})),
        (desired({"a": 1, "b": {"c": 2, "d": 3}}), observed({"b": {"d": 3, "c": 2}, "a": 1})),
        (desired({"big": 2**53 + 1}), observed({"big": float(2**53)})),
        (desired(version="v1.0.0"), observed(version="1.0.0")),
        (desired(version="1.0.0"), observed(version="v1.0.0")),
    ],
)
def test_equal_values_in_another_form_are_deployed_without_reasons(wanted: Desired, found: Observed) -> None:
    assert judge(wanted, found) == TargetVerdict(TargetStatus.DEPLOYED, ())


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": None}, {}),
        ({"a": {}}, {}),
        ({"a": []}, {}),
        ({"a": "1"}, {"a": 1}),
        ({"a": True}, {"a": 1}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
    ],
)
def test_values_that_helm_treats_differently_are_stale_with_one_reason(wanted: Any, found: Any) -> None:
    verdict = judge(desired(wanted), observed(found))
    assert (verdict.status, [(reason.code, reason.path) for reason in verdict.reasons]) == (
        TargetStatus.STALE,
        [(ReasonCode.VALUES, "a")],
    )


def test_of_many_differences_the_first_are_shown_and_the_others_counted() -> None:
    values = {f"key-{number:03}": number for number in range(MAX_REASONS + 7)}
    verdict = judge(desired(values, version="2.0.0"), observed())
    assert len(verdict.reasons) == MAX_REASONS
    assert verdict.reasons[0].code is ReasonCode.CHART_VERSION
    assert verdict.reasons[1].path == "key-000"
    assert verdict.reasons[-2].path == f"key-{MAX_REASONS - 3:03}"
    assert verdict.reasons[-1] == Reason(ReasonCode.VALUES, "The values differ in 9 more places.")


def test_differences_that_are_all_shown_have_no_count() -> None:
    verdict = judge(desired({f"key-{number:03}": number for number in range(MAX_REASONS)}), observed())
    assert [reason.path for reason in verdict.reasons] == [f"key-{number:03}" for number in range(MAX_REASONS)]


@given(
    wanted=st.one_of(st.none(), st.builds(desired, layers)),
    found=st.one_of(st.none(), st.builds(observed, layers, status=st.sampled_from(WORDS))),
)
def test_reasons_are_empty_for_deployed_and_for_nothing_else(wanted: Desired | None, found: Observed | None) -> None:
    verdict = judge(wanted, found)
    assert (verdict.reasons == ()) == (verdict.status is TargetStatus.DEPLOYED)
    if wanted is not None and found is not None:
        same = canonical(wanted.values) == canonical(found.values)
        assert (verdict.status is TargetStatus.STALE) == (not same)
