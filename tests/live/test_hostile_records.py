"""Secrets that pose as Helm's records: each is told on its own target, and all else goes on."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import text

from app.core.repeating import lasting
from app.releases.canonical import digest
from app.releases.release import Observed
from app.targets.sightings import Sighting, forget_values
from reconcilers.observer.assignments import Assignment
from reconcilers.observer.release_writer import ReleaseChange, ReleaseWriter
from simulator import Member
from tests.live import hands
from tests.live.serving import Served
from tests.live.test_trouble import watched
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": value}
    return value


HOSTILE: dict[str, dict[str, Any]] = {
    "values 900 maps deep": {"config": nested(900)},
    "the year 9999": {"info": {"status": "deployed", "last_deployed": "9999-12-31T23:59:59-12:00"}},
    "a revision beyond 32 bits": {"version": 2**40},
    "U+0000 in a value": {"config": {"a": "\0"}},
    "many empty maps": {"config": {"a": [{}] * 300_000}},
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_record_is_reported_on_its_target_alone(
    stack: Stack, served: Served, simulated: Callable[[str], Member], case: str
) -> None:
    paris, lima = simulated("paris"), simulated("lima")
    async with watched(stack, served, paris=paris.kubeconfig, lima=lima.kubeconfig) as targets:
        hands.rewrite(paris, "shop", lambda record: record.update(HOSTILE[case]))
        found = await targets.next()
        assert (found["clusterName"], found["status"], found["helmStatus"]) == ("paris", "UNKNOWN", "DEPLOYED")
        [reason] = found["reasons"]
        assert reason["code"] == "UNREADABLE"
        assert reason["message"].startswith("Secret sh.helm.release.v1.shop.v1 holds no Helm release that can be read")
        assert found["cluster"] == {"reachability": "REACHABLE"}
        hands.upgrade(lima, "shop", {"a": 1})
        found = await targets.next()
        assert (found["clusterName"], found["status"], found["revision"]) == ("lima", "STALE", 2)
        hands.lose_newest(paris, "shop")
        await targets.until(clusterName="paris", status="NOT_INSTALLED")


async def test_a_release_that_the_database_refuses_is_unreadable_and_the_rest_of_its_batch_is_written(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    """As if the bounds of the reader had let something through."""
    await quiet.register("paris", simulated("paris").kubeconfig)
    [[cluster_id, token]] = await quiet.services.database.rows(text("SELECT id, observer_token FROM cluster"))
    writer, assignment, batch = ReleaseWriter(quiet.services), Assignment(cluster_id, token), {}
    for number in range(7):
        version = "1\0" if number in (2, 5) else "1"
        key = (cluster_id, "default", f"shop-{number}")
        release = Observed(key[2], "default", 2**40 if number == 3 else 1, "deployed", "web", version)

        async def never() -> Sighting | None:
            raise AssertionError

        change = ReleaseChange(assignment, 1, key, None, asyncio.Semaphore(), never, lambda: None, lambda error: None)
        batch[key] = change, Sighting(key, 7, release, "7")
    await writer._write_or_divide(batch)
    rows = await quiet.services.database.rows(text("SELECT name, chart_version, unreadable FROM release ORDER BY name"))
    unreadable = "?", "The release cannot be stored. See the observer's log."
    expected = [unreadable if number in (2, 3, 5) else ("1", None) for number in range(7)]
    assert [tuple(row) for row in rows] == [(f"shop-{number}", *rest) for number, rest in enumerate(expected)]


async def test_values_of_a_release_that_nobody_manages_are_not_kept(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with watched(stack, served, paris=paris.kubeconfig):
        hands.copy(paris, "shop", "other")
        hands.upgrade(paris, "other", {"password": "hunter2"})

        async def kept() -> Any:
            statement = text("SELECT revision, values, digest, chart_version FROM release WHERE name = 'other'")
            rows = await stack.services.database.rows(statement)
            return rows[0] if rows and rows[0].revision == 2 else None

        row = await eventually(kept)
        assert row.values is None
        assert row.digest != digest("web", row.chart_version, {"password": "hunter2"})
        releases = (await stack.data("{ clusters { nodes { releases { name revision chartName } } } }"))["clusters"]
        [cluster] = releases["nodes"]
        assert {"name": "other", "revision": 2, "chartName": "web"} in cluster["releases"]


async def test_values_are_forgotten_when_a_release_is_no_targets_any_more(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig)
    await quiet.services.database.rows(text("SELECT 1"))
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(
            text(
                "INSERT INTO release (cluster_id, namespace, name, revision, status, chart_name, chart_version, values,"
                " digest, resource_version) SELECT id, 'default', 'shop', 1, 'deployed', 'web', '1', '{\"a\": 1}',"
                " 'x', '1' FROM cluster"
            )
        )
    await forget_values(quiet.services)
    rows = await quiet.services.database.rows(text("SELECT values, digest FROM release"))
    assert [tuple(row) for row in rows] == [(None, b"")]


@pytest.mark.parametrize("error", [RecursionError, MemoryError, ValueError, OSError])
async def test_a_lasting_task_is_restarted_after_any_failure(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.repeating._FIRST_PAUSE", 0.01)
    runs = 0

    class Enough(BaseException):
        pass

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            raise Enough
        raise error

    with pytest.raises(Enough):
        await lasting("test", run)
