"""Determines the next step from the desired release, the observed release and its owner. The caller performs it,
observes again, and repeats until nothing is left to do."""

from dataclasses import dataclass
from enum import StrEnum

from app.releases.ownership import Owner
from app.releases.release import Desired, Observed
from app.releases.status import TargetStatus, judge


class ReleaseAction(StrEnum):
    """What is done to a release. ROLLBACK remains for results of older versions: a rollback to an earlier generation is
    an upgrade, and Helm itself rolls back when an atomic upgrade fails. For a CORRECTION of objects and for an
    API_MIGRATION of the release's record, Helm is not run."""

    NONE = "NONE"
    INSTALL = "INSTALL"
    UPGRADE = "UPGRADE"
    ROLLBACK = "ROLLBACK"
    UNINSTALL = "UNINSTALL"
    CORRECTION = "CORRECTION"
    API_MIGRATION = "API_MIGRATION"

    @property
    def noun(self) -> str:
        """The action as the subject of a sentence."""
        return _NOUNS[self]


_NOUNS = {
    ReleaseAction.NONE: "Reconciliation",
    ReleaseAction.INSTALL: "Installation",
    ReleaseAction.UPGRADE: "Upgrade",
    ReleaseAction.ROLLBACK: "Rollback",
    ReleaseAction.UNINSTALL: "Uninstallation",
    ReleaseAction.CORRECTION: "Correction",
    ReleaseAction.API_MIGRATION: "API migration",
}


class Recovery(StrEnum):
    """What must be done before an action because of the state in which an earlier Helm run left the release."""

    MARK_FAILED = "MARK_FAILED"  # the record states that a run is in progress, and none is
    REMOVE = "REMOVE"  # the remains of an install that never succeeded, or of an uninstall, are removed first


class Block(StrEnum):
    """Why nothing can be done now although there is work to do."""

    TAKEN = "TAKEN"  # the name belongs to a release that someone else installed
    LOCKED = "LOCKED"  # another Helm is working on it, or was interrupted
    UNREADABLE = "UNREADABLE"  # its newest record cannot be read: Helm skips it, and cannot write the next one


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    """The next step: the recovery if there is one, else the action. `hooks` is False if the chart's hooks must not run:
    the deletion hooks of a release that was never deployed."""

    action: ReleaseAction
    block: Block | None = None
    recovery: Recovery | None = None
    hooks: bool = True

    @property
    def is_done(self) -> bool:
        return self.action is ReleaseAction.NONE and self.block is None

    @property
    def runs(self) -> ReleaseAction:
        """The action that is performed in this step: Helm's, or the correction of objects. NONE if the release's record
        is marked first."""
        if self.recovery is Recovery.MARK_FAILED:
            return ReleaseAction.NONE
        return ReleaseAction.UNINSTALL if self.recovery is Recovery.REMOVE else self.action


HISTORY = 10
"""The number of revisions of a release that are kept on its cluster."""
CORRECTION = ReleaseStep(ReleaseAction.CORRECTION)
"""Objects of a release in its desired state are set back. No state of a release asks for this step: it follows where
the deployment wants it and objects differ."""
API_MIGRATION = ReleaseStep(ReleaseAction.API_MIGRATION)
"""The release gets a revision whose record has other API versions. Only an operation asks for this step."""
_DONE = ReleaseStep(ReleaseAction.NONE)
_UNINSTALL = ReleaseStep(ReleaseAction.UNINSTALL)
_UPGRADABLE = ("deployed", "failed", "superseded")
"""The only statuses from which Helm upgrades."""


def next_step(desired: Desired | None, observed: Observed | None, owner: Owner, *, force: bool = False) -> ReleaseStep:
    """The next step from the `observed` to the `desired` release; None means no release.

    With `force`, a release that Polyhelm owns and that is not wanted is uninstalled even if another Helm may be working
    on it."""
    if observed is None:
        return _DONE if desired is None else ReleaseStep(ReleaseAction.INSTALL)
    if owner is Owner.OTHER:
        # A release that existed before Polyhelm first used the name belongs to someone else, whatever it holds.
        return _DONE if desired is None else ReleaseStep(ReleaseAction.NONE, Block.TAKEN)
    if not observed.is_readable:
        return ReleaseStep(ReleaseAction.NONE, Block.UNREADABLE)
    if desired is None:
        locked = owner is Owner.LOCKED and observed.is_pending and not force
        return ReleaseStep(ReleaseAction.NONE, Block.LOCKED) if locked else _UNINSTALL
    if owner is Owner.LOCKED:
        return ReleaseStep(ReleaseAction.NONE, Block.LOCKED)
    return _towards(desired, observed)


def _towards(desired: Desired, observed: Observed) -> ReleaseStep:
    """The next step to a desired release from one that Polyhelm owns and that no Helm is working on."""
    never_deployed = not observed.was_deployed
    if observed.status == "uninstalled":
        return ReleaseStep(ReleaseAction.INSTALL)
    if observed.status == "uninstalling":
        return ReleaseStep(ReleaseAction.INSTALL, recovery=Recovery.REMOVE, hooks=not never_deployed)
    if observed.status not in _UPGRADABLE:
        action = ReleaseAction.INSTALL if never_deployed else ReleaseAction.UPGRADE
        return ReleaseStep(action, recovery=Recovery.MARK_FAILED)
    if judge(desired, observed).status is TargetStatus.DEPLOYED:
        return _DONE
    if observed.status == "failed" and never_deployed:
        # An upgrade would not run install hooks. `helm install --replace` runs them on top of what exists; but it
        # leaves behind the objects that a changed release no longer has, and it keeps every revision.
        if desired.digest == observed.digest and observed.revision < HISTORY:
            return ReleaseStep(ReleaseAction.INSTALL)
        return ReleaseStep(ReleaseAction.INSTALL, recovery=Recovery.REMOVE, hooks=False)
    return ReleaseStep(ReleaseAction.UPGRADE)
