"""Corrections of live objects that are cancelled, or that a member refuses. tests/real has them on API servers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.deployments.object_drift import start_corrections
from simulator import Member
from tests.drift.looking import until_drift
from tests.faults.failures import Hang, Wrong
from tests.faults.proxy import Proxy
from tests.faults.requests import Request
from tests.operations.test_cancel import cancel
from tests.resources.test_drift import CONFIG_MAPS, compared
from tests.resources.test_following import change
from tests.stack import Stack, eventually

OPERATIONS = """query ($id: ID!) { node(id: $id) { ... on Deployment { operations(first: 20) { nodes {
  id kind state results { action outcome state error { code message } }
} } targets { status error { code message } } } } }"""


def is_write(request: Request) -> bool:
    return request.agent == "polyhelm" and "dryRun" not in request.query


def tag(member: Member) -> str:
    [found] = member.objects("configmaps", namespace="default")
    return str(found["data"]["tag"])


async def corrections(stack: Stack, deployment_id: str) -> list[Any]:
    """The newest first."""
    found = (await stack.data(OPERATIONS, id=deployment_id))["node"]["operations"]["nodes"]
    return [each for each in found if each["kind"] == "CORRECTION"]


async def until_ended(stack: Stack, deployment_id: str, state: str) -> Any:
    """The only correction, once it has ended like this."""

    async def has_ended() -> Any:
        found = await corrections(stack, deployment_id)
        return found[0] if [each["state"] for each in found] == [state] else None

    return await eventually(has_ended)


async def test_a_correction_that_is_cancelled_writes_nothing_and_waits_for_a_user(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        deployment_id = await compared(stack, {"paris": proxy.kubeconfig}, liveDrift="CORRECT")
        await until_drift(stack, deployment_id, "NONE")
        writing = proxy.fault(Hang(), method="PATCH", path="/configmaps/shop", where=is_write)
        change(paris, CONFIG_MAPS, data={"tag": "9"})
        await writing.hit()
        [running] = await corrections(stack, deployment_id)
        assert running["state"] == "RUNNING"
        assert (await cancel(stack, {"operation": running}))["operation"]["cancelledBy"] == "admin"
        [result] = (await until_ended(stack, deployment_id, "CANCELLED"))["results"]
        assert (result["action"], result["error"]["code"]) == ("CORRECTION", "cancelled")
        proxy.heal()
        await start_corrections(stack.services)
        assert len(await corrections(stack, deployment_id)) == 1
        assert tag(paris) == "9"
        [target] = (await stack.data(OPERATIONS, id=deployment_id))["node"]["targets"]
        assert target["status"] == "DEPLOYED"
        await stack.settled(await stack.reconcile(deployment_id))
        await until_drift(stack, deployment_id, "NONE")
        assert tag(paris) == "1.0"


REFUSALS = {
    "lacks a permission": (403, "Forbidden", 'configmaps "shop" is forbidden: User "polyhelm" cannot patch it'),
    "is refused by a webhook": (400, "BadRequest", 'admission webhook "guard.test" denied the request: not today'),
}


@pytest.mark.parametrize(("code", "reason", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_a_correction_fails_with_the_words_of_the_api_server_and_waits_if_it(
    stack: Stack, simulated: Callable[[str], Member], code: int, reason: str, words: str
) -> None:
    paris = simulated("paris")
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason}
    refusal = json.dumps(status | {"message": words}).encode()
    async with Proxy(paris.kubeconfig) as proxy:
        deployment_id = await compared(stack, {"paris": proxy.kubeconfig}, liveDrift="CORRECT")
        await until_drift(stack, deployment_id, "NONE")
        proxy.fault(Wrong(code, refusal), method="PATCH", path="/configmaps/shop", where=is_write)
        change(paris, CONFIG_MAPS, data={"tag": "9"})
        [result] = (await until_ended(stack, deployment_id, "FAILED"))["results"]
        assert (result["action"], result["error"]["code"]) == ("CORRECTION", "cluster_refused")
        assert result["error"]["message"].startswith("ConfigMap shop: ")
        assert words in result["error"]["message"]
        contested = await until_drift(stack, deployment_id, "CONTESTED", "ConfigMap /data/tag")
        assert contested["differences"][0]["contestedUntil"] is not None
        assert tag(paris) == "9"
        proxy.heal()
        operation = await stack.settled(await stack.reconcile(deployment_id))
        assert [each["action"] for each in operation["results"]] == ["CORRECTION"]
        await until_drift(stack, deployment_id, "NONE")
        assert tag(paris) == "1.0"
