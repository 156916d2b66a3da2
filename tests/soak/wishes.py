"""What is wanted, by what the API acknowledged and nothing else."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.faults.records import Revision

_STATUS = {
    "deployed": "DEPLOYED",
    "uninstalled": "DELETED",
    "superseded": "SUPERSEDED",
    "failed": "FAILED",
    "uninstalling": "DELETING",
    "pending-install": "PENDING_INSTALL",
    "pending-upgrade": "PENDING_UPGRADE",
    "pending-rollback": "PENDING_ROLLBACK",
}


REGIONS = ("north", "south")


def region_of(cluster: str) -> str:
    """The region with which a cluster is registered."""
    return REGIONS[sum(map(ord, cluster)) % len(REGIONS)]


@dataclass(frozen=True)
class State:
    """One generation: what `updateDeployment` is given. `selected` has overrides by selector, weakest first, each with
    the region that it selects. If `region` is given, the targets are chosen by a selector for it."""

    version: str
    number: int
    overrides: dict[str, int]
    targets: frozenset[str]
    selected: tuple[tuple[str, int], ...] = ()
    region: str | None = None

    def values(self, cluster: str) -> dict[str, Any]:
        number = self.number
        for region, selected in self.selected:
            if region == region_of(cluster):
                number = selected
        return {"n": self.overrides.get(cluster, number)}

    def among(self, members: Iterable[str]) -> "State":
        """The state with the targets that a change gives it while these clusters are members of the group."""
        if self.region is None:
            return self
        targets = frozenset(name for name in members if region_of(name) == self.region)
        overrides = {name: number for name, number in self.overrides.items() if name in targets}
        return replace(self, targets=targets, overrides=overrides)

    def given(self) -> dict[str, Any]:
        overrides = [{"cluster": name, "values": {"n": number}} for name, number in sorted(self.overrides.items())]
        selected = [{"select": {"region": [region]}, "values": {"n": number}} for region, number in self.selected]
        targets = {"targets": sorted(self.targets)}
        return {
            "version": self.version,
            "values": {"n": self.number},
            "valueOverrides": overrides,
            "selectorOverrides": selected,
            **(targets if self.region is None else {"targetSelector": {"region": [self.region]}}),
        }


@dataclass(eq=False)
class Wish:
    """One deployment. Its steps are asked for one after the other."""

    name: str
    id: str
    state: State
    generations: list[State] = field(default_factory=list)
    asked: dict[str, list[int]] = field(default_factory=dict)
    """By cluster, the values of `n` that were wanted there, in order."""
    touched: set[str] = field(default_factory=set)
    """Where somebody else has changed the release since all was well."""
    left: set[str] = field(default_factory=set)
    """Where the release was given up."""
    unwanted_since: dict[str, float] = field(default_factory=dict)
    """By cluster, when it was asked for that there is no release any more."""
    changed_until: dict[str, float] = field(default_factory=dict)
    """By cluster, when the last Helm that another user ran there ended."""
    operations: list[str] = field(default_factory=list)
    is_deleted: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take(self, state: State) -> None:
        """The API has acknowledged this."""
        self.unwant(self.state.targets - state.targets)
        self.state = state
        self.generations.append(state)
        for cluster in state.targets:
            self.asked.setdefault(cluster, []).append(state.values(cluster)["n"])

    def unwant(self, clusters: Iterable[str]) -> None:
        """The release is to be removed from these clusters."""
        self.unwanted_since |= dict.fromkeys(clusters, time.monotonic())

    def came_back(self, cluster: str, revisions: list[Revision]) -> bool:
        """Whether a Helm that another user ran has written the newest revision after the release was to be removed."""
        since = self.unwanted_since.get(cluster, float("inf"))
        return "hand" in revisions[-1].values and self.changed_until.get(cluster, 0.0) > since

    def status(self, cluster: str, revisions: list[Revision]) -> str:
        """What its status is to be, by what is on the member."""
        if not revisions:
            return "NOT_INSTALLED"
        newest = revisions[-1]
        if newest.values != self.state.values(cluster) or newest.chart != f"web-{self.state.version}":
            return "STALE"
        return _STATUS[newest.status]

    def goes_back(self, cluster: str, revisions: list[Revision]) -> str | None:
        """Whether an older value was written over a newer one, and which."""
        asked, at = self.asked.get(cluster, []), 0
        for revision in revisions:
            if revision.description.startswith("Rollback") or "hand" in revision.values:
                continue
            number = revision.values.get("n")
            try:
                at = asked.index(number, at)
            except ValueError:
                return f"revision {revision.number} has n={number}, out of the order {asked[at:]}"
        return None
