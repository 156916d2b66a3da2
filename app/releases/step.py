"""From what is wanted, what is there, and whose it is, to the next step. The caller does it, looks again, and asks
again, until there is nothing more to do."""

from dataclasses import dataclass
from enum import StrEnum

from app.releases.ownership import Owner
from app.releases.release import Desired, Observed
from app.releases.status import TargetStatus, judge


class ReleaseAction(StrEnum):
    """What Helm is run for. ROLLBACK is kept for results of older versions: a rollback to an earlier generation is an
    upgrade, and Helm itself goes back where an atomic upgrade fails."""

    NONE = "NONE"
    INSTALL = "INSTALL"
    UPGRADE = "UPGRADE"
    ROLLBACK = "ROLLBACK"
    UNINSTALL = "UNINSTALL"


class Recovery(StrEnum):
    """What has to be done before an action, because an earlier Helm run has left the release in its way."""

    MARK_FAILED = "MARK_FAILED"  # the record says that a run is under way, and none is
    REMOVE = "REMOVE"  # the remains of an install that never succeeded, or of an uninstall, go first


class Block(StrEnum):
    """Why nothing can be done now although something is to do."""

    TAKEN = "TAKEN"  # the name belongs to a release that someone else installed
    LOCKED = "LOCKED"  # someone else's Helm is at work on it, or died at it
    UNREADABLE = "UNREADABLE"  # its newest record can't be read: Helm skips it, and can't write the next one


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: the recovery, if there is one, or else the action. `hooks` is False where the chart's hooks are
    not to run: those of a deletion, for a release that never was deployed."""

    action: ReleaseAction
    block: Block | None = None
    recovery: Recovery | None = None
    hooks: bool = True

    @property
    def is_done(self) -> bool:
        return self.action is ReleaseAction.NONE and self.block is None

    @property
    def runs(self) -> ReleaseAction:
        """What Helm is run for in this step."""
        if self.recovery is Recovery.MARK_FAILED:
            return ReleaseAction.NONE
        return ReleaseAction.UNINSTALL if self.recovery is Recovery.REMOVE else self.action


HISTORY = 10
"""Revisions of a release that are kept on its cluster."""
_DONE = Step(ReleaseAction.NONE)
_UNINSTALL = Step(ReleaseAction.UNINSTALL)
_UPGRADABLE = ("deployed", "failed", "superseded")
"""Helm upgrades from these alone."""


def next_step(desired: Desired | None, observed: Observed | None, owner: Owner, *, force: bool = False) -> Step:
    """The next step towards `desired` (None: no release) from `observed` (None: no release).

    With `force`, a release of ours that is not wanted is uninstalled even where somebody else's Helm may be at work."""
    if observed is None:
        return _DONE if desired is None else Step(ReleaseAction.INSTALL)
    if owner is Owner.STRANGERS:
        # A release that was there before we ever touched the name is someone else's, whatever it holds.
        return _DONE if desired is None else Step(ReleaseAction.NONE, Block.TAKEN)
    if not observed.is_readable:
        return Step(ReleaseAction.NONE, Block.UNREADABLE)
    if desired is None:
        locked = owner is Owner.LOCKED and observed.is_pending and not force
        return Step(ReleaseAction.NONE, Block.LOCKED) if locked else _UNINSTALL
    if owner is Owner.LOCKED:
        return Step(ReleaseAction.NONE, Block.LOCKED)
    return _towards(desired, observed)


def _towards(desired: Desired, observed: Observed) -> Step:
    """The next step to a release that is wanted, from one of ours that no Helm is at work on."""
    never_deployed = not observed.was_deployed
    if observed.status == "uninstalled":
        return Step(ReleaseAction.INSTALL)
    if observed.status == "uninstalling":
        return Step(ReleaseAction.INSTALL, recovery=Recovery.REMOVE, hooks=not never_deployed)
    if observed.status not in _UPGRADABLE:
        action = ReleaseAction.INSTALL if never_deployed else ReleaseAction.UPGRADE
        return Step(action, recovery=Recovery.MARK_FAILED)
    if judge(desired, observed).status is TargetStatus.DEPLOYED:
        return _DONE
    if observed.status == "failed" and never_deployed:
        # An upgrade would not run the hooks of an install. `helm install --replace` does, on what is there already; it
        # would leave behind what another content does not have any more, and it keeps every revision.
        if desired.digest == observed.digest and observed.revision < HISTORY:
            return Step(ReleaseAction.INSTALL)
        return Step(ReleaseAction.INSTALL, recovery=Recovery.REMOVE, hooks=False)
    return Step(ReleaseAction.UPGRADE)
