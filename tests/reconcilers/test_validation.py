"""Helm checks each manifest once, and nothing is kept of one that it could not check."""

import asyncio
from typing import Any, TypeVar

import pytest
from sqlmodel import SQLModel

from app.operations.work import Work
from app.releases.release import Desired
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.operations import Operation
from app.tables.targets import Target
from app.targets.leases import Lease
from reconcilers.actions.validation import KnownManifests

Row = TypeVar("Row", bound=SQLModel)


def row(table: type[Row], **columns: Any) -> Row:
    return table(**columns)


def work(release_name: str) -> Work:
    deployment = row(Deployment, release_name=release_name, namespace="default")
    cluster = row(Cluster, kubernetes_version="v1.34.4")
    archive, target = row(ChartArchive, digest="0" * 64), row(Target)
    operation, wanted = row(Operation), Desired("hello", "1.0.0", {})
    return Work(Lease(1, 1, 1), target, deployment, cluster, archive, operation, None, 1, wanted)


async def test_a_manifest_that_could_not_be_checked_leaves_nothing_behind_and_is_checked_next_time() -> None:
    known = KnownManifests()

    async def fail(release_name: str) -> None:
        async with known.checked_once(work(release_name)) as is_checked:
            assert is_checked
            raise LookupError

    for number in range(3):
        with pytest.raises(LookupError):
            await fail(f"shop-{number}")
    assert len(known._checking) == 0
    async with known.checked_once(work("shop-0")) as is_checked:
        assert is_checked


async def test_tasks_that_need_a_manifest_wait_while_it_is_being_checked() -> None:
    known, entered, leave = KnownManifests(), asyncio.Event(), asyncio.Event()

    async def run() -> bool:
        async with known.checked_once(work("shop")) as is_checked:
            entered.set()
            await leave.wait()
            return is_checked

    first = asyncio.create_task(run())
    await entered.wait()
    others = [asyncio.create_task(run()) for _ in range(3)]
    leave.set()
    assert [await task for task in (first, *others)] == [True, False, False, False]
    assert len(known._checking) == 0
