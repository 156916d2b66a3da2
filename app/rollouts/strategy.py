"""The strategy of a rollout: its waves, their limits, and the budget of targets that may be unavailable at once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from app.releases.selectors import ClusterFacts, Selector
from app.rollouts.durations import duration, text_of
from app.rollouts.states import Ending

REST = "rest"
"""The name of the last wave, for targets that no wave selects."""
_AMOUNT = re.compile(r"(\d{1,6})(%?)")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of targets, or a percentage of them. Percentages are rounded down."""

    number: int
    is_percentage: bool = False

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """Reads `5` or `10%`.

        Raises:
            ValueError: it is neither, or more than 100 %.
        """
        found = _AMOUNT.fullmatch(text)
        if found is None or (found[2] and int(found[1]) > 100):
            raise ValueError(f"{text!r} is not a number of targets such as 5, or a percentage such as 10%.")
        return cls(int(found[1]), bool(found[2]))

    def of(self, total: int, *, at_least: int = 0) -> int:
        return max(at_least, total * self.number // 100 if self.is_percentage else self.number)

    def __str__(self) -> str:
        return f"{self.number}%" if self.is_percentage else str(self.number)


ALL = Amount(100, is_percentage=True)


class OnNewer(StrEnum):
    """What happens to a rollout when the deployment gets a newer generation."""

    SUPERSEDE = "SUPERSEDE"  # the newer one begins at its first wave
    QUEUE = "QUEUE"  # the newer one begins when this one has ended
    REFUSE = "REFUSE"  # the change is refused


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many users must approve, other than the author, and the role that they need, if any; an approval counts for
    `valid`."""

    required: int = 1
    valid: timedelta = timedelta(days=7)
    role: str | None = None


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
    checks_before: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """The names of the checks that have to pass before the wave begins, and after its targets have moved."""

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "WaveRule":
        approvals = stored.get("approvals")
        return cls(
            name=stored["name"],
            selector=Selector.of_json(stored["select"]),
            approvals=None
            if approvals is None
            else Approvals(approvals["required"], duration(approvals["validFor"]), approvals["role"]),
            checks_before=tuple(check["name"] for check in stored.get("checksBefore", ())),
            checks=tuple(check["name"] for check in stored.get("checks", ())),
            size=Amount.parse(stored["size"]),
            max_concurrent=Amount.parse(stored["maxConcurrent"]),
            max_failures=Amount.parse(stored["maxFailures"]),
            max_deferred=Amount.parse(stored["maxDeferred"]),
            min_ready=duration(stored["minReady"]),
            deadline=duration(stored["deadline"]),
            soak=duration(stored["soak"]),
        )

    def as_json(self) -> dict[str, Any]:
        """The rule without the specifications of its checks, of which it knows only the names."""
        rule = self.approvals
        return {
            "name": self.name,
            "select": self.selector.as_json(),
            "size": str(self.size),
            "maxConcurrent": str(self.max_concurrent),
            "maxFailures": str(self.max_failures),
            "maxDeferred": str(self.max_deferred),
            "minReady": text_of(self.min_ready),
            "deadline": text_of(self.deadline),
            "soak": text_of(self.soak),
            "approvals": None
            if rule is None
            else {"required": rule.required, "validFor": text_of(rule.valid), "role": rule.role},
        }


@dataclass(frozen=True, slots=True)
class Strategy:
    """At most `max_unavailable` targets of the deployment are unavailable at once because of the rollout, in all its
    waves together; always at least one. A rollout that fails for one of the reasons in `rolls_back_on` is rolled
    back."""

    waves: tuple[WaveRule, ...] = ()
    max_unavailable: Amount = ALL
    on_newer: OnNewer = OnNewer.SUPERSEDE
    rolls_back_on: frozenset[Ending] = frozenset({Ending.CHECK_FAILED})

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Strategy":
        return cls(
            waves=tuple(map(WaveRule.of_json, stored["waves"])),
            max_unavailable=Amount.parse(stored["maxUnavailable"]),
            on_newer=OnNewer(stored["onNewer"]),
            rolls_back_on=frozenset(map(Ending, stored["rollBackOn"])),
        )

    def budget(self, targets: int) -> int:
        return self.max_unavailable.of(targets, at_least=1)


def stored_strategy(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A valid strategy as a deployment stores it: None if all targets are to move at once."""
    return dict(given) if given is not None and given["waves"] else None


def assign(strategy: Strategy, clusters: Sequence[ClusterFacts]) -> tuple[tuple[WaveRule, ...], dict[str, int]]:
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
