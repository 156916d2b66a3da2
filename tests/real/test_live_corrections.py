"""Objects that differ are set back to the manifest on a real API server."""

from typing import Any

import pytest
import yaml

from app.resources.correcting import Correction, Outcome, correct
from reconcilers.actions import correction
from tests.drift.looking import until_drift
from tests.plans.planned import applied, changes, made
from tests.real.fleet import Fleet, Hand
from tests.real.test_live_drift import edit
from tests.real.test_stored_plans import object_changes
from tests.resources.charts import chart
from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("kubernetes")

INGRESS = "apis/networking.k8s.io/v1/ingresses"
DEPLOYMENT = "apis/apps/v1/deployments"
WEBHOOK = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: "{{ .Release.Name }}"}
webhooks:
- name: absent.example.test
  clientConfig: {url: "https://absent.example.test/", caBundle: ""}
  sideEffects: None
  failurePolicy: Ignore
  timeoutSeconds: 5
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [absent.example.test], apiVersions: [v1], resources: [absent], operations: [CREATE]}]
"""
EXCLUSIVE = """
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      volumes: [{name: data, emptyDir: {}}]
      containers:
      - name: web
        image: registry.test/web:1
        ports: [{name: http, containerPort: 8080}]
        env: [{name: MODE, value: fast}]
        resources: {limits: {memory: 200Mi}}
        readinessProbe: {{ .Values.probe | default (dict "httpGet" (dict "path" "/" "port" 8080)) | toJson }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-twice"}
spec:
  replicas: 1
  selector: {matchLabels: {app: twice}}
  template:
    metadata: {labels: {app: twice}}
    spec:
      containers: [{name: web, image: "registry.test/web:1", env: [{name: A, value: "1"}, {name: A, value: "2"}]}]
"""
"""Objects in which a client can set fields that exclude those of the manifest, and one that cannot be applied."""
_OPERATIONS = """query ($id: ID!) { node(id: $id) { ... on Deployment { operations(first: 20) { nodes {
  kind state author results { action outcome state output error { code message } }
} } } } }"""
_EVENTS = "{ events(first: 200) { nodes { kind message } } }"


async def corrections(stack: Stack, deployment_id: str) -> list[Any]:
    """The operations that correct objects, the newest first."""
    found = (await stack.data(_OPERATIONS, id=deployment_id))["node"]["operations"]["nodes"]
    return [each for each in found if each["kind"] == "CORRECTION"]


async def until(hand: Hand, path: str, *steps: str | int, value: Any) -> Any:
    """The object, once the value at this place is as expected."""

    async def is_so() -> Any:
        found = place = await hand.find(path)
        for step in steps:
            place = place[step] if place is not None else None
        return found if found is not None and place == value else None

    return await eventually(is_so)


async def delete(hand: Hand, path: str) -> None:
    status, told = await hand.client.delete(hand._path(path))
    assert status == 200, told


async def test_objects_are_set_back_and_created_again_without_a_new_revision(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("deployment", "config-map", "secret", "ingress", version="2.0.0"))
    rules = [{"kind": "Ingress", "paths": ["/spec/rules/*/host"]}]
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="CORRECT", liveDriftIgnore=rules)
    await until_drift(stack, deployment_id, "NONE")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": release}
    scaler = {"metadata": {"name": release}, "spec": {"scaleTargetRef": reference, "maxReplicas": 5}}
    await hand.apply("apis/autoscaling/v2/horizontalpodautoscalers", scaler)

    await edit(hand, f"configmaps/{release}", {"data": {"tag": "9", "added": "by hand"}})
    found = await until(hand, f"configmaps/{release}", "data", "tag", value="1.0")
    assert found["data"]["added"] == "by hand"  # the manifest says nothing about it
    await until_drift(stack, deployment_id, "NONE")
    [operation] = await corrections(stack, deployment_id)
    assert (operation["state"], operation["author"]) == ("SUCCEEDED", None)
    [result] = operation["results"]
    assert (result["action"], result["outcome"]) == ("CORRECTION", "CORRECTED")
    assert result["output"] == f"ConfigMap {paris.namespace}/{release} reverted: /data/tag"

    container = {"name": "web", "image": "registry.test/other:1"}
    spec = {"replicas": 4, "template": {"spec": {"containers": [container]}}}
    await edit(hand, f"{DEPLOYMENT}/{release}", {"spec": spec})
    path = ("spec", "template", "spec", "containers", 0, "image")
    found = await until(hand, f"{DEPLOYMENT}/{release}", *path, value="registry.test/web:1.0")
    assert found["spec"]["replicas"] == 4  # an autoscaler sets them

    [rule] = (await hand.find(f"{INGRESS}/{release}"))["spec"]["rules"]
    rule["http"]["paths"][0]["path"] = "/other"
    await edit(hand, f"{INGRESS}/{release}", {"spec": {"rules": [{**rule, "host": "kept.test"}]}})
    place = ("spec", "rules", 0, "http", "paths", 0, "path")
    found = await until(hand, f"{INGRESS}/{release}", *place, value="/")
    assert found["spec"]["rules"][0]["host"] == "kept.test"  # an ignore rule covers it

    await delete(hand, f"secrets/{release}")
    await until(hand, f"secrets/{release}", "data", "password", value="Y2FuYXJ5LWluLXRoZS1jb2FsLW1pbmU=")
    await until_drift(stack, deployment_id, "NONE")
    assert [revision for revision, *_ in await hand.history(release)] == [1]
    told = str(await stack.data(_EVENTS))
    assert f"{release} on paris: Secret {release} was created again." in told
    assert f"{release} on paris: ConfigMap {release} was reverted after a change by kubectl-edit." in told
    assert "canary" not in told + str(await corrections(stack, deployment_id))


async def test_drift_is_found_and_set_back_where_an_apply_of_the_manifest_is_refused(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("config-map", version="2.0.0", exclusive=EXCLUSIVE))
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="REPORT")
    await until_drift(stack, deployment_id, "NONE")
    path, twice = f"{DEPLOYMENT}/{release}", f"{DEPLOYMENT}/{release}-twice"
    before = await hand.find(path)
    [container] = before["spec"]["template"]["spec"]["containers"]

    edited = {
        **container,
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "500Mi"}},
        "ports": [{"name": "http", "containerPort": 9090}],
        "env": [
            {"name": "MODE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "ADDED", "value": "by hand"},
        ],
        "readinessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 10},
    }
    volume = {"name": "data", "hostPath": {"path": "/data"}}
    template = {
        "metadata": {"annotations": {"added": "by hand"}},
        "spec": {"containers": [edited], "volumes": [volume]},
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    await edit(hand, path, {"spec": {"strategy": strategy, "paused": True, "template": template}})
    await edit(hand, f"services/{release}", {"spec": {"ports": [{"name": "http", "port": 81, "targetPort": 8080}]}})
    await edit(hand, twice, {"spec": {"replicas": 3}})
    edited_version = (await hand.find(path))["metadata"]["resourceVersion"]
    inner = "Deployment /spec/template/spec/containers/0"
    found = await until_drift(
        stack,
        deployment_id,
        "DRIFTED",
        "Deployment /spec/strategy/type",
        f"{inner}/env/0/value",
        *(f"{inner}/ports/0/containerPort", f"{inner}/readinessProbe/httpGet/path"),
        *(f"{inner}/readinessProbe/httpGet/port", f"{inner}/readinessProbe/httpGet/scheme"),
        f"{inner}/resources/limits/memory",
        "Deployment /spec/template/spec/volumes/0/emptyDir",
        "Deployment /spec/replicas",
        "Service /spec/ports/0/port",
    )
    field = found["differences"][-1]["field"]
    assert (field["wanted"], field["live"], field["changedBy"]) == (80, 81, "kubectl-edit")
    assert (await hand.find(path))["metadata"]["resourceVersion"] == edited_version

    await stack.update(deployment_id, liveDrift="CORRECT")
    await until_drift(stack, deployment_id, "NONE")
    spec = (await hand.find(path))["spec"]
    added = {"name": "ADDED", "value": "by hand"}
    assert spec["paused"] is True  # the manifest says nothing about it
    assert spec["template"]["metadata"]["annotations"] == {"added": "by hand"}
    assert spec["template"]["spec"]["containers"] == [{**container, "env": [*container["env"], added]}]
    assert spec["strategy"] == before["spec"]["strategy"]
    assert spec["template"]["spec"]["volumes"] == before["spec"]["template"]["spec"]["volumes"]
    [port] = (await hand.find(f"services/{release}"))["spec"]["ports"]
    assert port["port"] == 80
    assert (await hand.find(twice))["spec"]["replicas"] == 1
    assert {each["state"] for each in await corrections(stack, deployment_id)} == {"SUCCEEDED"}

    probe = {"exec": {"command": ["true"]}}
    plan = await made(stack, update={"id": deployment_id, "values": {"probe": probe}})
    place = "/spec/template/spec/containers/0/readinessProbe"
    action, fields = object_changes(plan)[f"Deployment {release}"]
    assert (action, {name for name, *_ in fields}) == (
        "CHANGE",
        {f"{place}/exec/command", f"{place}/httpGet/path", f"{place}/httpGet/port"},
    )


async def test_an_injected_ca_bundle_stays_when_another_field_is_set_back(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("config-map", version="2.0.0", webhook=WEBHOOK))
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="CORRECT")
    await until_drift(stack, deployment_id, "NONE")
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{release}"
    bundle = yaml.safe_load(hand.member.kubeconfig)["clusters"][0]["cluster"]["certificate-authority-data"]
    client = {"url": "https://absent.example.test/", "caBundle": bundle}
    found = (await hand.client.get(path))[1]
    webhook = found["webhooks"][0] | {"clientConfig": client}
    assert (await hand.client.patch(path, {"webhooks": [webhook]}))[0] == 200
    assert (await hand.client.patch(path, {"webhooks": [webhook | {"timeoutSeconds": 9}]}))[0] == 200

    async def is_set_back() -> bool:
        [live] = (await hand.client.get(path))[1]["webhooks"]
        assert live["clientConfig"]["caBundle"] == bundle
        return bool(live["timeoutSeconds"] == 5)

    await eventually(is_set_back)
    await until_drift(stack, deployment_id, "NONE")
    assert len(await corrections(stack, deployment_id)) == 1
    assert (await hand.client.delete(path))[0] == 200


async def test_an_object_that_is_changed_again_and_again_is_contested_until_a_user_acts(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("config-map", "secret", version="2.0.0"))
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="CORRECT")
    await until_drift(stack, deployment_id, "NONE")
    for tag in ("8", "9"):
        await edit(hand, f"configmaps/{release}", {"data": {"tag": tag}})
        if tag == "8":
            await until(hand, f"configmaps/{release}", "data", "tag", value="1.0")
            await until_drift(stack, deployment_id, "NONE")
    contested = await until_drift(stack, deployment_id, "CONTESTED", "ConfigMap /data/tag")
    assert contested["differences"][0]["contestedUntil"] is not None
    assert len(await corrections(stack, deployment_id)) == 1
    assert f"ConfigMap {release} of {release} on paris differs" in str(await stack.data(_EVENTS))

    await delete(hand, f"secrets/{release}")  # another object does not wait
    await until(hand, f"secrets/{release}", "kind", value="Secret")
    await until_drift(stack, deployment_id, "CONTESTED", "ConfigMap /data/tag")

    await delete(hand, f"secrets/{release}")
    await until_drift(stack, deployment_id, "CONTESTED", "ConfigMap /data/tag", "Secret")
    plan = await made(stack, reconcile={"id": deployment_id})
    assert plan["counts"] == [{"action": "CORRECTION", "count": 1}]
    expected = {f"ConfigMap {release}": ("CHANGE", [("/data/tag", "9", "1.0", "kubectl-edit")])}
    assert object_changes(plan) == expected | {f"Secret {release}": ("CREATE", [])}
    await edit(hand, f"configmaps/{release}", {"data": {"tag": "10"}})
    found = f"The ConfigMap {paris.namespace}/{release} on paris was changed."
    assert changes(await applied(stack, plan)) == [("OBJECT", "paris", found)]
    answer = await applied(stack, await made(stack, reconcile={"id": deployment_id}))
    operation = await stack.settled(answer)
    assert [each["action"] for each in operation["results"]] == ["CORRECTION"]
    await until(hand, f"configmaps/{release}", "data", "tag", value="1.0")
    await until(hand, f"secrets/{release}", "kind", value="Secret")
    await until_drift(stack, deployment_id, "NONE")
    plan = await made(stack, reconcile={"id": deployment_id})
    assert (plan["counts"], object_changes(plan)) == ([{"action": "NONE", "count": 1}], {})

    await edit(hand, f"configmaps/{release}", {"data": {"tag": "7"}})
    await until_drift(stack, deployment_id, "CONTESTED", "ConfigMap /data/tag")
    await edit(hand, f"configmaps/{release}", {"data": {"tag": "1.0"}})
    await until_drift(stack, deployment_id, "NONE")


async def test_a_correction_meets_another_edit_the_loss_of_its_worker_and_an_upgrade_by_hand(
    paris: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    await stack.upload(chart("config-map", "secret", "ingress", version="2.0.0"))
    deployment_id = await paris.deployed(version="2.0.0", liveDrift="CORRECT")
    await until_drift(stack, deployment_id, "NONE")

    async def until_ended(number: int) -> Any:
        """The result of the correction with this number. Another one may follow that finds nothing to do: the drift is
        compared again before the observer has read what changed meanwhile."""

        async def has_ended() -> Any:
            found = (await corrections(stack, deployment_id))[::-1][number - 1 : number]
            return found[0]["results"][0] if found and found[0]["state"] == "SUCCEEDED" else None

        return await eventually(has_ended)

    confirmed: list[Any] = []

    async def edited_before_the_write(member: Any, held: Any, scrubber: Any, confirm: Any) -> Correction:
        async def confirm_and_edit() -> None:
            await confirm()
            if not confirmed:
                await edit(hand, f"configmaps/{release}", {"data": {"tag": "10"}})
            confirmed.append(await hand.find(f"configmaps/{release}"))

        return await correct(member, held, scrubber, confirm_and_edit)

    monkeypatch.setattr(correction, "correct", edited_before_the_write)
    await edit(hand, f"configmaps/{release}", {"data": {"tag": "9"}})
    assert (await until_ended(1))["outcome"] == "CORRECTED"
    # The first write was refused, because the object had changed; it was compared again.
    assert [each["data"]["tag"] for each in confirmed] == ["10", "10"]
    assert confirmed[0]["metadata"]["resourceVersion"] == confirmed[1]["metadata"]["resourceVersion"]
    await until_drift(stack, deployment_id, "NONE")

    async def lost_after_the_write(*given: Any) -> Correction:
        monkeypatch.setattr(correction, "correct", correct)
        assert (await correct(*given)).outcome is Outcome.SET_BACK
        raise RuntimeError("lost after the write")

    monkeypatch.setattr(correction, "correct", lost_after_the_write)
    await edit(hand, f"secrets/{release}", {"stringData": {"password": "another"}})
    assert (await until_ended(2))["outcome"] == "UNCHANGED"
    await until_drift(stack, deployment_id, "NONE")

    async def upgraded_before_the_write(*given: Any) -> Correction:
        await hand("upgrade", release, hand.chart("1.0.0"))
        return await correct(*given)

    monkeypatch.setattr(correction, "correct", upgraded_before_the_write)
    await delete(hand, f"{INGRESS}/{release}")
    assert (await until_ended(3))["outcome"] == "UNCHANGED"
    assert await hand.find(f"{INGRESS}/{release}") is None  # the chart of the upgrade has none
    assert [revision for revision, *_ in await hand.history(release)] == [1, 2]
