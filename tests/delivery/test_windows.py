"""Rollouts ask the change windows before they move a target, and nothing asks them again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import REGISTRY

from app.delivery.advancing import advance_rollout
from app.jobs.rollouts import AdvanceRollout
from app.program.processes import run_observer, running
from app.tables.identity import Role
from reconcilers.housekeeping import Housekeeping
from reconcilers.worker import run_worker
from schema.relay.ids import row_id
from simulator import Member
from tests.delivery.asking import generations, register, rollout_of, states, until_waiting, waves
from tests.identity.callers import token_of
from tests.stack import Stack
from tests.windows.samples import FREEZE, frozen_now

GATES = ("WINDOW", "APPROVAL", "SOAK")


async def test_a_window_that_closes_after_a_rollout_has_moved_a_target_holds_only_the_next_ones(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, unreachable_after=60, member_timeout=60) as stack:
        await register(stack, {name: simulated(name) for name in ("paris", "berlin")})
        created = await stack.create(releaseName="shop", strategy=waves("paris", "berlin"))
        shop = created["deployment"]["id"]
        rollout = await rollout_of(stack, shop)
        await advance_rollout(stack.services, AdvanceRollout(rollout_id=row_id(rollout["id"], "Rollout")))
        assert states(await rollout_of(stack, shop)) == {"paris": "MOVING", "berlin": "BEHIND"}
        fields = "... on ChangeWindowPayload { changeWindow { id } }"
        frozen = await stack.mutate("setChangeWindow", fields, **FREEZE | frozen_now())
        async with running(run_worker(stack.services), run_observer(stack.services)):
            waiting = await until_waiting(stack, shop, "WindowGate")
            await Housekeeping(stack.services).count_rollouts()
            assert REGISTRY.get_sample_value("polyhelm_rollouts", {"phase": "WAITING"}) == 1
            held = {
                kind: REGISTRY.get_sample_value("polyhelm_rollout_waiting_targets", {"gate": kind}) for kind in GATES
            }
            assert held == {"WINDOW": 1, "APPROVAL": 0, "SOAK": 0}
            assert states(waiting) == {"paris": "READY", "berlin": "BEHIND"}
            assert await generations(stack, shop) == {"paris": (1, 1), "berlin": (None, None)}
            await stack.mutate("deleteChangeWindow", "__typename", id=frozen["changeWindow"]["id"])
            assert (await stack.settled(created))["state"] == "SUCCEEDED"
            assert await generations(stack, shop) == {"paris": (1, 1), "berlin": (1, 1)}


async def test_a_rollout_moves_in_spite_of_a_window_that_is_overridden(stack: Stack, fleet: dict[str, Member]) -> None:
    fields = "... on ChangeWindowPayload { changeWindow { id } }"
    await stack.mutate("setChangeWindow", fields, **FREEZE | frozen_now())
    created = await stack.create(releaseName="shop", strategy=waves("paris"))
    shop, operation = created["deployment"]["id"], created["operation"]["id"]
    await until_waiting(stack, shop, "WindowGate")
    override = "... on OperationPayload { operation { windowOverriddenBy } }"
    given = {"id": operation, "reason": "The shop is down."}
    deployer = await token_of(stack, Role.DEPLOYER)
    refused = await stack.mutate("overrideChangeWindows", override, deployer, **given)
    assert refused["code"] == "window_not_overridable"
    overridden = await stack.mutate("overrideChangeWindows", override, **given)
    assert overridden["operation"] == {"windowOverriddenBy": "admin"}
    assert (await stack.settled(created))["state"] == "SUCCEEDED"
    assert await generations(stack, shop) == dict.fromkeys(fleet, (1, 1))
    # The override was for one operation.
    await stack.update(shop, values={"replicas": 2})
    await until_waiting(stack, shop, "WindowGate")
    assert await generations(stack, shop) == dict.fromkeys(fleet, (1, 1))
