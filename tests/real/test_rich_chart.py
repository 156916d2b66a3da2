"""A chart with a values schema, hooks, a definition with a custom resource, and Pods that have to become ready.

Its hooks need controllers: oslo has them, and Pods that run. On paris and berlin an override leaves the Job out.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, Hand, outcomes, upload_files
from tests.sample_charts import chart_files

pytestmark = [pytest.mark.xdist_group("kubernetes"), pytest.mark.foretold]

VALUES = """
job: true
phase: Succeeded
workload: false
podPhase: Running
colour: red
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "job": {"type": "boolean"},
        "phase": {"enum": ["Succeeded", "Failed"]},
        "workload": {"type": "boolean"},
        "podPhase": {"type": "string"},
        "colour": {"type": "string", "maxLength": 5},
    },
    "additionalProperties": False,
}
JOB = """{{- if .Values.job }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {polyhelm.test/phase: {{ .Values.phase }}}}
    spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
{{- end }}
"""
NOTE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-note
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
data: {revision: "{{ .Release.Revision }}"}
"""
WIDGET = """apiVersion: GROUP/v1
kind: Widget
metadata: {name: {{ .Release.Name }}}
spec: {colour: {{ .Values.colour }}}
"""
WORKLOAD = """{{- if .Values.workload }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 2
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
      annotations: {polyhelm.test/phase: {{ .Values.podPhase }}}
    spec: {containers: [{name: main, image: none}]}
{{- end }}
"""
DEFINITION = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {colour: {type: string, enum: [red, blue, green, teal]}}}
"""


def rich_files(group: str) -> dict[str, str]:
    files = chart_files("rich", values=VALUES, schema=SCHEMA)
    del files["templates/config.yaml"]
    return files | {
        "templates/job.yaml": JOB,
        "templates/note.yaml": NOTE,
        "templates/widget.yaml": WIDGET.replace("GROUP", group),
        "templates/workload.yaml": WORKLOAD,
        "crds/widgets.yaml": DEFINITION.replace("GROUP", group),
    }


@pytest.fixture
def group() -> str:
    """The API group that the chart brings: one for each test, as definitions belong to a whole cluster."""
    return f"g{secrets.token_hex(4)}.test"


async def uploaded(fleet: Fleet, group: str) -> None:
    await upload_files(fleet.stack, rich_files(group), "rich")


async def without_definition(hands: Mapping[str, Hand], group: str) -> None:
    for hand in hands.values():
        await hand.client.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}")


@pytest.fixture
async def rich(new_fleet: NewFleet, members: Mapping[str, Member], oslo: Member, group: str) -> AsyncIterator[Fleet]:
    """A fleet of paris, berlin and oslo, with the chart uploaded."""
    async with new_fleet(members["paris"], members["berlin"], oslo) as fleet:
        await uploaded(fleet, group)
        try:
            yield fleet
        finally:
            await without_definition(fleet.hands, group)


@pytest.fixture
async def ready(new_fleet: NewFleet, oslo: Member, group: str) -> AsyncIterator[Fleet]:
    """A fleet of oslo alone, with the chart uploaded."""
    async with new_fleet(oslo) as fleet:
        await uploaded(fleet, group)
        try:
            yield fleet
        finally:
            await without_definition(fleet.hands, group)


def jobs_on_oslo_alone(**of_berlin: Any) -> list[dict[str, Any]]:
    return [
        {"cluster": "paris", "values": {"job": False}},
        {"cluster": "berlin", "values": {"job": False} | of_berlin},
    ]


async def colours(fleet: Fleet, group: str) -> dict[str, Any]:
    found = {name: await hand.find(f"apis/{group}/v1/widgets/{fleet.release}") for name, hand in fleet.hands.items()}
    return {name: widget and widget["spec"]["colour"] for name, widget in found.items()}


async def test_hooks_run_and_custom_resources_follow_their_definition_on_every_member(rich: Fleet, group: str) -> None:
    deployment_id = await rich.deployed(chart="charts/rich", valueOverrides=jobs_on_oslo_alone(colour="blue"))
    assert set((await rich.targets(deployment_id, "status", "revision")).values()) == {("DEPLOYED", 1)}
    assert await colours(rich, group) == {"paris": "red", "berlin": "blue", "oslo": "red"}
    oslo = rich.hands["oslo"]
    first = await oslo.find(f"apis/batch/v1/jobs/{rich.release}-migrate")
    assert first["status"]["succeeded"] == 1
    assert await rich.hands["paris"].find(f"apis/batch/v1/jobs/{rich.release}-migrate") is None
    assert (await rich.hands["paris"].find(f"configmaps/{rich.release}-note"))["data"] == {"revision": "1"}

    operation = await rich.updated(deployment_id, values={"colour": "green"})
    assert outcomes(operation) == {
        "paris": ("UPGRADE", "SUCCEEDED"),
        "berlin": ("NONE", "SUCCEEDED"),
        "oslo": ("UPGRADE", "SUCCEEDED"),
    }
    assert await colours(rich, group) == {"paris": "green", "berlin": "blue", "oslo": "green"}
    second = await oslo.find(f"apis/batch/v1/jobs/{rich.release}-migrate")
    assert second["status"]["succeeded"] == 1
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert (await rich.hands["paris"].find(f"configmaps/{rich.release}-note"))["data"] == {"revision": "2"}

    assert (await rich.stack.settled(await rich.stack.delete(deployment_id)))["state"] == "SUCCEEDED"
    assert await colours(rich, group) == {"paris": None, "berlin": None, "oslo": None}
    definition = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}"
    assert (await oslo.client.get(definition))[0] == 200  # as with Helm: it may hold the data of others


async def test_values_are_checked_against_the_schema_and_then_by_the_definition(rich: Fleet, group: str) -> None:
    answer = await rich.create(
        chart="charts/rich", values={"colour": "crimson", "size": 1}, valueOverrides=jobs_on_oslo_alone(phase="Odd")
    )
    assert (answer["__typename"], answer["code"]) == ("ValidationFailed", "invalid_input")
    paths = {tuple(problem["path"]) for problem in answer["problems"]}
    assert ("valueOverrides", "berlin", "phase") in paths
    assert any(path[-1:] == ("colour",) for path in paths)

    answer = await rich.create(chart="charts/rich", valueOverrides=jobs_on_oslo_alone(colour="pink"))
    operation = await rich.stack.settled(answer)
    assert outcomes(operation) == {
        "paris": ("INSTALL", "SUCCEEDED"),
        "berlin": ("INSTALL", "FAILED"),
        "oslo": ("INSTALL", "SUCCEEDED"),
    }
    target = (await rich.stack.targets(answer["deployment"]["id"]))["berlin"]
    assert (target["status"], target["error"]["code"]) == ("FAILED", "cluster_refused")
    assert 'Unsupported value: "pink"' in target["error"]["message"]

    operation = await rich.updated(answer["deployment"]["id"], valueOverrides=jobs_on_oslo_alone(colour="teal"))
    assert operation["state"] == "SUCCEEDED"
    assert await colours(rich, group) == {"paris": "red", "berlin": "teal", "oslo": "red"}


async def test_a_hook_that_fails_is_reported_and_is_run_again_by_the_update_that_fixes_it(ready: Fleet) -> None:
    answer = await ready.create(chart="charts/rich", values={"phase": "Failed"})
    operation = await ready.stack.settled(answer)
    assert outcomes(operation) == {"oslo": ("INSTALL", "FAILED")}
    target = (await ready.stack.targets(answer["deployment"]["id"]))["oslo"]
    assert (target["status"], target["revision"], target["error"]["attempts"]) == ("FAILED", 1, 1)
    assert "failed pre-install" in target["error"]["message"]

    operation = await ready.updated(answer["deployment"]["id"], values={})
    # An upgrade would run no install hooks: what was never deployed is installed again.
    assert outcomes(operation) == {"oslo": ("INSTALL", "SUCCEEDED")}, operation
    assert await ready.targets(answer["deployment"]["id"], "status", "revision") == {"oslo": ("DEPLOYED", 1)}


async def test_with_wait_and_atomic_a_release_that_is_never_ready_is_rolled_back(
    ready: Fleet,
) -> None:
    values = {"job": False, "workload": True}
    deployment_id = await ready.deployed(chart="charts/rich", values=values, wait=True, atomic=True)
    oslo = ready.hands["oslo"]
    workload = await oslo.find(f"apis/apps/v1/deployments/{ready.release}")
    assert workload["status"]["readyReplicas"] == 2

    operation = await ready.updated(deployment_id, values=values | {"podPhase": "Pending"}, timeoutSeconds=3)
    assert outcomes(operation) == {"oslo": ("UPGRADE", "FAILED")}
    assert operation["results"][0]["error"]["code"] == "helm_timed_out"
    target = (await ready.stack.targets(deployment_id))["oslo"]
    assert (target["status"], target["helmStatus"], target["revision"]) == ("STALE", "DEPLOYED", 3)
    assert [reason["path"] for reason in target["reasons"]] == ["podPhase"]
    assert target["error"]["attempts"] == 1
    assert [entry[1] for entry in await oslo.history(ready.release)] == ["superseded", "failed", "deployed"]
