"""What a member refuses for good: it is tried once, makes one revision at most, and the error names what refuses."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import yaml

from tests.kubernetes.member import Member
from tests.real.fleet import Fleet, outcomes, upload_files
from tests.real.test_rich_chart import DEFINITION, WIDGET
from tests.sample_charts import chart_files
from tests.stack import eventually

pytestmark = [pytest.mark.xdist_group("kubernetes"), pytest.mark.foretold]

NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]

JOB = """
apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ .Release.Name }}-before"
  annotations: {helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: before-hook-creation}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {polyhelm.test/phase: Succeeded}}
    spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
"""
LARGE = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: "larges.{{ .Release.Name }}.example"}
spec:
  group: "{{ .Release.Name }}.example"
  names: {kind: Large, plural: larges, singular: large}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, description: {{ repeat 1700000 "x" | quote }}}
"""


def webhook(name: str, namespace: str) -> dict[str, Any]:
    """It has to allow each change of a ConfigMap in the namespace, and its server is away."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "policy.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
                "timeoutSeconds": 5,
                "clientConfig": {"service": {"name": "policy", "namespace": namespace}},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"]}
                ],
            }
        ],
    }


async def test_a_webhook_that_is_away_fails_an_update_once_and_is_named(new_fleet: NewFleet, oslo: Member) -> None:
    async with new_fleet(oslo) as fleet:
        hand = fleet.hands["oslo"]
        await upload_files(fleet.stack, chart_files("hooked") | {"templates/before.yaml": JOB}, "hooked")
        deployment_id = await fleet.deployed(chart="charts/hooked")
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        status, told = await hand.client.post(path, webhook(fleet.release, fleet.namespace))
        assert status == 201, told
        try:
            operation = await fleet.updated(deployment_id, values={"name": "boutique"})
            job = await hand.find(f"apis/batch/v1/jobs/{fleet.release}-before")
            await asyncio.sleep(3 * fleet.stack.services.settings.sweep_every)
            assert await hand.find(f"apis/batch/v1/jobs/{fleet.release}-before") == job
        finally:
            await hand.client.delete(f"{path}/{fleet.release}")
        assert outcomes(operation) == {"oslo": ("UPGRADE", "FAILED")}
        error = operation["results"][0]["error"]
        assert (error["code"], error["attempts"]) == ("cluster_refused", 1)
        assert error["message"].startswith(
            f"The webhook policy.example.com (service policy in namespace {fleet.namespace}) must approve"
            f" configmaps/{fleet.release}, but does not answer: "
        )
        assert [entry[1] for entry in await hand.history(fleet.release)] == ["deployed", "failed"]


async def test_an_object_that_is_too_large_for_the_members_store_fails_once(paris: Fleet) -> None:
    await upload_files(paris.stack, chart_files("large") | {"templates/large.yaml": LARGE}, "large")
    answer = await paris.create(chart="charts/large")
    operation = await paris.stack.settled(answer)
    assert outcomes(operation) == {"paris": ("INSTALL", "FAILED")}
    error = operation["results"][0]["error"]
    assert (error["code"], error["attempts"]) == ("cluster_refused", 1)
    assert error["message"].endswith("etcdserver: request is too large")
    assert "customresourcedefinitions" in error["message"]
    assert [entry[1] for entry in await paris.hands["paris"].history(paris.release)] == ["failed"]


async def test_a_conversion_webhook_that_is_away_fails_an_update_once_and_is_named(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    """Helm can't read the objects that it is to change."""
    group = f"g{secrets.token_hex(4)}.test"
    definition = yaml.safe_load(DEFINITION.replace("GROUP", group))
    definition["spec"]["versions"].append(definition["spec"]["versions"][0] | {"name": "v1beta1", "storage": False})
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    widget = WIDGET.replace("GROUP/v1", f"{group}/v1beta1")
    async with new_fleet(members["paris"]) as fleet:
        hand = fleet.hands["paris"]
        files = chart_files("converted", values="colour: red\n") | {"templates/widget.yaml": widget}
        await upload_files(fleet.stack, files, "converted")
        assert (await hand.client.post(path, definition))[0] == 201
        widgets = f"/apis/{group}/v1beta1/namespaces/{fleet.namespace}/widgets"

        async def answers(status: int) -> Any:
            return (await hand.client.get(f"{widgets}/{fleet.release}"))[0] == status

        await eventually(lambda: answers(404))
        deployment_id = await fleet.deployed(chart="charts/converted")
        away = {"service": {"name": "converter", "namespace": fleet.namespace}}
        webhook = {"conversionReviewVersions": ["v1"], "clientConfig": away}
        conversion = {"spec": {"conversion": {"strategy": "Webhook", "webhook": webhook}}}
        assert (await hand.client.patch(f"{path}/widgets.{group}", conversion))[0] == 200
        try:
            await eventually(lambda: answers(500))
            operation = await fleet.updated(deployment_id, values={"colour": "blue"})
            assert outcomes(operation) == {"paris": ("UPGRADE", "FAILED")}
            (error,) = (result["error"] for result in operation["results"])
            assert (error["code"], error["attempts"]) == ("cluster_refused", 1)
            assert f"(service converter in namespace {fleet.namespace})" in error["message"]
            assert [revision for revision, *_ in await hand.history(fleet.release)] == [1, 2]
        finally:
            none = {"spec": {"conversion": {"strategy": "None", "webhook": None}}}
            await hand.client.patch(f"{path}/widgets.{group}", none)
            await eventually(lambda: answers(200))
        assert outcomes(await fleet.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}
        await hand.client.delete(f"{path}/widgets.{group}")


SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}"}
stringData: {a: {{ toJson .Values.a }}, b: {{ b64dec "aHVudGVyMi1jYW5hcnk=" | quote }}}
"""


async def test_a_secret_that_its_api_server_refuses_is_not_quoted(paris: Fleet) -> None:
    """What the chart wrote into it is no secret of Polyhelm's, so that nobody would find it in the words."""
    await upload_files(
        paris.stack, chart_files("secretive") | {"templates/secret.yaml": SECRET, "values.yaml": "a: x\n"}, "secretive"
    )
    deployment_id = await paris.deployed(chart="charts/secretive")
    wrong = {"values": {"a": 5}}
    plan = (await paris.stack.update(deployment_id, **wrong, dryRun=True))["plan"]
    operation = await paris.updated(deployment_id, **wrong)
    told = [plan, operation, await paris.stack.targets(deployment_id)]
    assert outcomes(operation) == {"paris": ("UPGRADE", "FAILED")}
    for error in (plan["targets"][0]["error"], operation["results"][0]["error"]):
        assert error["code"] == "cluster_refused"
        assert "patch: Invalid value: (the object, which is not shown)" in error["message"]
    for form in ("hunter2-canary", "aHVudGVyMi1jYW5hcnk"):
        assert form not in str(told)
