"""Hooks that never end, and workloads that never get ready, on members without controllers: nothing there ever ends."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.kubernetes.member import Member
from tests.operations.charts import with_hook, with_workload
from tests.operations.test_cancel import LONG, cancel
from tests.operations.test_slots import until_phase
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")


@pytest_asyncio.fixture(loop_scope="session")
async def hanging(new_fleet: NewFleet, members: Mapping[str, Member]) -> AsyncIterator[Fleet]:
    """Paris and berlin, with the charts; what is left of them is removed."""
    async with new_fleet(members["paris"], members["berlin"]) as fleet:
        for chart in (with_hook("pre-install"), with_workload()):
            await fleet.stack.upload(chart)
        yield fleet
        for hand in fleet.hands.values():
            for kind in ("batch/v1/namespaces/{}/jobs", "apps/v1/namespaces/{}/deployments"):
                await hand.client.delete("/apis/" + kind.format(fleet.namespace))


async def begun(fleet: Fleet, chart: str, **given: Any) -> Any:
    given = {"timeoutSeconds": LONG, "namespace": fleet.namespace, "releaseName": fleet.release} | given
    return await fleet.stack.create(chart=f"charts/{chart}", **given)


async def test_a_hook_that_never_ends_is_reported_and_a_delete_ends_it(hanging: Fleet) -> None:
    answer = await begun(hanging, "pre-install", targets=["paris"])
    found = await until_phase(hanging.stack, answer["deployment"]["id"], "HOOK")
    name = f"{hanging.release}-pre-install"
    assert (found["hook"]["kind"], found["hook"]["name"], found["hook"]["events"]) == ("Job", name, ["pre-install"])
    assert (await hanging.stack.settled(await hanging.stack.delete(answer["deployment"]["id"])))["state"] == "SUCCEEDED"
    (result,) = (await hanging.stack.settled(answer))["results"]
    assert result["state"] == "SUPERSEDED"
    assert f"The pre-install hook Job {name} had been running for " in result["error"]["message"]
    assert await hanging.hands["paris"].listed() == {}


async def test_workloads_that_never_get_ready_are_waited_for_side_by_side_and_cancelled(hanging: Fleet) -> None:
    answer = await begun(hanging, "waiting", wait=True)
    hands = hanging.hands

    async def both_wait() -> bool:
        pending = [[found["status"] for found in (await hand.listed()).values()] for hand in hands.values()]
        return pending == [["pending-install"], ["pending-install"]]

    await eventually(both_wait)
    await cancel(hanging.stack, answer)
    assert (await hanging.stack.settled(answer))["state"] == "CANCELLED"
    for name, hand in hands.items():
        assert [status for _, status, _ in await hand.history(hanging.release)] == ["failed"]
        await hanging.stack.until_status(answer["deployment"]["id"], name, "FAILED")
