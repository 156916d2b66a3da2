"""Random fleets on which rollouts run: their targets fail, hang, disappear, return and are removed, their windows close
and open, and checks have results. The clock is simulated."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from app.rollouts.approvals import WaveDecision
from app.rollouts.members import Member, Run, Seen
from app.rollouts.progress import Advance, Known, RolloutState, Wave, advance
from app.rollouts.states import ENDED, IN_FLIGHT, CheckVerdict
from app.rollouts.strategy import Amount, Approvals, WaveRule
from app.rollouts.windows import OPEN, Opening

START = datetime(2026, 1, 1, tzinfo=UTC)
AUTHOR = 1
DIGEST = "of-the-plan"
CLOSED = "No window allows changes now."
FLEETS = int(os.environ.get("ROLLOUT_FLEETS", "400"))
"""10,000 of them take a minute or two."""
SEEDS = st.integers(0, 2**32)
_STEPS = 2_000


@dataclass
class Target:
    """What is true of a target; Polyhelm sees it only while it is reachable."""

    works: bool
    takes: timedelta
    """How long Helm takes."""
    succeeds: bool
    heals_after: timedelta | None
    """How long it takes from Helm's end until the target is healthy; None if it never is."""
    away: list[tuple[datetime, datetime]]
    closed: Sequence[tuple[datetime, datetime]] = ()
    """When its windows allow no changes."""
    removed_at: datetime | None = None
    judged_after: timedelta = timedelta(0)
    """How long it takes from its return until its health is known again."""
    revision: int = 1
    moved_at: datetime | None = None
    touched: bool = False
    seen: Seen | None = None

    def is_reachable(self, now: datetime) -> bool:
        return not any(begin <= now < end for begin, end in self.away)

    @property
    def ends_at(self) -> datetime | None:
        return self.moved_at + self.takes if self.moved_at else None

    def is_targeted(self, now: datetime) -> bool:
        return self.removed_at is None or now < self.removed_at

    def opening(self, now: datetime) -> Opening:
        until = max((end for begin, end in self.closed if begin <= now < end), default=None)
        return OPEN if until is None else Opening(is_open=False, reason=CLOSED, until=until)

    def healthy_since(self, now: datetime) -> datetime | None:
        if self.moved_at is None:
            return START - timedelta(days=1) if self.works else None
        assert self.ends_at is not None
        if not self.succeeds or self.heals_after is None or now < self.ends_at + self.heals_after:
            return None
        return self.ends_at + self.heals_after

    def look(self, now: datetime) -> Seen:
        is_reachable = self.is_reachable(now)
        if not is_reachable and self.seen is not None:
            return replace(
                self.seen,
                is_targeted=self.is_targeted(now),
                is_reachable=False,
                opening=self.opening(now),
                run=self._run(now),
            )
        run = self._run(now)
        revision = 2 if run is Run.SUCCEEDED else 1
        written = 2 if run is Run.SUCCEEDED else None
        is_judged = not any(end <= now < end + self.judged_after for _, end in self.away)
        self.seen = Seen(
            self.is_targeted(now), is_reachable, now, self.opening(now), run=run, written=written, revision=revision,
            healthy_since=self.healthy_since(now) if is_judged else None, is_judged=is_judged,
        )  # fmt: skip
        return self.seen

    def _run(self, now: datetime) -> Run | None:
        """The worker cannot tell the end of a run while the cluster is away."""
        if self.ends_at is None:
            return None
        if now < self.ends_at or not self.is_reachable(now):
            return Run.OPEN if self.seen is None or self.seen.run in (None, Run.OPEN) else self.seen.run
        return Run.SUCCEEDED if self.succeeds else Run.FAILED

    def is_down_because_of_us(self, now: datetime) -> bool:
        return self.touched and self.works and self.is_targeted(now) and self.healthy_since(now) is None

    def move(self, now: datetime) -> None:
        self.moved_at, self.touched = now, True
        if self.seen is not None:
            self.seen = replace(self.seen, run=Run.OPEN)


@dataclass(frozen=True)
class Step:
    """An advance, with what it was computed from."""

    before: RolloutState
    known: Known
    advanced: Advance

    @property
    def after(self) -> RolloutState:
        return self.advanced.rollout


@dataclass
class Fleet:
    random: Random
    rollout: RolloutState
    targets: dict[int, Target]
    approves_at: datetime
    results: Mapping[tuple[int, str], tuple[timedelta, CheckVerdict]]
    """How long each check takes, and its result."""
    now: datetime = START
    advances: list[Advance] = field(default_factory=list)
    asked: dict[tuple[int, str], datetime] = field(default_factory=dict)
    """When the rollout began to wait for each check."""

    @classmethod
    def of(cls, seed: int) -> "Fleet":
        random = Random(seed)
        count = random.randint(1, 12)
        waves = tuple(Wave(_rule(random, number)) for number in range(random.randint(1, 4)))
        closed = random.choice([[], [], [], [(START, START + timedelta(minutes=30))]])
        targets = {number: _target(random, closed) for number in range(count)}
        members = {number: Member(random.randrange(len(waves))) for number in targets}
        budget = random.randint(1, count)
        rollout = RolloutState(waves, members, budget, DIGEST, author=AUTHOR, is_expedited=random.random() < 0.1)
        approves = START + timedelta(minutes=random.randint(0, 60))
        names = [(i, name) for i, wave in enumerate(waves) for name in (*wave.rule.checks_before, *wave.rule.checks)]
        return cls(random, rollout, targets, approves, {name: _result(random) for name in names})

    def known(self) -> Known:
        seen = {number: target.look(self.now) for number, target in self.targets.items()}
        decisions = []
        if self.now >= self.approves_at:
            decisions = [WaveDecision(wave, DIGEST, 2, True, self.now) for wave in range(len(self.rollout.waves))]
        return Known(seen, self.now, decisions, {name: self._verdict(name) for name in self.asked})

    def _verdict(self, name: tuple[int, str]) -> CheckVerdict:
        takes, verdict = self.results[name]
        return verdict if self.now >= self.asked[name] + takes else CheckVerdict.RUNNING

    def advance(self) -> Advance:
        return self.step().advanced

    def step(self) -> Step:
        before, known = self.rollout, self.known()
        advanced = advance(before, known)
        for number in advanced.moves:
            self.targets[number].move(self.now)
        for name in advanced.checks:
            self.asked.setdefault(name, self.now)
        self.rollout = advanced.rollout
        self.advances.append(advanced)
        return Step(before, known, advanced)

    def steps(self) -> Iterator[Step]:
        """The advances from now until nothing happens any more.

        Raises:
            AssertionError: that does not end.
        """
        for _ in range(_STEPS):
            yield self.step()
            if not self.goes_on():
                return
        raise AssertionError("It does not end.")

    def supersede(self, *, is_expedited: bool) -> None:
        """Replaces the rollout by one of a newer generation, for which the targets in flight finish their moves."""
        older = self.rollout
        members = {
            number: replace(member, is_preceding=True, attempt=0) if member.state in IN_FLIGHT else Member(member.wave)
            for number, member in older.members.items()
        }
        waves = tuple(Wave(wave.rule) for wave in older.waves)
        self.rollout = RolloutState(*(waves, members, older.budget, DIGEST), author=AUTHOR, is_expedited=is_expedited)
        self.asked = {}

    def moments(self) -> list[datetime]:
        """When something happens in the world."""
        found = [self.approves_at]
        found += [begin + self.results[name][0] for name, begin in self.asked.items()]
        for target in self.targets.values():
            found += [moment for pair in target.away for moment in (*pair, pair[1] + target.judged_after)]
            found += [moment for pair in target.closed for moment in pair]
            if target.removed_at is not None:
                found.append(target.removed_at)
            if target.ends_at is not None:
                found += [target.ends_at, target.ends_at + (target.heals_after or timedelta(0))]
        return [moment for moment in found if moment > self.now]

    def goes_on(self) -> bool:
        """Lets time pass until something happens, in the world or by the rollout's own clock."""
        last = self.advances[-1]
        coming = self.moments() + ([last.next_at] if last.next_at else [])
        if not coming:
            return False
        self.now = min(coming)
        return True

    @property
    def has_ended(self) -> bool:
        return self.rollout.phase in ENDED and not any(m.state in IN_FLIGHT for m in self.rollout.members.values())


def _rule(random: Random, number: int) -> WaveRule:
    return WaveRule(
        f"wave-{number}",
        max_concurrent=Amount(random.choice([1, 2, 5])),
        max_failures=Amount(random.choice([0, 0, 1, 3])),
        max_deferred=random.choice([Amount(0), Amount(1), Amount(50, is_percentage=True)]),
        min_ready=timedelta(seconds=random.choice([0, 10, 60])),
        deadline=timedelta(minutes=random.choice([2, 15])),
        soak=timedelta(minutes=random.choice([0, 0, 5])),
        approvals=random.choice([None, None, Approvals()]),
        checks_before=random.choice([(), (), ("before",)]),
        checks=random.choice([(), (), ("after",)]),
    )


def _result(random: Random) -> tuple[timedelta, CheckVerdict]:
    others = [CheckVerdict.FAILED, CheckVerdict.INCONCLUSIVE, CheckVerdict.ERROR]
    verdict = CheckVerdict.PASSED if random.random() < 0.8 else random.choice(others)
    return timedelta(seconds=random.choice([1, 60, 600])), verdict


def _target(random: Random, closed: Sequence[tuple[datetime, datetime]]) -> Target:
    away = []
    if random.random() < 0.3:
        begin = START + timedelta(minutes=random.randint(-5, 40))
        away.append((begin, begin + timedelta(minutes=random.choice([1, 10, 60, 10_000_000]))))
    if random.random() < 0.2:
        begin = START + timedelta(minutes=random.randint(-5, 40))
        closed = [*closed, (begin, begin + timedelta(minutes=20))]
    return Target(
        works=random.random() < 0.85,
        takes=timedelta(seconds=random.choice([1, 20, 300, 3600])),
        succeeds=random.random() < 0.85,
        heals_after=random.choice([timedelta(0), timedelta(seconds=30), timedelta(minutes=5), None]),
        away=away,
        closed=closed,
        removed_at=START + timedelta(minutes=random.randint(0, 40)) if random.random() < 0.1 else None,
        judged_after=timedelta(seconds=random.choice([0, 5, 30])),
    )
