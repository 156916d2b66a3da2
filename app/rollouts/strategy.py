"""The strategy of a rollout: its waves, their limits, and the budget of targets that may be unavailable at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.releases.selectors import Facts, Selector

REST = "rest"
"""The name of the last wave, for targets that no wave selects."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of targets, or a percentage of them. Percentages are rounded down."""

    number: int
    is_percentage: bool = False

    def of(self, total: int, *, at_least: int = 0) -> int:
        return max(at_least, total * self.number // 100 if self.is_percentage else self.number)


ALL = Amount(100, is_percentage=True)


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many users must approve, other than the author; an approval counts for `valid`."""

    required: int = 1
    valid: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class WaveRule:
    """One wave. Of the targets that no earlier wave has, it takes those that the selector selects, and of these at most
    `size`. It passes with at most `max_failures` failed and `max_deferred` targets that could not be reached."""

    name: str
    selector: Selector = field(default_factory=Selector)
    size: Amount = ALL
    max_concurrent: Amount = ALL
    max_failures: Amount = Amount(0)
    max_deferred: Amount = Amount(10, is_percentage=True)
    min_ready: timedelta = timedelta(seconds=10)
    deadline: timedelta = timedelta(minutes=15)
    soak: timedelta = timedelta(0)
    approvals: Approvals | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Strategy:
    """At most `max_unavailable` targets of the deployment are unavailable at once because of the rollout, in all its
    waves together; always at least one."""

    waves: tuple[WaveRule, ...] = ()
    max_unavailable: Amount = ALL

    def budget(self, targets: int) -> int:
        return self.max_unavailable.of(targets, at_least=1)


def assign(strategy: Strategy, clusters: Sequence[Facts]) -> tuple[tuple[WaveRule, ...], dict[str, int]]:
    """Returns the waves of a rollout, and the wave of each cluster by its name.

    A percentage of a wave is of all clusters, and at least one cluster.
    Clusters that no wave takes form a last wave, which has the limits of the last one of the strategy.
    """
    left = {cluster.name: cluster for cluster in sorted(clusters, key=lambda cluster: cluster.name)}
    waves, found = list[WaveRule](), dict[str, int]()
    for rule in strategy.waves:
        most = rule.size.of(len(clusters), at_least=1 if rule.size.is_percentage else 0)
        taken = [name for name, cluster in left.items() if rule.selector.matches(cluster)][:most]
        for name in taken:
            del left[name]
        found |= dict.fromkeys(taken, len(waves))
        waves.append(rule)
    if left or not waves:
        last = strategy.waves[-1] if strategy.waves else WaveRule(REST)
        found |= dict.fromkeys(left, len(waves))
        waves.append(rest_after(last))
    return tuple(waves), found


def rest_after(last: WaveRule) -> WaveRule:
    """A wave for targets that no wave takes, or that are added when all waves have begun."""
    return WaveRule(
        REST,
        max_concurrent=last.max_concurrent,
        max_failures=last.max_failures,
        max_deferred=last.max_deferred,
        min_ready=last.min_ready,
        deadline=last.deadline,
    )
