"""What happens next in a rollout.

`advance` is a function of the rollout, of what is known of its targets and of what was decided. Its result is
complete: if the caller dies at any point of storing it and starting the moves, the next call continues from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.rollouts.approvals import WaveDecision, approving, is_rejected
from app.rollouts.members import Member, Run, Seen, moved, observed, ready_from
from app.rollouts.states import (
    ACTIVE,
    ENDED,
    IN_FLIGHT,
    CheckVerdict,
    Ending,
    GateKind,
    RolloutPhase,
    TargetState,
    WaveState,
)
from app.rollouts.strategy import WaveRule

_OPEN = IN_FLIGHT | {TargetState.BEHIND}
_MAY_BECOME_READY = IN_FLIGHT | {TargetState.FAILED}
_WITHOUT_RESULT = frozenset({TargetState.DEFERRED, TargetState.INCONCLUSIVE})
_SETTLES = (WaveState.RUNNING, WaveState.SOAKING)
_Group = dict[int, Member]
"""The targets of a wave."""


@dataclass(frozen=True, slots=True)
class Wave:
    rule: WaveRule
    state: WaveState = WaveState.PENDING
    settled_at: datetime | None = None
    """Since when all its targets have a result; from then on it soaks."""


@dataclass(frozen=True, slots=True)
class RolloutState:
    """`budget` is the number of targets that may be unavailable at once because of the rollout."""

    waves: tuple[Wave, ...]
    members: Mapping[int, Member]
    budget: int
    plan_digest: str
    author: int | None = None
    phase: RolloutPhase = RolloutPhase.RUNNING
    ending: Ending | None = None
    is_expedited: bool = False
    """Soaks and approvals are skipped. Budget, windows and checks are not."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known outside of the rollout: of each target, what users decided, and the results of checks by wave and
    name."""

    seen: Mapping[int, Seen]
    now: datetime
    decisions: Sequence[WaveDecision] = ()
    checks: Mapping[tuple[int, str], CheckVerdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the rollout waits for: in a wave, or because of some targets. `until` is when it opens by itself."""

    kind: GateKind
    wave: int
    targets: tuple[int, ...] = ()
    until: datetime | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """The rollout afterwards, the targets for which Helm is started now, what the rollout waits for, and when to
    call again if nothing happens before."""

    rollout: RolloutState
    moves: tuple[int, ...] = ()
    waiting_for: tuple[Gate, ...] = ()
    next_at: datetime | None = None

    @property
    def checks(self) -> list[tuple[int, str]]:
        """The checks that the rollout waits for, by wave and name."""
        return [(gate.wave, gate.message or "") for gate in self.waiting_for if gate.kind is GateKind.CHECK]


def advance(rollout: RolloutState, known: Known) -> Advance:
    """Returns what happens next.

    In a rollout that is paused or has ended, no target moves, and those in flight are still observed. After success,
    targets that were deferred catch up when they are back.
    """
    members = {
        target: observed(member, known.seen[target], rollout.waves[member.wave].rule, known.now)
        for target, member in rollout.members.items()
    }
    rollout = replace(rollout, members=members)
    groups = _by_wave(rollout)
    gates = list[Gate]()
    moves = list[int]()
    if rollout.phase in ACTIVE:
        rollout = _advanced(rollout, groups, known, gates)
    if rollout.phase in (*ACTIVE, RolloutPhase.SUCCEEDED):
        moves = _moves(rollout, groups, known, gates)
        members |= {
            target: moved(members[target], known.seen[target], rollout.waves[members[target].wave].rule, known.now)
            for target in moves
        }
        rollout = replace(rollout, members=members)
    if rollout.phase in ACTIVE:
        rollout = _with_phase(rollout, gates)
    return Advance(rollout, tuple(moves), tuple(gates), _next_at(rollout, known, gates))


def _by_wave(rollout: RolloutState) -> list[_Group]:
    groups: list[_Group] = [{} for _ in rollout.waves]
    for target, member in rollout.members.items():
        groups[member.wave][target] = member
    return groups


def _with_phase(rollout: RolloutState, gates: Sequence[Gate]) -> RolloutState:
    """The active rollout as running or waiting. It has failed if failed targets take all of the budget: no other target
    would ever move."""
    if any(member.state in IN_FLIGHT for member in rollout.members.values()):
        return replace(rollout, phase=RolloutPhase.RUNNING)
    states = {member.state for member in rollout.members.values() if member.costs_budget}
    if states == {TargetState.FAILED} and any(gate.kind is GateKind.BUDGET for gate in gates):
        return replace(rollout, phase=RolloutPhase.FAILED, ending=Ending.BUDGET_USED_UP)
    return replace(rollout, phase=RolloutPhase.WAITING if gates else RolloutPhase.RUNNING)


def _advanced(rollout: RolloutState, groups: Sequence[_Group], known: Known, gates: list[Gate]) -> RolloutState:
    """The rollout with the waves that have passed by now, and with its end if it has one."""
    waves = list(rollout.waves)
    for index, (wave, group) in enumerate(zip(rollout.waves, groups, strict=True)):
        failures = sum(member.state is TargetState.FAILED for member in group.values())
        if failures > wave.rule.max_failures.of(len(group)):
            return replace(rollout, waves=tuple(waves), phase=RolloutPhase.FAILED, ending=Ending.TOO_MANY_FAILURES)
        if wave.state is WaveState.PASSED:
            continue
        if is_rejected(known.decisions, wave=index, plan_digest=rollout.plan_digest):
            return replace(rollout, waves=tuple(waves), phase=RolloutPhase.ABORTED, ending=Ending.REJECTED)
        if wave.state is WaveState.PENDING:
            if not _is_approved(rollout, index, known, gates):
                return replace(rollout, waves=tuple(waves))
            checked = _checked(index, wave.rule.checks_before, known, gates)
            if checked is not CheckVerdict.PASSED:
                return _unchecked(replace(rollout, waves=tuple(waves)), checked)
            wave = replace(wave, state=WaveState.RUNNING)
        wave = _settling(index, wave, group, known, gates)
        if wave.state is WaveState.SOAKING and _has_soaked(rollout, index, wave, known, gates):
            wave = replace(wave, state=WaveState.CHECKING)
        if wave.state is WaveState.CHECKING:
            checked = _checked(index, wave.rule.checks, known, gates)
            if checked is not CheckVerdict.PASSED:
                waves[index] = wave
                return _unchecked(replace(rollout, waves=tuple(waves)), checked)
            wave = replace(wave, state=WaveState.PASSED)
        waves[index] = wave
        if wave.state is not WaveState.PASSED:
            return replace(rollout, waves=tuple(waves))
    late = any(member.state in _OPEN for member in rollout.members.values())
    return replace(rollout, waves=tuple(waves), phase=rollout.phase if late else RolloutPhase.SUCCEEDED)


def _checked(index: int, names: Sequence[str], known: Known, gates: list[Gate]) -> CheckVerdict:
    """PASSED if all these checks have passed, FAILED if one has failed, else RUNNING."""
    verdicts = {name: known.checks.get((index, name), CheckVerdict.RUNNING) for name in names}
    if CheckVerdict.FAILED in verdicts.values():
        return CheckVerdict.FAILED
    waiting = [name for name, verdict in verdicts.items() if verdict is not CheckVerdict.PASSED]
    gates += [Gate(GateKind.CHECK, index, message=name) for name in waiting]
    return CheckVerdict.RUNNING if waiting else CheckVerdict.PASSED


def _unchecked(rollout: RolloutState, verdict: CheckVerdict) -> RolloutState:
    """The rollout while not all checks of a wave have passed."""
    if verdict is CheckVerdict.FAILED:
        return replace(rollout, phase=RolloutPhase.FAILED, ending=Ending.CHECK_FAILED)
    return rollout


def lapsed(rollout: RolloutState, checks: Mapping[tuple[int, str], CheckVerdict]) -> set[tuple[int, str]]:
    """The checks whose results no longer count: those that run when the rollout has ended, and those after a wave whose
    targets have to settle again."""
    has_ended = rollout.phase in ENDED
    return {
        (index, name)
        for (index, name), verdict in checks.items()
        if (has_ended and verdict is CheckVerdict.RUNNING)
        or (rollout.waves[index].state in _SETTLES and name in rollout.waves[index].rule.checks)
    }


def _settling(index: int, wave: Wave, group: _Group, known: Known, gates: list[Gate]) -> Wave:
    """The wave as RUNNING if targets have no result yet, else as SOAKING or what followed."""
    without = tuple(target for target, member in group.items() if member.state in _WITHOUT_RESULT)
    is_open = any(member.state in _OPEN for member in group.values())
    if not is_open and len(without) > wave.rule.max_deferred.of(len(group)):
        gates.append(Gate(GateKind.UNREACHABLE, index, without))
        is_open = True
    if is_open:
        return replace(wave, state=WaveState.RUNNING, settled_at=None)
    if wave.state is WaveState.RUNNING:
        return replace(wave, state=WaveState.SOAKING, settled_at=known.now)
    return wave


def _is_approved(rollout: RolloutState, index: int, known: Known, gates: list[Gate]) -> bool:
    rule = rollout.waves[index].rule.approvals
    if rule is None or rollout.is_expedited:
        return True
    users = approving(
        rule,
        known.decisions,
        wave=index,
        plan_digest=rollout.plan_digest,
        author=rollout.author,
        now=known.now,
    )
    if len(users) >= rule.required:
        return True
    gates.append(Gate(GateKind.APPROVAL, index, message=f"{len(users)} of {rule.required} approvals"))
    return False


def _has_soaked(rollout: RolloutState, index: int, wave: Wave, known: Known, gates: list[Gate]) -> bool:
    assert wave.settled_at is not None
    until = wave.settled_at + wave.rule.soak
    if rollout.is_expedited or until <= known.now:
        return True
    gates.append(Gate(GateKind.SOAK, index, until=until))
    return False


def _moves(rollout: RolloutState, groups: Sequence[_Group], known: Known, gates: list[Gate]) -> list[int]:
    """The targets that move now. Those that do not work anyway come first: they cost no budget, and may be the reason
    for the change."""
    used = sum(member.costs_budget for member in rollout.members.values())
    found = list[int]()
    for index, (wave, group) in enumerate(zip(rollout.waves, groups, strict=True)):
        if wave.state is WaveState.PENDING:
            break
        free = wave.rule.max_concurrent.of(len(group), at_least=1)
        free -= sum(member.state in IN_FLIGHT for member in group.values())
        waiting = [target for target, member in group.items() if member.state is TargetState.BEHIND]
        waiting = _let_in(waiting, index, known, gates)
        without_place = list[int]()
        for target in sorted(waiting, key=lambda target: (not known.seen[target].is_unavailable, target)):
            if free <= 0:
                break
            costs = not known.seen[target].is_unavailable and not group[target].costs_budget
            if costs and used >= rollout.budget:
                without_place.append(target)
                continue
            found.append(target)
            used += costs
            free -= 1
        if without_place:
            gates.append(Gate(GateKind.BUDGET, index, tuple(without_place)))
    return found


def _let_in(waiting: list[int], index: int, known: Known, gates: list[Gate]) -> list[int]:
    """Those whose window is open and that no other operation works on."""
    closed = [target for target in waiting if not known.seen[target].opening.is_open]
    busy = [target for target in waiting if known.seen[target].is_busy and target not in closed]
    if closed:
        openings = [known.seen[target].opening for target in closed]
        until = min((each.until for each in openings if each.until is not None), default=None)
        gates.append(Gate(GateKind.WINDOW, index, tuple(closed), until, openings[0].reason))
    if busy:
        gates.append(Gate(GateKind.OTHER_OPERATION, index, tuple(busy)))
    return [target for target in waiting if target not in closed and target not in busy]


def _next_at(rollout: RolloutState, known: Known, gates: Sequence[Gate]) -> datetime | None:
    """When time alone changes something: a gate opens, or a target becomes ready or late. One that was late and is
    healthy now becomes ready, too."""
    moments = [gate.until for gate in gates]
    for target, member in rollout.members.items():
        if member.state in IN_FLIGHT:
            moments.append(member.due)
        if member.state in _MAY_BECOME_READY:
            seen = known.seen[target]
            if seen.run is Run.SUCCEEDED and seen.is_reachable:
                moments.append(ready_from(member, seen, rollout.waves[member.wave].rule))
    return min((moment for moment in moments if moment is not None and moment > known.now), default=None)
