"""Changes on members, one after the other without an end, each made once a subscriber was told of the one before."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from simulator import Member
from tests.live import hands
from tests.live.client import Subscription, socket

RELEASE = "shop"
TARGETS = """subscription ($deployment: ID) {
  targets(deployment: $deployment) { clusterName status revision helmStatus reasons { code path actual } }
}"""


class Ticker:
    """`told` has what a subscriber was told of each member after its first state: the revisions, in order."""

    def __init__(self, members: Mapping[str, Member], targets: Subscription) -> None:
        self.told: dict[str, list[int]] = {name: [] for name in members}
        self.made = {name: max(hands.revisions(member, RELEASE)) for name, member in members.items()}
        self.begun = dict(self.made)
        self._members = members
        self._targets = targets
        self._told_of = {name: asyncio.Event() for name in members}
        self._stopping = False

    async def ticks(self, count: int, *names: str) -> None:
        """Waits until so many more changes have been told, of each of these members (all, if none are named)."""
        for name in names or self._members:
            end = len(self.told[name]) + count
            while len(self.told[name]) < end:
                self._told_of[name].clear()
                await self._told_of[name].wait()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen())
            ticking = [group.create_task(self._tick(name)) for name in self._members]
            await asyncio.gather(*ticking)
            listening.cancel()

    def stop(self) -> None:
        """Has it end once the last change of each member has been told."""
        self._stopping = True

    async def _tick(self, name: str) -> None:
        while not self._stopping:
            self.made[name] = hands.upgrade(self._members[name], RELEASE, {"change": self.made[name]})
            while not self.told[name] or self.told[name][-1] < self.made[name]:
                self._told_of[name].clear()
                await self._told_of[name].wait()

    async def _listen(self) -> None:
        while True:
            found: Any = await self._targets.next(seconds=120)
            name, revision = found["clusterName"], found["revision"]
            if revision == self.begun[name]:
                continue  # the state with which the subscription begins
            assert (found["status"], found["helmStatus"]) == ("STALE", "DEPLOYED"), found
            assert [(reason["path"], reason["actual"]) for reason in found["reasons"]] == [("change", revision - 1)]
            self.told[name].append(revision)
            self._told_of[name].set()


@asynccontextmanager
async def ticking(url: str, members: Mapping[str, Member], deployment_id: str | None = None) -> AsyncIterator[Ticker]:
    """Changes while the block runs. After it, every change was told, in order."""
    async with socket(url) as opened:
        ticker = Ticker(members, await opened.subscribe(TARGETS, deployment=deployment_id))
        async with asyncio.TaskGroup() as group:  # which ends the block where a change is told wrongly
            group.create_task(ticker.run())
            yield ticker
            ticker.stop()
    for name, told in ticker.told.items():
        assert sorted(set(told)) == list(range(ticker.begun[name] + 1, ticker.made[name] + 1)), name
        assert told == sorted(told), name
