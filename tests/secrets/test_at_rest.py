"""Where secrets must not lie: on the disks of a worker that was killed, and in what another organization is told."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.core.settings import Settings
from simulator import Member
from tests.reconcilers.test_crashes import crash, finished
from tests.secrets.test_canaries import files, found, postgres
from tests.secrets.test_keeping import REFERENCE, made
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

PASSWORD = "canary-at-rest-5f2e"


@pytest.mark.parametrize("step", ["Helm started", "Helm ended"])
async def test_a_worker_that_is_killed_leaves_no_secret_on_a_disk_or_in_the_database(
    new_stack: NewStack, simulated: Callable[[str], Member], servers: Settings, tmp_path: Path, step: str
) -> None:
    """The files of Postgres and Redis are searched, too: their logs, journals and pages of deleted rows."""
    paris = simulated("paris")
    canaries = [PASSWORD, paris.token]
    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await made(stack, data={"password": PASSWORD})
        answer = await stack.create(releaseName="shop", valuesFrom=[REFERENCE])
        await crash(stack, step)
        async with stack.services.database.sessions() as session:
            await session.execute(text("CHECKPOINT"))
        assert {
            "disks": found(canaries, files(tmp_path)),
            "servers": found(canaries, files(servers.data_dir)),
            "database": found(canaries, await postgres(stack)),
        } == {"disks": [], "servers": [], "database": []}
        assert (await finished(stack, answer))["state"] == "SUCCEEDED"
        assert found(canaries, files(tmp_path)) == []


async def test_a_second_organization_with_the_same_cluster_is_told_nothing_of_a_releases_values(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    await made(stack, data={"password": PASSWORD})
    await stack.deployed(releaseName="shop", values={"plain": "canary-plain-5f2e"}, valuesFrom=[REFERENCE])
    await stack.mutate("createOrganization", "__typename", name="second")
    answer = await stack.register("paris", paris.kubeconfig, organization="second")
    assert "cluster" in answer, answer

    async def both() -> Any:
        rows = await stack.services.database.rows(text("SELECT values FROM release WHERE name = 'shop'"))
        return rows if len(rows) == 2 else None

    kept = await eventually(both)
    assert sorted(row.values is None for row in kept) == [False, True]
    assert found([PASSWORD], await postgres(stack)) == []
