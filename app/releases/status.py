"""Derives the status of a target and its reasons from the desired and the observed release: the rules of
docs/status.md, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from app.releases.canonical import same_version
from app.releases.difference import Difference, differences
from app.releases.references import hidden, is_mark
from app.releases.release import Desired, Observed

MAX_REASONS = 50
"""The maximum number of reasons kept for one target. If a release differs in more places, the last reason states how
many more."""


class TargetStatus(StrEnum):
    UNKNOWN = "UNKNOWN"
    NOT_INSTALLED = "NOT_INSTALLED"
    STALE = "STALE"
    DEPLOYED = "DEPLOYED"
    DELETED = "DELETED"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"
    DELETING = "DELETING"
    PENDING_INSTALL = "PENDING_INSTALL"
    PENDING_UPGRADE = "PENDING_UPGRADE"
    PENDING_ROLLBACK = "PENDING_ROLLBACK"


class ReasonCode(StrEnum):
    UNREACHABLE = "UNREACHABLE"
    ABSENT = "ABSENT"
    UNREADABLE = "UNREADABLE"
    VALUES = "VALUES"
    SECRET = "SECRET"  # noqa: S105 - a reason's name
    CHART_NAME = "CHART_NAME"
    CHART_VERSION = "CHART_VERSION"
    HELM_STATUS = "HELM_STATUS"
    ORPHAN = "ORPHAN"
    CONTESTED = "CONTESTED"
    EXPRESSION = "EXPRESSION"
    WINDOW = "WINDOW"
    ENDPOINT = "ENDPOINT"  # the values wait for an endpoint of another target
    DEPENDENCY = "DEPENDENCY"  # the action waits for another deployment on the cluster


@dataclass(frozen=True, slots=True)
class Reason:
    code: ReasonCode
    message: str
    path: str | None = None
    desired: Any = None
    actual: Any = None


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """A status and its reasons. `reasons` is empty for DEPLOYED only."""

    status: TargetStatus
    reasons: tuple[Reason, ...] = ()


_HELM_STATUS = {
    "unknown": TargetStatus.UNKNOWN,
    "deployed": TargetStatus.DEPLOYED,
    "uninstalled": TargetStatus.DELETED,
    "superseded": TargetStatus.SUPERSEDED,
    "failed": TargetStatus.FAILED,
    "uninstalling": TargetStatus.DELETING,
    "pending-install": TargetStatus.PENDING_INSTALL,
    "pending-upgrade": TargetStatus.PENDING_UPGRADE,
    "pending-rollback": TargetStatus.PENDING_ROLLBACK,
}

_SENTENCES = {
    TargetStatus.UNKNOWN: "Helm does not know the state of this release.",
    TargetStatus.DELETED: "The release was uninstalled, and its history was kept.",
    TargetStatus.SUPERSEDED: "The newest revision is marked as superseded, but no later revision exists.",
    TargetStatus.FAILED: "Helm's last action on this release failed.",
    TargetStatus.DELETING: "The release is being uninstalled.",
    TargetStatus.PENDING_INSTALL: "An install of this release is in progress.",
    TargetStatus.PENDING_UPGRADE: "An upgrade of this release is in progress.",
    TargetStatus.PENDING_ROLLBACK: "A rollback of this release is in progress.",
}


def helm_status(word: str) -> TargetStatus:
    """The status for Helm's word. A word that this version does not know is UNKNOWN."""
    return _HELM_STATUS.get(word, TargetStatus.UNKNOWN)


def judge(
    desired: Desired | None,
    observed: Observed | None,
    unreachable: str | None = None,
    contested: str | None = None,
    unevaluated: str | None = None,
    waiting: str | None = None,
    waits: Sequence[Reason] = (),
) -> TargetVerdict:
    """The status of a target.

    Args:
        desired: the desired release; None if the deployment no longer targets the cluster.
        observed: the newest revision on the cluster; None if there is none.
        unreachable: a sentence that states why the member is unreachable; None if it is reachable.
        contested: a sentence that states that corrections are paused, and why; None if they are not paused.
        unevaluated: a sentence that states why an expression in the desired values has no result; None if all have.
            `desired` then has the last known results.
        waiting: a sentence that states that the target waits for a change window; None if it does not.
        waits: what an action on the target waits for. They are added to the reasons of a status that has any.
    """
    verdict = _judged(desired, observed, unreachable)
    if waits and verdict.reasons:
        verdict = TargetVerdict(verdict.status, (*verdict.reasons, *waits))
    if unevaluated is not None and desired is not None and verdict.status is not TargetStatus.UNKNOWN:
        status = verdict.status if observed is None else TargetStatus.STALE
        verdict = TargetVerdict(status, (*verdict.reasons, Reason(ReasonCode.EXPRESSION, unevaluated)))
    if not verdict.reasons:
        return verdict
    for code, sentence in ((ReasonCode.CONTESTED, contested), (ReasonCode.WINDOW, waiting)):
        if sentence is not None:
            verdict = TargetVerdict(verdict.status, (*verdict.reasons, Reason(code, sentence)))
    return verdict


def _judged(desired: Desired | None, observed: Observed | None, unreachable: str | None) -> TargetVerdict:
    if unreachable is not None:
        return TargetVerdict(TargetStatus.UNKNOWN, (Reason(ReasonCode.UNREACHABLE, unreachable),))
    if observed is None:
        return TargetVerdict(
            TargetStatus.NOT_INSTALLED, (Reason(ReasonCode.ABSENT, "There is no release with this name."),)
        )
    if desired is None:
        message = "The deployment no longer targets this cluster, but its release still exists."
        return TargetVerdict(TargetStatus.STALE, (Reason(ReasonCode.ORPHAN, message),))
    if observed.unreadable is not None:
        reason = Reason(ReasonCode.UNREADABLE, observed.unreadable, actual=observed.status)
        return TargetVerdict(TargetStatus.UNKNOWN, (reason,))
    if desired.digest != observed.digest:
        return TargetVerdict(TargetStatus.STALE, tuple(_stale(desired, observed)))
    status = helm_status(observed.status)
    if status is TargetStatus.DEPLOYED:
        return TargetVerdict(status)
    message = _SENTENCES[status]
    if observed.description and status is TargetStatus.FAILED:
        message = f"{message} {observed.description}"
    return TargetVerdict(status, (Reason(ReasonCode.HELM_STATUS, message, actual=observed.status),))


def _stale(desired: Desired, observed: Observed) -> list[Reason]:
    reasons = []
    for code, word, wanted, found, same in (
        (
            ReasonCode.CHART_NAME,
            "Chart",
            desired.chart_name,
            observed.chart_name,
            desired.chart_name == observed.chart_name,
        ),
        (
            ReasonCode.CHART_VERSION,
            "Chart version",
            desired.chart_version,
            observed.chart_version,
            same_version(desired.chart_version, observed.chart_version),
        ),
    ):
        if not same:
            reasons.append(Reason(code, f"{word}: wanted {wanted}, found {found}", None, wanted, found))
    found_differences = list(differences(desired.values, observed.values))
    kept = found_differences[: MAX_REASONS - len(reasons)]
    reasons += [_difference(desired, difference) for difference in kept]
    if more := len(found_differences) - len(kept):
        reasons[-1] = Reason(ReasonCode.VALUES, f"The values differ in {more + 1} more places.")
    return reasons


def _difference(desired: Desired, found: Difference) -> Reason:
    """The reason for one difference of values. It quotes no value that comes from a secret."""
    if not is_mark(found.desired) and not is_mark(found.actual):
        shown = replace(found, desired=hidden(found.desired), actual=hidden(found.actual))
        return Reason(ReasonCode.VALUES, str(shown), shown.path, shown.desired, shown.actual)
    reference = desired.references.get(found.path)
    if reference is None:
        message = (
            f"{found.path}: differs from the desired value; both are hidden because the value comes from a secret."
        )
    elif found.lacks == "actual":
        message = f"{found.path}: wanted the value {reference.key} of the secret {reference.secret}, found nothing."
    else:
        message = f"{found.path}: differs from the current value {reference.key} of the secret {reference.secret}."
    return Reason(ReasonCode.SECRET, message, found.path)
