"""Changes of deployments without waves wait while the change windows of their targets are closed."""

from collections.abc import Callable
from typing import Any

import pytest_asyncio

from app.tables.identity import Role
from simulator import Member
from tests.identity.callers import token_of
from tests.plans.planned import applied, made
from tests.stack import Stack, eventually
from tests.windows.samples import FREEZE, frozen_now

TARGETS = """query ($id: ID!) { node(id: $id) { ... on Deployment { targets {
  clusterName status revision generation reasons { code message } activity { phase message until }
} } } }"""
HELD = "The window moving allows no changes: Moving house."


async def freeze(stack: Stack, **given: Any) -> str:
    """Closes a window over paris; returns its id."""
    given = FREEZE | frozen_now() | {"name": "moving", "cluster": "paris", "reason": "Moving house."} | given
    fields = "... on ChangeWindowPayload { changeWindow { id } }"
    id_: str = (await stack.mutate("setChangeWindow", fields, **given))["changeWindow"]["id"]
    return id_


async def thaw(stack: Stack, window: str) -> None:
    await stack.mutate("deleteChangeWindow", "__typename", id=window)


async def target_of(stack: Stack, shop: str, cluster: str = "paris") -> Any:
    targets = (await stack.data(TARGETS, id=shop))["node"]["targets"]
    return next(target for target in targets if target["clusterName"] == cluster)


async def until_held(stack: Stack, shop: str) -> Any:
    async def held() -> Any:
        target = await target_of(stack, shop)
        is_waiting = target["activity"] is not None and target["activity"]["phase"] == "WAITING_FOR_WINDOW"
        # The status is judged a moment after the activity has been stored.
        is_judged = any(reason["code"] == "WINDOW" for reason in target["reasons"])
        return target if is_waiting and is_judged else None

    return await eventually(held)


async def until_converged(stack: Stack, shop: str, generation: int, cluster: str = "paris") -> Any:
    async def converged() -> Any:
        target = await target_of(stack, shop, cluster)
        return target if target["generation"] == generation else None

    return await eventually(converged)


@pytest_asyncio.fixture(loop_scope="session")
async def shop(stack: Stack, simulated: Callable[[str], Member]) -> str:
    """A deployment on paris and berlin, of generation 1."""
    await stack.fleet({name: simulated(name).kubeconfig for name in ("paris", "berlin")})
    return await stack.deployed(releaseName="shop")


async def test_a_change_waits_until_the_window_opens_and_other_targets_move(stack: Stack, shop: str) -> None:
    window = await freeze(stack)
    await stack.update(shop, values={"replicas": 2})
    held = await until_held(stack, shop)
    assert (held["status"], held["revision"], held["generation"]) == ("STALE", 1, 1)
    until = held["activity"]["until"][:16].replace("T", " ")
    waits = f"Waiting for a change window, which opens at {until} UTC. {HELD}"
    assert held["activity"]["message"] == waits
    assert held["reasons"][-1] == {"code": "WINDOW", "message": waits}
    await until_converged(stack, shop, 2, "berlin")
    assert (await target_of(stack, shop))["revision"] == 1

    await thaw(stack, window)
    done = await until_converged(stack, shop, 2)
    assert (done["status"], done["revision"], done["reasons"], done["activity"]) == ("DEPLOYED", 2, [], None)


async def test_a_reconcile_of_the_present_generation_does_not_wait(stack: Stack, shop: str) -> None:
    await freeze(stack)
    assert (await stack.settled(await stack.reconcile(shop)))["state"] == "SUCCEEDED"


async def test_a_deletion_waits_too(stack: Stack, shop: str) -> None:
    window = await freeze(stack)
    answer = await stack.delete(shop)
    await until_held(stack, shop)
    await thaw(stack, window)
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"


async def test_a_rollback_waits_only_for_windows_that_block_rollbacks(stack: Stack, shop: str) -> None:
    answer = await stack.update(shop, values={"replicas": 2})
    await stack.settled(answer)
    await freeze(stack)
    plan = await made(stack, rollBack={"id": shop, "generation": 1})
    answer = await applied(stack, plan)
    assert answer["operation"]["kind"] == "ROLLBACK"
    done = await until_converged(stack, shop, 3)
    assert (done["status"], done["revision"]) == ("DEPLOYED", 3)
    await freeze(stack, blocksRollback=True)
    await applied(stack, await made(stack, rollBack={"id": shop, "generation": 2}))
    assert (await until_held(stack, shop))["revision"] == 3


async def test_an_override_needs_the_role_of_the_window_and_is_recorded_with_its_reason(
    stack: Stack, shop: str
) -> None:
    deployer = await token_of(stack, Role.DEPLOYER)
    await freeze(stack)
    answer = await stack.update(shop, values={"replicas": 2})
    operation = answer["operation"]["id"]
    await until_held(stack, shop)
    fields = "... on OperationPayload { operation { windowOverriddenBy windowOverrideReason } }"
    reason = "The shop is down."
    refused = await stack.mutate("overrideChangeWindows", fields, deployer, id=operation, reason=reason)
    assert (refused["__typename"], refused["code"], refused["message"]) == (
        "Forbidden",
        "window_not_overridable",
        "You may not override these change windows: moving (needs the role ADMIN).",
    )
    done = await stack.mutate("overrideChangeWindows", fields, id=operation, reason=reason)
    assert done["operation"] == {"windowOverriddenBy": "admin", "windowOverrideReason": reason}
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert (await target_of(stack, shop))["revision"] == 2
    events = await stack.data('{ events(kinds: ["operation.window_overridden"]) { nodes { message actor } } }')
    assert events["events"]["nodes"] == [
        {
            "message": "admin let the update of shop pass in spite of a change window: The shop is down.",
            "actor": "admin",
        }
    ]
    again = await stack.mutate("overrideChangeWindows", fields, id=operation, reason=reason)
    assert again["code"] == "not_held"


async def test_a_cancelled_change_waits_no_more_and_its_drift_is_not_corrected(stack: Stack, shop: str) -> None:
    window = await freeze(stack)
    answer = await stack.update(shop, values={"replicas": 2}, driftPolicy="CORRECT")
    await until_held(stack, shop)
    await until_converged(stack, shop, 2, "berlin")
    await stack.mutate("cancelOperation", "__typename", id=answer["operation"]["id"])
    target = await target_of(stack, shop)
    assert [reason["code"] for reason in target["reasons"]] == ["VALUES"]
    assert target["activity"] is None
    await thaw(stack, window)
    assert (await target_of(stack, shop))["revision"] == 1
