"""Connections are shared by all in a process, and replaced with what they depend on."""

from collections.abc import Callable

import pytest
from sqlmodel import select

from app.clusters.member import Member
from app.tables.clusters import Cluster
from simulator import Member as SimulatedMember
from tests.fleet.test_cluster_update import change
from tests.stack import Stack, eventually


async def member_of(stack: Stack) -> Member:
    ((cluster,),) = await stack.services.database.rows(select(Cluster))
    return stack.services.members.of(cluster)


async def test_a_connection_is_kept_until_credentials_or_name_change_and_closed_then(
    quiet: Stack, simulated: Callable[[str], SimulatedMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.clusters.members._GRACE_SECONDS", 0)
    paris = simulated("paris")
    await quiet.register("paris", paris.kubeconfig)
    first = await member_of(quiet)
    await change(quiet, "paris", region="eu", labels={"a": "b"})
    assert await member_of(quiet) is first
    paris.token = "new-token"
    await change(quiet, "paris", kubeconfig=paris.kubeconfig)
    second = await member_of(quiet)
    assert second is not first
    await change(quiet, "paris", name="lutetia")
    third = await member_of(quiet)
    assert third is not second
    assert await third.version() == paris.kubernetes_version

    async def are_closed() -> bool:
        return all(member._pool().api.rest_client.pool_manager.closed for member in (first, second))

    await eventually(are_closed)
    assert await member_of(quiet) is third
