"""A target in a rollout: what is known of it now decides its next state."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.rollouts.states import IN_FLIGHT, WAITING, TargetState
from app.rollouts.strategy import WaveRule
from app.rollouts.windows import Opening

_COSTS_NOTHING = (TargetState.READY, TargetState.SKIPPED, TargetState.REVERTED)


class Run(StrEnum):
    """The run of Helm that moves a target."""

    OPEN = "OPEN"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a target now.

    `revision` is that of the release when it was observed last, `written` the one that the run of the member's attempt
    wrote. `healthy_since` is None unless the target is DEPLOYED and HEALTHY.
    """

    is_targeted: bool
    is_reachable: bool
    observed_at: datetime
    opening: Opening
    is_busy: bool = False
    """Another operation works on it."""
    run: Run | None = None
    written: int | None = None
    revision: int | None = None
    healthy_since: datetime | None = None
    is_judged: bool = True
    """Its health is known. For a moment after its cluster is back, it is not."""

    @property
    def is_available(self) -> bool:
        return self.is_reachable and self.healthy_since is not None

    @property
    def is_unavailable(self) -> bool:
        """Whether it is known not to work."""
        return self.is_reachable and self.is_judged and self.healthy_since is None


@dataclass(frozen=True, slots=True)
class Member:
    """A target in a rollout.

    `was_available` says whether it worked, as far as was known, before the rollout moved it: only then it takes a place
    in the budget. `due` is when it must be ready.
    """

    wave: int
    state: TargetState = TargetState.BEHIND
    is_put_off: bool = False
    """A person deferred it, until a person retries it."""
    is_preceding: bool = False
    """It is in flight for the rollout that this one has superseded, and finishes that move first."""
    was_available: bool = False
    moved_at: datetime | None = None
    due: datetime | None = None
    attempt: int = 0

    @property
    def costs_budget(self) -> bool:
        """Whether the rollout has made it unavailable, as far as is known. A retried target does not work yet."""
        return self.was_available and self.state not in _COSTS_NOTHING


def moved(member: Member, seen: Seen, rule: WaveRule, now: datetime) -> Member:
    """The member after Helm was started for it."""
    return replace(
        member,
        state=TargetState.MOVING,
        was_available=not seen.is_unavailable or member.costs_budget,
        moved_at=now,
        due=now + rule.deadline,
        attempt=member.attempt + 1,
    )


def deferred(member: Member) -> Member:
    """The member after a person deferred it. One that has moved continues."""
    is_waiting = member.state in WAITING
    return replace(member, state=TargetState.DEFERRED, is_put_off=True) if is_waiting else member


def retried(member: Member) -> Member:
    """The member after a person retried it."""
    if member.state in (TargetState.FAILED, TargetState.INCONCLUSIVE, TargetState.DEFERRED):
        return replace(member, state=TargetState.BEHIND, is_put_off=False)
    return member


def observed(member: Member, seen: Seen, rule: WaveRule, now: datetime) -> Member:
    """The member in the state that follows from what is known now."""
    if member.is_preceding:
        finished = _observed(replace(member, is_preceding=False), seen, rule, now)
        if finished.state in IN_FLIGHT:
            return replace(finished, is_preceding=True)
        member = Member(member.wave)  # what it is like now is how the rollout has found it
    return _observed(member, seen, rule, now)


def _observed(member: Member, seen: Seen, rule: WaveRule, now: datetime) -> Member:
    is_ready_unmoved = member.state is TargetState.READY and member.moved_at is None
    if member.state is TargetState.REVERTED or (is_ready_unmoved and seen.is_targeted):
        return member
    if not seen.is_targeted:
        return replace(member, state=TargetState.SKIPPED)
    state = member.state
    if state is TargetState.SKIPPED:
        state = TargetState.BEHIND
    if state in WAITING:
        waits = member.is_put_off or not seen.is_reachable
        state = TargetState.DEFERRED if waits else TargetState.BEHIND
        return member if member.state is state else replace(member, state=state)
    if not seen.is_reachable:
        return _unreachable(member, now)
    if state is TargetState.INCONCLUSIVE:  # it is back, and has as much time as the others had
        member = replace(member, state=TargetState.MOVING, due=now + rule.deadline)
    return _settled(member, seen, rule, now)


def _unreachable(member: Member, now: datetime) -> Member:
    is_late = member.due is not None and member.due <= now
    if member.state in (TargetState.MOVING, TargetState.SETTLING) and is_late:
        return replace(member, state=TargetState.INCONCLUSIVE)
    return member


def _settled(member: Member, seen: Seen, rule: WaveRule, now: datetime) -> Member:
    """A reachable member that has moved."""
    if seen.run is Run.FAILED:
        return replace(member, state=TargetState.FAILED)
    if seen.run is Run.SUCCEEDED:
        ready_at = ready_from(member, seen, rule)
        if ready_at is not None and ready_at <= now:
            return replace(member, state=TargetState.READY)
        if member.state is TargetState.READY and seen.is_unavailable:  # its health was lost
            return replace(member, state=TargetState.SETTLING, due=now + rule.deadline)
        if member.state is TargetState.MOVING:
            member = replace(member, state=TargetState.SETTLING)
    if member.state is not TargetState.READY and member.due is not None and member.due <= now:
        return replace(member, state=TargetState.FAILED)
    return member


def ready_from(member: Member, seen: Seen, rule: WaveRule) -> datetime | None:
    """When the member is ready if nothing changes, or None.

    Only an observation after the move counts, and only of the revision that the move wrote: a target that still shows
    the health of its old revision is not ready.
    """
    is_new = member.moved_at is not None and seen.observed_at > member.moved_at
    if not is_new or seen.written is None or seen.revision != seen.written or seen.healthy_since is None:
        return None
    assert member.moved_at is not None
    return max(seen.healthy_since, member.moved_at) + rule.min_ready
