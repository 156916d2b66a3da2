"""The drift of live objects on a real API server, with its own defaulting, field ownership and dry runs."""

from typing import Any

import pytest

from tests.drift.looking import drift_of, until_drift
from tests.real.fleet import Fleet, Hand
from tests.resources.charts import chart
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")

KINDS = ("apis/apps/v1/deployments", "configmaps", "secrets", "apis/networking.k8s.io/v1/ingresses")


async def versions(hand: Hand, release: str) -> dict[str, Any]:
    """The resource version of each object of the release."""
    found = {kind: await hand.find(f"{kind}/{release}") for kind in KINDS}
    return {kind: each and each["metadata"]["resourceVersion"] for kind, each in found.items()}


async def edit(hand: Hand, path: str, patch: Any) -> None:
    """Changes an object as `kubectl edit` does."""
    status, told = await hand.client.patch(hand._path(path), patch, fieldManager="kubectl-edit")
    assert status == 200, told


async def test_an_edit_by_hand_is_shown_with_its_author_and_nothing_is_written(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("deployment", "config-map", "secret", "ingress", version="2.0.0"))
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="REPORT")
    await until_drift(stack, deployment_id, "NONE")
    config = await hand.find(f"configmaps/{release}")
    [managed] = config["metadata"]["managedFields"]
    assert (managed["manager"], managed["operation"]) == ("helm", "Update")

    await edit(hand, f"configmaps/{release}", {"data": {"tag": "9", "added": "by hand"}})
    found = await until_drift(stack, deployment_id, "DRIFTED", "ConfigMap /data/tag")
    [difference] = found["differences"]
    field = difference["field"]
    assert (field["wanted"], field["live"], field["changedBy"]) == ("1.0", "9", "kubectl-edit")
    assert field["changedAt"] is not None
    assert (found["drifted"], found["notChecked"]) == (1, 0)

    await edit(hand, f"secrets/{release}", {"stringData": {"password": "another-canary"}})
    masked = await until_drift(stack, deployment_id, "DRIFTED", "ConfigMap /data/tag", "Secret /data/password")
    assert "canary" not in str(masked)
    assert "YW5vdGhlci1jYW5hcnk" not in str(await drift_of(stack, deployment_id))

    path = f"apis/apps/v1/deployments/{release}"
    await edit(hand, path, {"metadata": {"annotations": {"team": "web"}}, "spec": {"replicas": 3}})
    drifted = ("ConfigMap /data/tag", "Deployment /spec/replicas", "Secret /data/password")
    await until_drift(stack, deployment_id, "DRIFTED", *drifted)
    status, told = await hand.client.delete(hand._path(f"apis/networking.k8s.io/v1/ingresses/{release}"))
    assert status == 200, told
    before = await versions(hand, release)
    await until_drift(stack, deployment_id, "DRIFTED", *drifted[:2], "Ingress", *drifted[2:])
    assert await versions(hand, release) == before

    rules = [{"kind": "ConfigMap", "paths": ["/data/*"]}, {"kind": "Deployment", "group": "apps", "paths": ["/spec"]}]
    answer = await stack.update(deployment_id, liveDriftIgnore=rules)
    assert answer["operation"] is None
    await until_drift(stack, deployment_id, "DRIFTED", "Ingress", "Secret /data/password")
    assert await versions(hand, release) == before
    await stack.update(deployment_id, liveDrift="OFF")
    await until_drift(stack, deployment_id, "OFF")


async def test_replicas_that_an_autoscaler_sets_are_left_alone(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("deployment", version="2.0.0"))
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="REPORT")
    await until_drift(stack, deployment_id, "NONE")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": release}
    scaler = {"metadata": {"name": release}, "spec": {"scaleTargetRef": reference, "maxReplicas": 5}}
    await hand.apply("apis/autoscaling/v2/horizontalpodautoscalers", scaler)
    await edit(hand, f"apis/apps/v1/deployments/{release}", {"spec": {"replicas": 4, "paused": True}})
    await until_ignored(paris, deployment_id)
    await until_drift(stack, deployment_id, "NONE")


async def until_ignored(fleet: Fleet, deployment_id: str) -> None:
    async def is_ignored() -> bool:
        found = await drift_of(fleet.stack, deployment_id)
        [target] = found["targets"]
        [node] = target["resources"]["nodes"]
        return [(each["path"], each["ignoredBy"]) for each in node["differences"]] == [
            ("/spec/replicas", f"HorizontalPodAutoscaler {fleet.release}")
        ]

    await eventually(is_ignored)
