"""The health of a release's objects on a real API server, where the test plays the controllers."""

from typing import Any

import pytest

from tests.real.fleet import Fleet
from tests.resources.charts import chart
from tests.resources.looking import rows, until_health, until_rows
from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("kubernetes")

AVAILABLE = {
    "observedGeneration": 1,
    "replicas": 1,
    "updatedReplicas": 1,
    "readyReplicas": 1,
    "availableReplicas": 1,
    "conditions": [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ],
}
STALLED = {
    "observedGeneration": 1,
    "replicas": 1,
    "updatedReplicas": 1,
    "readyReplicas": 0,
    "availableReplicas": 0,
    "conditions": [
        {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"},
        {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "message": 'ReplicaSet "shop-1" has timed out progressing.',
        },
    ],
}


async def test_the_health_of_a_target_follows_its_objects(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("deployment", "config-map", "secret", "ingress", version="2.0.0"))
    await paris.deployed(version="2.0.0")
    progressing = await until_health(stack, "PROGRESSING", *await blamed(stack, "Deployment", release))
    assert progressing.status == "DEPLOYED"
    deployment = f"apis/apps/v1/deployments/{release}"
    await write_status(paris, deployment, AVAILABLE)
    await until_health(stack, "HEALTHY")
    found = await rows(stack)
    assert set(found) == {f"{kind}/{release}" for kind in ("ConfigMap", "Deployment", "Ingress", "Secret")}
    assert found[f"Ingress/{release}"].hosts == [f"{release}.shop.test"]
    await write_status(paris, deployment, STALLED)
    degraded = await until_rows(stack, lambda found: found[f"Deployment/{release}"].health == "DEGRADED")
    assert "has timed out progressing" in str(degraded[f"Deployment/{release}"].message)
    await write_status(paris, deployment, AVAILABLE)
    await until_health(stack, "HEALTHY")
    status, told = await hand.client.delete(f"/api/v1/namespaces/{paris.namespace}/configmaps/{release}")
    assert status == 200, told
    await until_health(stack, "MISSING", f"ConfigMap/{release}: NotFound")


async def blamed(stack: Stack, kind: str, name: str) -> list[str]:
    """How the only resource that is not healthy is named among the reasons."""
    found = await until_rows(stack, lambda found: f"{kind}/{name}" in found)
    return [f"{kind}/{name}: {found[f'{kind}/{name}'].reason}"]


async def write_status(fleet: Fleet, path: str, status: dict[str, Any]) -> None:
    """Writes an object's status as its controller would."""
    hand = fleet.hands["paris"]
    moment = {"lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    conditions = [{**moment, "message": "", **condition} for condition in status["conditions"]]
    answer, told = await hand.client.patch(
        hand._path(path) + "/status", {"status": status | {"conditions": conditions}}
    )
    assert answer == 200, told
