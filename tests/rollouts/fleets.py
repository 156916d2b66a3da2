"""Random fleets on which rollouts run: their targets fail, hang, disappear and return. The clock is simulated."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from app.rollouts.approvals import WaveDecision
from app.rollouts.members import Member, Run, Seen
from app.rollouts.progress import Advance, Known, RolloutState, Wave, advance
from app.rollouts.states import ENDED, IN_FLIGHT
from app.rollouts.strategy import Amount, Approvals, WaveRule
from app.rollouts.windows import OPEN, Opening

START = datetime(2026, 1, 1, tzinfo=UTC)
AUTHOR = 1
DIGEST = "of-the-plan"
CLOSED = Opening(is_open=False, reason="No window allows changes now.")


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
            before = self.seen
            return replace(before, is_reachable=False, run=self._run(now))
        run = self._run(now)
        revision = 2 if run is Run.SUCCEEDED else 1
        written = 2 if run is Run.SUCCEEDED else None
        is_judged = not any(end <= now < end + self.judged_after for _, end in self.away)
        self.seen = Seen(
            True, is_reachable, now, OPEN, run=run, written=written, revision=revision,
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
        return self.touched and self.works and self.healthy_since(now) is None


@dataclass
class Fleet:
    random: Random
    rollout: RolloutState
    targets: dict[int, Target]
    closed_until: datetime
    approves_at: datetime
    now: datetime = START
    advances: list[Advance] = field(default_factory=list)

    @classmethod
    def of(cls, seed: int) -> "Fleet":
        random = Random(seed)
        count = random.randint(1, 12)
        waves = tuple(Wave(_rule(random, number)) for number in range(random.randint(1, 4)))
        targets = {number: _target(random) for number in range(count)}
        members = {number: Member(random.randrange(len(waves))) for number in targets}
        budget = random.randint(1, count)
        rollout = RolloutState(waves, members, budget, DIGEST, author=AUTHOR, is_expedited=random.random() < 0.1)
        closed = START + timedelta(minutes=random.choice([0, 0, 0, 30]))
        approves = START + timedelta(minutes=random.randint(0, 60))
        return cls(random, rollout, targets, closed, approves)

    def known(self) -> Known:
        seen = {number: target.look(self.now) for number, target in self.targets.items()}
        if self.now < self.closed_until:
            closed = Opening(is_open=False, reason=CLOSED.reason, until=self.closed_until)
            seen = {number: _with(each, closed) for number, each in seen.items()}
        decisions = []
        if self.now >= self.approves_at:
            decisions = [WaveDecision(wave, DIGEST, 2, True, self.now) for wave in range(len(self.rollout.waves))]
        return Known(seen, self.now, decisions)

    def advance(self) -> Advance:
        advanced = advance(self.rollout, self.known())
        for number in advanced.moves:
            target = self.targets[number]
            target.moved_at, target.touched = self.now, True
        self.rollout = advanced.rollout
        self.advances.append(advanced)
        return advanced

    def moments(self) -> list[datetime]:
        """When something happens in the world."""
        found = [self.closed_until, self.approves_at]
        for target in self.targets.values():
            found += [moment for pair in target.away for moment in (*pair, pair[1] + target.judged_after)]
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


def _with(seen: Seen, opening: Opening) -> Seen:
    return replace(seen, opening=opening)


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
    )


def _target(random: Random) -> Target:
    away = []
    if random.random() < 0.3:
        begin = START + timedelta(minutes=random.randint(-5, 40))
        away.append((begin, begin + timedelta(minutes=random.choice([1, 10, 60, 10_000_000]))))
    return Target(
        works=random.random() < 0.85,
        takes=timedelta(seconds=random.choice([1, 20, 300, 3600])),
        succeeds=random.random() < 0.85,
        heals_after=random.choice([timedelta(0), timedelta(seconds=30), timedelta(minutes=5), None]),
        away=away,
        judged_after=timedelta(seconds=random.choice([0, 5, 30])),
    )
