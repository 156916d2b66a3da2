"""What a member refuses for good: it is tried once, makes one revision at most, and the error names what refuses."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.kubernetes.member import Member
from tests.real.fleet import Fleet, outcomes, upload_files
from tests.sample_charts import chart_files

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
            f"The webhook policy.example.com (service policy in namespace {fleet.namespace}) has to allow"
            f" configmaps/{fleet.release}, and does not answer: "
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
