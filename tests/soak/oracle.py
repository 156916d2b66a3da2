"""What must hold once all is healed."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from app.helm.runs import _is_left_behind
from tests.faults.records import Revision
from tests.soak.installation import BYSTANDER, Installation
from tests.soak.steps import World
from tests.soak.wishes import Wish

QUIET_SECONDS = 240.0
"""How long all may take to come to rest, and to be told as it is."""
_LEFTOVER_SECONDS = 90.0
_MOST_MEGABYTES = 500

Truth = dict[str, dict[str, list[Revision]]]  # by cluster and release


class Oracle:
    """Looks at the members and at what the API says. `failures` counts the results that have failed, by their code."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._installation: Installation = world.installation
        self._bystanders: Truth = {}
        self._known_folders: set[str] = set()
        self._undeletable: set[str] = set()
        """Deployments of which a deletion has failed."""
        self.failures: Counter[str] = Counter()

    async def begin(self) -> None:
        self._bystanders = {cluster: {BYSTANDER: found[BYSTANDER]} for cluster, found in (await self._truth()).items()}

    async def problems(self) -> list[str]:
        """What is not as it must be, once there was time enough. Releases that were changed by somebody else, or on
        which something failed, are reconciled after the first look."""
        found = await self._until_none(self._unrest)
        self._undeletable = {wish.name for wish in self._world.wishes if wish.is_deleted and await self._failed(wish)}
        found += await self._until_none(self._untrue)
        found += await self._lost()
        found += await self._reconcile()
        self._undeletable.clear()
        found += await self._until_none(self._unwanted)
        found += await self._strangers()
        found += await self._until_none(self._leftovers)
        self._known_folders |= await asyncio.to_thread(self._old_folders)
        found += self._memory()
        for wish in self._world.wishes:
            wish.touched.clear()
            wish.operations.clear()
        self._world.wishes = self._world.alive
        return found

    async def _until_none(self, look: Callable[[], Awaitable[list[str]]]) -> list[str]:
        """What a look still finds when the time is over."""
        end = time.monotonic() + QUIET_SECONDS
        while (found := await look()) and time.monotonic() < end:  # noqa: ASYNC110 - other processes set no Event
            await asyncio.sleep(0.3)
        return found

    async def _truth(self) -> Truth:
        names = list(self._installation.sites)
        found = await asyncio.gather(*(self._installation.sites[name].releases() for name in names))
        return dict(zip(names, found, strict=True))

    async def _unrest(self) -> list[str]:
        """Operations that have not ended, and leases that are held."""
        operations = await self._installation.rows(
            "SELECT o.id, o.kind, o.state, r.cluster_name, r.state AS result, r.error, d.release_name FROM operation o"
            " LEFT JOIN operation_result r ON r.operation_id = o.id AND r.state IN ('PENDING', 'RUNNING')"
            " LEFT JOIN deployment d ON d.id = o.deployment_id WHERE o.state IN ('PENDING', 'RUNNING')"
        )
        results = await self._installation.rows(
            "SELECT r.operation_id, r.cluster_name, r.error FROM operation_result r JOIN operation o"
            " ON o.id = r.operation_id WHERE r.state IN ('PENDING', 'RUNNING')"
            " AND o.state NOT IN ('PENDING', 'RUNNING')"
        )
        leases = await self._installation.rows("SELECT id, lease_owner FROM target WHERE lease_expires_at IS NOT NULL")
        return [
            *(f"an operation has not ended: {dict(row)}" for row in operations),
            *(f"a result is open though its operation has ended: {dict(row)}" for row in results),
            *(f"a lease is held: {dict(row)}" for row in leases),
        ]

    async def _untrue(self) -> list[str]:
        """Statuses that are not what the members say."""
        told, truth = await self._installation.user.targets(), await self._truth()
        found = []
        for wish in self._world.wishes:
            if wish.is_deleted:
                if wish.name in told and wish.name not in self._undeletable:
                    found.append(f"{wish.name} was deleted, and is still there: {told[wish.name]}")
                continue
            if set(told.get(wish.name, {})) != wish.state.targets:
                has = sorted(told.get(wish.name, {}))
                found.append(f"{wish.name} is to have the targets {sorted(wish.state.targets)}, and has {has}")
                continue
            for cluster, target in told[wish.name].items():
                if problem := _difference(wish, cluster, target, truth[cluster].get(wish.name, [])):
                    found.append(problem)
        return found

    async def _lost(self) -> list[str]:
        """Changes that were acknowledged and are not there, though nothing failed and nobody else changed them; and
        older values that were written over newer ones."""
        truth, found = await self._truth(), []
        for wish in self._world.wishes:
            if wish.is_deleted:
                continue
            failed = await self._failed(wish)
            for cluster in wish.state.targets:
                revisions = truth[cluster].get(wish.name, [])
                if back := wish.goes_back(cluster, revisions):
                    found.append(f"{wish.name} on {cluster}: an older value came over a newer one: {back}; {revisions}")
                if cluster not in wish.touched | failed and wish.status(cluster, revisions) != "DEPLOYED":
                    wanted = wish.state.values(cluster), wish.state.version
                    found.append(f"{wish.name} on {cluster}: wanted {wanted} is lost, there is {revisions[-1:]}")
        return found

    async def _failed(self, wish: Wish) -> set[str]:
        """The clusters on which something failed."""
        found = set()
        for operation_id in wish.operations:
            operation = await self._installation.user.operation(operation_id)
            for result in operation["results"] if operation else ():
                if result["state"] == "FAILED":
                    found.add(result["clusterName"])
                    self.failures[f"{operation['kind']}: {result['error']['code']}"] += 1
        return found

    async def _reconcile(self) -> list[str]:
        """Has all that is not as wanted reconciled, and what should be gone deleted once more."""
        told, begun = await self._installation.user.targets(), []
        for wish in self._world.wishes:
            if wish.is_deleted and wish.name in told:
                answer = await self._installation.user.mutate("deleteDeployment", {"id": wish.id})
                begun.append((wish, answer["operation"]["id"]))
        for wish in self._world.alive:
            if any(target["status"] != "DEPLOYED" for target in told.get(wish.name, {}).values()):
                answer = await self._installation.user.mutate("reconcileDeployment", {"id": wish.id})
                begun.append((wish, answer["operation"]["id"]))
        found = await self._until_none(self._unrest)
        for wish, operation_id in begun:
            operation = await self._installation.user.operation(operation_id)
            if operation is None or operation["state"] not in ("SUCCEEDED", "SUPERSEDED"):
                found.append(f"{wish.name} can't be reconciled: {operation}")
        return found

    async def _unwanted(self) -> list[str]:
        """Releases that are not as wanted at the end, or that should not be there."""
        found, truth = await self._untrue(), await self._truth()
        for wish in self._world.wishes:
            for cluster in self._installation.sites:
                revisions = truth[cluster].get(wish.name, [])
                if wish.is_deleted or cluster not in wish.state.targets:
                    if revisions and cluster not in wish.left and wish.came_back(cluster, revisions):
                        wish.left.add(cluster)
                    elif revisions and cluster not in wish.left:
                        found.append(f"{wish.name} is to be gone from {cluster}, and is there: {revisions[-1]}")
                elif (status := wish.status(cluster, revisions)) != "DEPLOYED":
                    found.append(f"{wish.name} on {cluster} is {status} at the end: {revisions[-1:]}")
        return found

    async def _strangers(self) -> list[str]:
        """What is somebody else's is as it was."""
        truth = await self._truth()
        return [
            f"the release of somebody else's on {cluster} was touched: {truth[cluster].get(BYSTANDER)}"
            for cluster, before in self._bystanders.items()
            if truth[cluster].get(BYSTANDER) != before[BYSTANDER]
        ]

    async def _leftovers(self) -> list[str]:
        """Helm processes and their folders that nobody waits for any more; processes that have ended by themselves or
        are not ready."""
        found = [f"Helm {pid} still runs" for pid in await asyncio.to_thread(self._installation.helms)]
        found += [
            f"{part.name} has ended by itself" for part in self._installation.parts.values() if not part.is_running
        ]
        found += [] if await self._installation.user.is_ready() else ["the API is not ready"]
        folders = await asyncio.to_thread(self._old_folders) - self._known_folders
        return found + [f"the folder {folder} of a Helm run is left" for folder in sorted(folders)]

    def _old_folders(self) -> set[str]:
        oldest = time.time() - _LEFTOVER_SECONDS
        folders = (self._installation.folder / "data/cache/runs").glob("*")
        old = [folder for folder in folders if folder.is_dir() and _modified(folder) < oldest]
        return {folder.name for folder in old if _is_left_behind(folder)}

    def _memory(self) -> list[str]:
        sizes = {part.name: part.megabytes for part in self._installation.parts.values() if part.is_running}
        return [f"{name} holds {size} MB" for name, size in sizes.items() if size > _MOST_MEGABYTES]


def _modified(folder: Any) -> float:
    try:
        return float(folder.stat().st_mtime)
    except FileNotFoundError:
        return time.time()


def _difference(wish: Wish, cluster: str, target: Any, revisions: list[Revision]) -> str | None:
    status = wish.status(cluster, revisions)
    expected = (status, revisions[-1].number, revisions[-1].values) if revisions else (status, None, None)
    told = target["status"], target["revision"], target["values"] if revisions else None
    if told == expected:
        return None
    return f"{wish.name} on {cluster} is {expected}, and the API says {told} ({target['reasons']}, {target['error']})"
