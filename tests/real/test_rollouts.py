"""Rollouts in three waves on real control planes: Helm tells what has reached which member."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.program.processes import run_observer, running
from app.tables.identity import Role
from reconcilers.worker import run_worker
from tests.delivery.asking import (
    APPROVAL,
    PAYLOAD,
    approve,
    holds,
    rollout_of,
    states,
    until_phase,
    until_states,
    until_verified,
    until_waiting,
    wave,
)
from tests.faults.failures import Hang
from tests.faults.proxy import Proxy
from tests.identity.callers import token_of
from tests.live.processes import process
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, upload_files
from tests.reconcilers.test_crashes import let_leases_end
from tests.sample_charts import chart_files

pytestmark = pytest.mark.xdist_group("kubernetes")

EXTRA = """{{ if .Values.extra }}
apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
{{ end }}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(new_fleet: NewFleet) -> AsyncIterator[Fleet]:
    """No member becomes unreachable because the machine is busy: its targets would be deferred."""
    async with new_fleet(unreachable_after=60) as opened:
        yield opened


def one_by_one(**given: Any) -> dict[str, Any]:
    """A strategy of three waves: first berlin, then paris, then tokyo."""
    return {"waves": [wave("first", count=1), wave("second", count=1), wave("third", maxDeferred="100%")]} | given


async def installed(fleet: Fleet) -> dict[str, Any]:
    """The values of the release on each member, as Helm tells them."""
    return {name: (await hand.values(fleet.release))["name"] for name, hand in fleet.hands.items()}


async def upgraded_in_order(fleet: Fleet) -> list[str]:
    """The members in the order in which Helm has written their present revision."""
    moments = {name: (await hand.listed())[fleet.release]["updated"] for name, hand in fleet.hands.items()}
    return sorted(moments, key=lambda name: str(moments[name]))


async def test_three_waves_move_one_after_the_other_also_where_somebody_upgrades_by_hand_and_a_failed_one_rolls_back(
    fleet: Fleet,
) -> None:
    stack, (paris, berlin, tokyo) = fleet.stack, (fleet.hands[name] for name in ("paris", "berlin", "tokyo"))
    await upload_files(stack, chart_files(version="2.0.0") | {"templates/extra.yaml": EXTRA}, "web")
    shop = await fleet.deployed(values={"name": "one"})
    await until_verified(stack, shop)
    answer = await stack.update(shop, values={"name": "two"}, strategy=one_by_one())
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert await upgraded_in_order(fleet) == ["berlin", "paris", "tokyo"]
    assert await installed(fleet) == dict.fromkeys(fleet.hands, "two")

    # Somebody upgrades by hand: a target that is ready, and one that has not moved.
    strategy = one_by_one()
    strategy["waves"][1]["before"] = APPROVAL
    answer = await stack.update(shop, values={"name": "three"}, strategy=strategy)
    waiting = await until_waiting(stack, shop, "ApprovalGate", 1)
    assert await installed(fleet) == {"berlin": "three", "paris": "two", "tokyo": "two"}
    for hand in (berlin, paris):
        await hand("upgrade", fleet.release, hand.chart("2.0.0"), "--set", "name=mine")
    await until_states(stack, shop, {"berlin": "SETTLING", "paris": "BEHIND", "tokyo": "BEHIND"})
    await stack.mutate("deferTarget", PAYLOAD, rollout=waiting["id"], cluster="tokyo")
    assert "rollout" in await approve(stack, waiting, 1, await token_of(stack, Role.APPROVER))
    await fleet.reconciled(shop, targets=["berlin"])
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert states(await rollout_of(stack, shop)) == {"berlin": "READY", "paris": "READY", "tokyo": "DEFERRED"}
    assert await installed(fleet) == {"berlin": "three", "paris": "three", "tokyo": "two"}
    assert [revision for revision, _, _ in await paris.history(fleet.release)] == [1, 2, 3, 4]

    # The third wave fails. Each target returns to the generation that last worked on it.
    await tokyo.apply("configmaps", {"metadata": {"name": "extra"}})
    failing = one_by_one(rollBackOn=["TOO_MANY_FAILURES"])
    answer = await stack.update(shop, values={"name": "four", "extra": True}, strategy=failing)
    assert (await stack.settled(answer))["state"] == "FAILED"
    back = await until_phase(stack, shop, "SUCCEEDED")
    assert back["rollbackOf"] is not None
    assert [each["name"] for each in back["waves"]] == ["third", "second", "first"]
    assert await installed(fleet) == {"berlin": "three", "paris": "three", "tokyo": "two"}
    assert await upgraded_in_order(fleet) == ["tokyo", "paris", "berlin"]
    assert [each["generation"] for each in await holds(stack, shop)] == [4]


async def test_a_worker_killed_in_the_middle_of_a_wave_is_replaced_by_another_which_finishes_the_rollout(
    new_fleet: NewFleet,
) -> None:
    async with (
        new_fleet(working=False, unreachable_after=60) as fleet,
        Proxy(fleet.hands["paris"].member.kubeconfig) as proxy,
    ):
        stack = fleet.stack
        clusters = (await stack.data("{ clusters { nodes { id name } } }"))["clusters"]["nodes"]
        [paris] = [each["id"] for each in clusters if each["name"] == "paris"]
        answer = await stack.mutate("updateCluster", "__typename", id=paris, kubeconfig=proxy.kubeconfig)
        assert answer["__typename"] == "ClusterPayload", answer
        async with running(run_observer(stack.services)):
            async with process(stack, "worker") as worker:
                shop = await fleet.deployed(values={"name": "one"})
                held = proxy.fault(Hang(), method="PATCH", path="/configmaps/")
                answer = await stack.update(shop, values={"name": "two"}, strategy=one_by_one())
                await held.hit()
                assert states(await rollout_of(stack, shop)) == {
                    "berlin": "READY",
                    "paris": "MOVING",
                    "tokyo": "BEHIND",
                }
                worker.kill()
                await worker.wait()
            held.lift()
            await let_leases_end(stack)
            async with running(run_worker(stack.services)):
                assert (await stack.settled(answer))["state"] == "SUCCEEDED"
        assert await installed(fleet) == dict.fromkeys(fleet.hands, "two")
        histories = {name: await hand.history(fleet.release) for name, hand in fleet.hands.items()}
        found = {name: [status for _, status, _ in history] for name, history in histories.items()}
        once = ["superseded", "deployed"]
        assert found == {"berlin": once, "paris": ["superseded", "failed", "deployed"], "tokyo": once}
