"""Which observer watches which member, under locks."""

import asyncio
from collections.abc import Callable

from sqlmodel import select

from app.tables.clusters import Cluster, Reachability
from app.targets.reachability import write_reachability
from reconcilers.observer.assignments import Assignment, still_ours
from simulator import Member
from tests.stack import Stack, eventually, waiting_for_locks


async def test_two_transactions_that_change_the_reachability_of_a_member_do_not_wait_for_each_other(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    """With locks that both can have at first, each would wait for the other one to give up its own."""
    await quiet.register("paris", simulated("paris").kubeconfig)
    [[cluster]] = await quiet.services.database.rows(select(Cluster))
    assignment = Assignment(cluster.id, cluster.observer_token)

    async def lose(message: str) -> None:
        async with quiet.services.transaction() as transaction:
            assert await still_ours(transaction.session, [assignment], changes=True) == {cluster.id}
            await write_reachability(transaction, cluster.id, Reachability.UNREACHABLE, message)

    async with quiet.services.transaction() as transaction:
        assert await still_ours(transaction.session, [assignment], changes=True) == {cluster.id}
        other = asyncio.create_task(lose("It does not answer."))
        await eventually(lambda: waiting_for_locks(quiet))
        await write_reachability(transaction, cluster.id, Reachability.UNREACHABLE, "It is slow.")
    await other
    [[found]] = await quiet.services.database.rows(select(Cluster))
    assert found.reachability_message == "It does not answer."
