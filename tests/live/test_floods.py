"""Members with more releases than are followed: they say so, and the releases of deployments are followed all the
same."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.core.errors import ActionError
from app.fleet.services import AllServices
from app.targets.sightings import Sighting
from reconcilers.observer import change_limiter
from reconcilers.observer.assignments import Assignment
from reconcilers.observer.change_limiter import ChangeLimiter
from reconcilers.observer.release_writer import ReleaseChange, ReleaseWriter
from simulator import Member
from tests.live import hands
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

NOTICE = (
    "It has more than 3 releases, which is the limit. The releases of deployments are followed; others beyond the limit"
    " are not listed."
)
CLUSTERS = "{ clusters { nodes { name reachability reachabilityMessage releases { name } } } }"


async def cluster(stack: Stack, name: str) -> Any:
    found = (await stack.data(CLUSTERS))["clusters"]["nodes"]
    return next(each for each in found if each["name"] == name)


async def says_so(stack: Stack, name: str) -> Any:
    async def looks() -> Any:
        found = await cluster(stack, name)
        is_told = (found["reachability"], found["reachabilityMessage"]) == ("REACHABLE", NOTICE)
        return found if is_told and len(found["releases"]) >= 3 else None

    return await eventually(looks)


async def test_a_flood_of_releases_is_not_listed_and_those_of_deployments_are_followed(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    async with new_stack(cluster_releases=3, unreachable_after=120, confirm_every=240) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.deployed(releaseName="shop")
        for number in range(8):
            hands.copy(paris, "shop", f"flood-{number}")
        await says_so(stack, "paris")

        late = await stack.deployed(releaseName="late")  # which comes to a member that is full
        hands.upgrade(paris, "late", {"a": 1})
        assert (await stack.until_status(late, "paris", "STALE"))["revision"] == 2
        names = {release["name"] for release in (await cluster(stack, "paris"))["releases"]}
        assert len(names) == 4
        assert {"shop", "late"} < names

        for secret in hands.copies(paris):
            berlin.put("secrets", secret | {"metadata": {**secret["metadata"], "resourceVersion": ""}})
        answer = await stack.register("berlin", berlin.kubeconfig)  # a list tells all of them at once
        assert "cluster" in answer, answer
        found = await says_so(stack, "berlin")
        assert len(found["releases"]) == 3


def test_thousands_of_changes_of_one_organization_leave_room_for_those_of_another() -> None:
    writer = ReleaseWriter(cast(AllServices, SimpleNamespace(settings=SimpleNamespace(organization_share=75))))

    async def never() -> Sighting | None:
        raise AssertionError

    def fail(_: ActionError) -> None:
        raise AssertionError

    def tell(organization_id: int, number: int) -> None:
        key = (organization_id, "default", f"shop-{number}")
        gate = asyncio.Semaphore()
        writer.put(
            ReleaseChange(Assignment(organization_id, 1), organization_id, key, None, gate, never, lambda: None, fail)
        )

    for number in range(2000):
        tell(1, number)
    tell(2, 0)
    found = writer._next()
    assert [change.organization_id for change in found].count(1) == 250
    assert [change.key for change in found if change.organization_id == 2] == [(2, "default", "shop-0")]
    assert all(map(writer._take, found))
    assert len(writer._next()) == 500


async def test_a_watch_that_sends_too_much_is_read_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, waits = [100.0], list[tuple[float, float]]()

    async def sleep(seconds: float) -> None:
        waits.append((clock[0], round(seconds, 3)))
        clock[0] += seconds

    monkeypatch.setattr(change_limiter, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(change_limiter, "asyncio", SimpleNamespace(sleep=sleep))
    allowed = ChangeLimiter(rate=10, burst=50)
    await allowed.take("paris", 50)
    assert waits == []
    await allowed.take("paris", 20)
    await allowed.take("lima", 50)  # others are not held up
    assert waits == [(100.0, 2.0)]
    clock[0] += 60
    await allowed.take("paris", 50)
    assert len(waits) == 1
