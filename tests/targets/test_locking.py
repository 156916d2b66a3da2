"""Requests that remove what targets belong to, while a worker writes to such a target."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

import app
from simulator import Member
from tests.stack import Stack, eventually, waiting_for_locks


@pytest.mark.parametrize(
    ("mutation", "subject"), [("deleteDeployment", "shop"), ("removeCluster", "paris"), ("deleteClusterGroup", "fleet")]
)
async def test_a_removal_and_a_worker_that_writes_twice_to_a_target_both_succeed(
    quiet: Stack, simulated: Callable[[str], Member], mutation: str, subject: str
) -> None:
    """From its second update of a row on, a transaction locks the rows that the row refers to."""
    fleet = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    shop = (await quiet.create(releaseName="shop"))["deployment"]["id"]
    paris = (await quiet.data('query { cluster(name: "paris") { id } }'))["cluster"]["id"]
    ids = {"shop": shop, "paris": paris, "fleet": fleet}
    given = {"id": ids[subject], "force": subject != "shop"}
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE target SET attempts = 1"))
        removal = asyncio.create_task(quiet.mutate(mutation, "__typename", **given))
        await eventually(lambda: waiting_for_locks(quiet))
        await transaction.session.execute(text("UPDATE target SET attempts = 2"))
    kind = mutation[0].upper() + mutation[1:] + "Payload"
    assert (await removal)["__typename"] == {"DeleteDeploymentPayload": "DeploymentPayload"}.get(kind, kind)


def test_no_row_is_locked_against_rows_that_refer_to_it() -> None:
    """`FOR UPDATE` waits for each transaction that has updated such a row twice, and deadlocks with it."""
    root = Path(app.__file__).parent
    sources = {path: path.read_text() for path in root.rglob("*.py")}
    assert len(sources) > 100
    assert [path for path, source in sources.items() if "with_for_update()" in source] == []
    assert [path for path, source in sources.items() if "with_for_update=True" in source] == []
