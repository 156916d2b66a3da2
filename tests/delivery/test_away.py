"""Members that cannot be reached when it is their turn."""

from sqlmodel import col, select

from app.tables.clusters import Cluster, Reachability
from app.targets.reachability import write_reachability
from simulator import Member
from tests.delivery.asking import generations, records, rollout_of, states, until_phase, wave
from tests.stack import Stack, eventually


async def leave(stack: Stack, name: str, member: Member) -> None:
    """Has a member not answer, and writes what an observer would write after a minute without an answer."""
    member.faults.down = True
    asked = member.requests.total()

    async def is_noticed() -> bool:
        return member.requests.total() > asked

    await eventually(is_noticed)  # else the observer may write that it is reachable
    async with stack.services.transaction() as transaction:
        found = await transaction.session.execute(select(Cluster).where(col(Cluster.name) == name))
        id_ = found.scalar_one().id
        await write_reachability(transaction, id_, Reachability.UNREACHABLE, "The API server cannot be reached.")


async def test_a_member_that_is_away_is_deferred_and_catches_up_to_the_current_generation(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    await leave(stack, "tokyo", fleet["tokyo"])
    strategy = {"waves": [wave("all", maxDeferred="50%")]}
    for generation in (2, 3):
        given = {"strategy": strategy} if generation == 2 else {}
        changed = await stack.update(shop, values={"replicas": generation}, **given)
        assert (await stack.settled(changed))["state"] == "SUCCEEDED"
        found = await until_phase(stack, shop, "SUCCEEDED")
        assert states(found) == {"paris": "READY", "berlin": "READY", "tokyo": "DEFERRED"}
    assert await generations(stack, shop) == {"paris": (3, 3), "berlin": (3, 3), "tokyo": (1, 1)}

    fleet["tokyo"].faults.down = False

    async def is_ready() -> bool:
        return states(await rollout_of(stack, shop))["tokyo"] == "READY"

    await eventually(is_ready)
    assert await generations(stack, shop) == dict.fromkeys(fleet, (3, 3))
    assert records(fleet["tokyo"]) == 2  # it never had the generation between
