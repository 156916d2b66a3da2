"""What users and strangers do, chosen at random."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from tests.soak.installation import GROUP, VERSIONS, Installation
from tests.soak.user import Refused
from tests.soak.wishes import REGIONS, State, Wish, region_of

MOST = 6
"""Deployments at once."""


@dataclass
class Step:
    """One step, with all that chance decides. `number` is the value that it asks for."""

    number: int
    kind: str
    chance: random.Random
    told: str = ""


@dataclass
class World:
    """What there is, as the tests know it."""

    installation: Installation
    wishes: list[Wish] = field(default_factory=list)
    members: set[str] = field(default_factory=set)
    """The clusters of the group."""
    group: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who changes the group, or relies on its members."""

    @property
    def alive(self) -> list[Wish]:
        return [wish for wish in self.wishes if not wish.is_deleted]


async def create(world: World, step: Step) -> None:
    chance = step.chance
    if len(world.alive) >= MOST or not world.members:
        return
    targets = frozenset(some(chance, world.members))
    state = State(chance.choice(VERSIONS), step.number, {}, targets)
    wish = Wish(f"r{step.number}", "", state)
    given = state.given() | {
        "group": GROUP,
        "chart": "charts/web",
        "namespace": next(iter(world.installation.sites.values())).namespace,
        "releaseName": wish.name,
        "driftPolicy": chance.choice(["REPORT", "CORRECT"]),
        "timeoutSeconds": 10,
        "idempotencyKey": f"step-{step.number}",
    }
    step.told = f"create {wish.name} on {sorted(targets)}"
    async with wish.turn:
        world.wishes.append(wish)
        try:
            answer = await world.installation.user.mutate("createDeployment", given)
        except Refused:
            world.wishes.remove(wish)
            raise
        wish.id = answer["deployment"]["id"]
        wish.operations.append(answer["operation"]["id"])
        wish.take(state)


async def change(world: World, step: Step, wish: Wish, state: State, told: str) -> None:
    """Updates to a state, which becomes what is wanted when it is acknowledged."""
    state = state.among(world.members)  # which can't change: that would need our turn
    wanted = f"n={state.number} {state.selected} {state.overrides} {state.version}"
    step.told = f"{told} {wish.name}: {wanted} on {sorted(state.targets)}, region {state.region}"
    given = state.given() | {"id": wish.id, "idempotencyKey": f"step-{step.number}"}
    if removed := len(wish.state.targets - state.targets):
        given["confirmRemoval"] = removed
    answer = await world.installation.user.mutate("updateDeployment", given)
    if answer["operation"]:
        wish.operations.append(answer["operation"]["id"])
    wish.take(state)


async def update(world: World, step: Step, wish: Wish) -> None:
    version = step.chance.choice(VERSIONS) if step.chance.random() < 0.3 else wish.state.version
    await change(world, step, wish, replace(wish.state, number=step.number, version=version), "update")


async def override(world: World, step: Step, wish: Wish) -> None:
    cluster = step.chance.choice(sorted(wish.state.targets))
    overrides = dict(wish.state.overrides)
    if cluster in overrides and step.chance.random() < 0.4:
        del overrides[cluster]
        state = replace(wish.state, overrides=overrides, number=step.number)
    else:
        state = replace(wish.state, overrides=overrides | {cluster: step.number})
    await change(world, step, wish, state, "override")


async def retarget(world: World, step: Step, wish: Wish) -> None:
    targets = frozenset(some(step.chance, world.members))  # which can't change: that would need our turn
    overrides = {name: number for name, number in wish.state.overrides.items() if name in targets}
    state = replace(wish.state, targets=targets, overrides=overrides, number=step.number, region=None)
    await change(world, step, wish, state, "retarget")


async def select(world: World, step: Step, wish: Wish) -> None:
    """Values for the clusters of a region, over those of earlier selectors; or none for any region."""
    region = step.chance.choice(REGIONS)
    kept = tuple(one for one in wish.state.selected if one[0] != region)
    selected = () if step.chance.random() < 0.2 else (*kept, (region, step.number))
    await change(world, step, wish, replace(wish.state, selected=selected, number=step.number), "select")


async def aim(world: World, step: Step, wish: Wish) -> None:
    """The members of a region become the targets. A cluster that joins the group later becomes one with the next
    change."""
    regions = sorted({region_of(name) for name in world.members})
    state = replace(wish.state, region=step.chance.choice(regions), number=step.number)
    await change(world, step, wish, state, "aim")


async def go_back(world: World, step: Step, wish: Wish) -> None:
    """An earlier generation is wanted again, as by `polyhelm deploy rollback`."""
    earlier = step.chance.choice(wish.generations)
    overrides = {name: number for name, number in earlier.overrides.items() if name in wish.state.targets}
    state = replace(earlier, targets=wish.state.targets, overrides=overrides, region=wish.state.region)
    await change(world, step, wish, state, "go back")


async def reconcile(world: World, step: Step, wish: Wish) -> None:
    step.told = f"reconcile {wish.name}"
    answer = await world.installation.user.mutate("reconcileDeployment", {"id": wish.id})
    wish.operations.append(answer["operation"]["id"])


async def delete(world: World, step: Step, wish: Wish, *, force: bool = False) -> None:
    step.told = f"delete {wish.name}{' by force' if force else ''}"
    wish.is_deleted = True
    wish.unwant(wish.state.targets)
    try:
        answer = await world.installation.user.mutate("deleteDeployment", {"id": wish.id, "force": force})
    except Refused as refused:
        if "not_found" in refused.code:  # an earlier try has done it, and its answer was lost
            wish.left |= wish.state.targets if force else set()
            return
        raise
    if answer["operation"]:
        wish.operations.append(answer["operation"]["id"])
    wish.left |= {one["clusterName"] for one in answer["abandoned"]}


async def force(world: World, step: Step, wish: Wish) -> None:
    await delete(world, step, wish, force=True)


async def regroup(world: World, step: Step) -> None:
    """A cluster leaves the group, or comes back to it."""
    names = sorted(world.installation.sites)
    name = step.chance.choice(names)
    members = world.members ^ {name}
    if not members:
        return
    step.told = f"group: {sorted(members)}"
    async with AsyncExitStack() as turns:
        for wish in list(world.wishes):
            await turns.enter_async_context(wish.turn)
        given: dict[str, Any] = {"id": world.installation.group_id, "members": sorted(members)}
        if members < world.members:
            given["confirmRemoval"] = 1
        await world.installation.user.mutate(
            "updateClusterGroup", given, "... on ClusterGroupPayload { clusterGroup { id } }"
        )
        world.members = members
        for wish in world.alive:
            overrides = {cluster: number for cluster, number in wish.state.overrides.items() if cluster in members}
            wish.unwant(wish.state.targets - members)
            wish.state = replace(wish.state, targets=wish.state.targets & members, overrides=overrides)


async def upgrade_by_hand(world: World, step: Step, wish: Wish) -> None:
    cluster = touched(step, wish, "helm upgrade")
    site = world.installation.sites[cluster]
    options = ["--reuse-values", "--set", f"hand={step.number}"]
    try:
        await site.by_helm("upgrade", wish.name, site.chart(), *options)
    finally:
        wish.changed_until[cluster] = time.monotonic()


async def roll_back_by_hand(world: World, step: Step, wish: Wish) -> None:
    cluster = touched(step, wish, "helm rollback")
    try:
        await world.installation.sites[cluster].by_helm("rollback", wish.name)
    finally:
        wish.changed_until[cluster] = time.monotonic()


async def uninstall_by_hand(world: World, step: Step, wish: Wish) -> None:
    await world.installation.sites[touched(step, wish, "helm uninstall")].by_helm("uninstall", wish.name)


async def delete_record(world: World, step: Step, wish: Wish) -> None:
    await world.installation.sites[touched(step, wish, "delete the newest record")].delete_newest(wish.name)


async def relabel(world: World, step: Step, wish: Wish) -> None:
    await world.installation.sites[touched(step, wish, "change the newest record's label")].relabel_newest(wish.name)


def touched(step: Step, wish: Wish, told: str) -> str:
    """A cluster on which somebody else changes the release."""
    cluster: str = step.chance.choice(sorted(wish.state.targets))
    wish.touched.add(cluster)
    step.told = f"by hand on {cluster}: {told} {wish.name}"
    return cluster


def some(chance: random.Random, names: set[str]) -> list[str]:
    """At least one of them."""
    ordered = sorted(names)
    return chance.sample(ordered, chance.randint(1, len(ordered)))


OfWish = Callable[[World, Step, Wish], Awaitable[None]]
OFTEN: dict[str, int] = {
    "create": 8,
    "update": 24,
    "override": 12,
    "retarget": 6,
    "select": 8,
    "aim": 4,
    "go_back": 5,
    "reconcile": 8,
    "delete": 4,
    "force": 2,
    "regroup": 2,
    "upgrade_by_hand": 10,
    "roll_back_by_hand": 4,
    "uninstall_by_hand": 4,
    "delete_record": 5,
    "relabel": 4,
}
_OF_WORLD: dict[str, Callable[[World, Step], Awaitable[None]]] = {"create": create, "regroup": regroup}
_OF_WISH: dict[str, OfWish] = {
    "update": update,
    "override": override,
    "retarget": retarget,
    "select": select,
    "aim": aim,
    "go_back": go_back,
    "reconcile": reconcile,
    "delete": delete,
    "force": force,
    "upgrade_by_hand": upgrade_by_hand,
    "roll_back_by_hand": roll_back_by_hand,
    "uninstall_by_hand": uninstall_by_hand,
    "delete_record": delete_record,
    "relabel": relabel,
}
_BY_HAND = {"upgrade_by_hand", "roll_back_by_hand", "uninstall_by_hand", "delete_record", "relabel"}


def chosen(seed: int, number: int) -> Step:
    """The step with this number: the same for the same seed."""
    chance = random.Random(f"{seed}/{number}")
    (kind,) = chance.choices(list(OFTEN), list(OFTEN.values()))
    return Step(number, kind, chance)


async def take(world: World, step: Step) -> None:
    """Does a step. What is done by hand does not wait for its turn."""
    if step.kind in _OF_WORLD:
        async with world.group:
            await _OF_WORLD[step.kind](world, step)
        return
    alive = [wish for wish in world.alive if wish.id and wish.state.targets]
    if not alive:
        return
    wish = step.chance.choice(alive)
    if step.kind in _BY_HAND:
        await _OF_WISH[step.kind](world, step, wish)
        return
    async with wish.turn:
        if not wish.is_deleted and wish.state.targets:
            await _OF_WISH[step.kind](world, step, wish)
