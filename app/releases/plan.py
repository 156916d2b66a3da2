"""From what is wanted, what is there, and whose it is, to the next action. One call gives one step; the caller does it,
looks again, and asks again, until there is nothing more to do."""

from dataclasses import dataclass
from enum import StrEnum

from app.releases.release import Desired, Observed
from app.releases.status import TargetStatus, judge


class ReleaseAction(StrEnum):
    NONE = "NONE"
    INSTALL = "INSTALL"
    UPGRADE = "UPGRADE"
    ROLLBACK = "ROLLBACK"
    UNINSTALL = "UNINSTALL"


class Claim(StrEnum):
    """What we know of whose release it is, from the intents written before each of our Helm runs."""

    NEVER = "NEVER"  # we never ran Helm for this release
    OURS = "OURS"  # we did, and know how it ended
    RUNNING = "RUNNING"  # a run of ours has no recorded end, and its time limit has not passed: Helm may be at work
    INTERRUPTED = "INTERRUPTED"  # a run of ours has no recorded end, and cannot be running any more


class Block(StrEnum):
    """Why nothing can be done now although something is to do."""

    TAKEN = "TAKEN"  # the name belongs to a release that someone else installed
    LOCKED = "LOCKED"  # someone else's Helm is at work on it, or died at it
    IN_FLIGHT = "IN_FLIGHT"  # a Helm run that we lost sight of may still be at work


@dataclass(frozen=True, slots=True)
class Plan:
    """The next action. `recovers` marks one that only clears the remains of an interrupted run."""

    action: ReleaseAction
    block: Block | None = None
    recovers: bool = False

    @property
    def is_done(self) -> bool:
        return self.action is ReleaseAction.NONE and self.block is None


_DONE = Plan(ReleaseAction.NONE)


def plan(desired: Desired | None, observed: Observed | None, claim: Claim) -> Plan:
    """The next step towards `desired` (None: no release) from `observed` (None: no release)."""
    if observed is None:
        return _DONE if desired is None else Plan(ReleaseAction.INSTALL)
    if claim is Claim.NEVER:
        # A release that was there before we ever touched the name is someone else's, whatever it holds.
        return _DONE if desired is None else Plan(ReleaseAction.NONE, Block.TAKEN)
    if observed.is_pending or observed.status == "uninstalling":
        return _unfinished(observed, claim)
    if desired is None:
        return Plan(ReleaseAction.UNINSTALL)
    if observed.status == "uninstalled":
        return Plan(ReleaseAction.INSTALL)
    return _DONE if judge(desired, observed).status is TargetStatus.DEPLOYED else Plan(ReleaseAction.UPGRADE)


def _unfinished(observed: Observed, claim: Claim) -> Plan:
    if claim is Claim.RUNNING:
        return Plan(ReleaseAction.NONE, Block.IN_FLIGHT)
    if claim is Claim.OURS:
        return Plan(ReleaseAction.NONE, Block.LOCKED)
    first = observed.revision == 1 or observed.status == "uninstalling"
    return Plan(ReleaseAction.UNINSTALL if first else ReleaseAction.ROLLBACK, recovers=True)
