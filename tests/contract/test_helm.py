"""Real Helm does on a member of the simulator what it does on a real cluster."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .client import Client
    from .helm import Helm

# The simulator has to please both. A real cluster does anyway; of the Helm that Polyhelm brings along, all tests of
# Polyhelm on real members show it.
pytestmark = pytest.mark.parametrize(
    ("cluster", "helm_program"),
    [
        ("simulator", "newest"),
        ("simulator", "packaged"),
        pytest.param("kubernetes", "newest", marks=pytest.mark.xdist_group("kubernetes")),
    ],
    indirect=True,
    scope="session",
)

FILES = {
    "Chart.yaml": """
        apiVersion: v2
        name: shop
        version: 1.2.3
        appVersion: "9"
        """,
    "values.yaml": """
        replicas: 1
        greeting: hello
        hook: ""
        phase: ""
        broken: false
        widget: ""
        """,
    "templates/deployment.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: "{{ .Release.Name }}"}
        spec:
          replicas: {{ .Values.replicas }}
          selector: {matchLabels: {app: "{{ .Release.Name }}"}}
          template:
            metadata:
              labels: {app: "{{ .Release.Name }}"}
              annotations:
                greeting: "{{ .Values.greeting }}"
                {{- if and .Values.phase (not .Values.hook) }}
                polyhelm.test/phase: "{{ .Values.phase }}"
                {{- end }}
            spec: {containers: [{name: main, image: none, ports: [{containerPort: 80}]}]}
        """,
    "templates/service.yaml": """
        apiVersion: v1
        kind: Service
        metadata: {name: "{{ .Release.Name }}"}
        spec: {selector: {app: "{{ .Release.Name }}"}, ports: [{port: 80}]}
        """,
    "templates/configmap.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "{{ .Release.Name }}"}
        data: {greeting: "{{ .Values.greeting }}"}
        """,
    "templates/broken.yaml": """
        {{- if .Values.broken }}
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "Not_A_Name"}
        {{- end }}
        """,
    "templates/hook.yaml": """
        {{- if .Values.hook }}
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: "{{ .Release.Name }}-hook"
          annotations: {helm.sh/hook: "{{ .Values.hook }}", helm.sh/hook-delete-policy: before-hook-creation}
        spec:
          backoffLimit: 0
          template:
            metadata: {annotations: {polyhelm.test/phase: "{{ .Values.phase | default "Succeeded" }}"}}
            spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
        {{- end }}
        """,
    "templates/widget.yaml": """
        {{- if .Values.widget }}
        apiVersion: contract.test/v1
        kind: Widget
        metadata: {name: "{{ .Release.Name }}"}
        spec: {colour: "{{ .Values.widget }}"}
        {{- end }}
        """,
}
DEFINITION = """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: widgets.contract.test}
    spec:
      group: contract.test
      scope: Namespaced
      names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
      versions:
        - name: v1
          served: true
          storage: true
          schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    """


def write_chart(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    return str(folder)


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_chart(tmp_path_factory.mktemp("shop"), FILES)


@pytest.fixture(scope="session")
def chart_with_definition(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_chart(tmp_path_factory.mktemp("widgets"), {**FILES, "crds/widgets.yaml": DEFINITION})


async def releases(helm: Helm, namespace: str) -> list[tuple[str, str, str]]:
    """Name, revision and status, as `helm list` tells them."""
    listed = json.loads(await helm("list", "--all", "--namespace", namespace, "--output", "json"))
    return [(release["name"], release["revision"], release["status"]) for release in listed]


async def history(helm: Helm, namespace: str) -> list[tuple[int, str, str]]:
    told = json.loads(await helm("history", "web", "--namespace", namespace, "--output", "json"))
    return [(revision["revision"], revision["status"], revision["description"]) for revision in told]


async def resource(client: Client, path: str) -> Any:
    status, obj = await client.get(path)
    assert status == 200, obj
    return obj


async def test_a_release_lives_from_install_to_uninstall(
    helm: Helm, client: Client, namespace: str, chart: str
) -> None:
    wait = ("--namespace", namespace, "--wait", "--timeout", "30s")
    await helm("install", "web", chart, *wait)
    await helm("upgrade", "web", chart, *wait, "--set", "replicas=3,greeting=bye")
    assert await releases(helm, namespace) == [("web", "2", "deployed")]
    values = json.loads(await helm("get", "values", "web", "--namespace", namespace, "--output", "json"))
    assert values == {"replicas": 3, "greeting": "bye"}
    deployment = await resource(client, f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert deployment["spec"]["replicas"] == 3
    assert deployment["status"]["readyReplicas"] == 3
    assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"] == 2
    config = await resource(client, f"/api/v1/namespaces/{namespace}/configmaps/web")
    assert config["data"] == {"greeting": "bye"}

    await helm("rollback", "web", "1", *wait)
    assert await history(helm, namespace) == [
        (1, "superseded", "Install complete"),
        (2, "superseded", "Upgrade complete"),
        (3, "deployed", "Rollback to 1"),
    ]
    config = await resource(client, f"/api/v1/namespaces/{namespace}/configmaps/web")
    assert config["data"] == {"greeting": "hello"}

    await helm("uninstall", "web", *wait)
    assert await releases(helm, namespace) == []
    status, _ = await client.get(f"/api/v1/namespaces/{namespace}/configmaps/web")
    assert status == 404
    secrets = await resource(client, f"/api/v1/namespaces/{namespace}/secrets")
    assert secrets["items"] == []


async def test_replica_sets_follow_the_pod_template(helm: Helm, client: Client, namespace: str, chart: str) -> None:
    wait = ("--namespace", namespace, "--wait", "--timeout", "30s")
    await helm("install", "web", chart, *wait, "--set", "replicas=2")
    await helm("upgrade", "web", chart, *wait, "--set", "replicas=2,greeting=bye")
    listed = await resource(client, f"/apis/apps/v1/namespaces/{namespace}/replicasets?labelSelector=app%3Dweb")
    sizes = {
        item["spec"]["template"]["metadata"]["annotations"]["greeting"]: item["spec"]["replicas"]
        for item in listed["items"]
    }
    assert sizes == {"hello": 0, "bye": 2}
    assert {item["metadata"]["ownerReferences"][0]["name"] for item in listed["items"]} == {"web"}


async def test_an_atomic_install_that_fails_leaves_nothing(
    helm: Helm, client: Client, namespace: str, chart: str
) -> None:
    arguments = ("--namespace", namespace, "--atomic", "--timeout", "30s", "--set", "broken=true")
    code, _, errors = await helm.run("install", "web", chart, *arguments)
    assert code == 1
    assert 'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name"' in errors
    assert await releases(helm, namespace) == []
    status, _ = await client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/web")
    assert status == 404


async def test_an_atomic_upgrade_that_fails_is_rolled_back(helm: Helm, namespace: str, chart: str) -> None:
    await helm("install", "web", chart, "--namespace", namespace)
    arguments = ("--namespace", namespace, "--atomic", "--timeout", "30s", "--set", "broken=true")
    code, _, _ = await helm.run("upgrade", "web", chart, *arguments)
    assert code == 1
    assert [entry[:2] for entry in await history(helm, namespace)] == [
        (1, "superseded"),
        (2, "failed"),
        (3, "deployed"),
    ]


async def test_a_failed_install_says_so(helm: Helm, namespace: str, chart: str) -> None:
    code, _, _ = await helm.run("install", "web", chart, "--namespace", namespace, "--set", "broken=true")
    assert code == 1
    assert await releases(helm, namespace) == [("web", "1", "failed")]


async def test_a_hook_runs_to_its_end(helm: Helm, client: Client, namespace: str, chart: str) -> None:
    arguments = ("--namespace", namespace, "--timeout", "30s", "--set", "hook=pre-install")
    await helm("install", "web", chart, *arguments)
    job = await resource(client, f"/apis/batch/v1/namespaces/{namespace}/jobs/web-hook")
    assert job["status"]["succeeded"] == 1
    assert {condition["type"]: condition["status"] for condition in job["status"]["conditions"]} == {
        "SuccessCriteriaMet": "True",
        "Complete": "True",
    }


async def test_a_hook_that_fails_ends_the_install(helm: Helm, namespace: str, chart: str) -> None:
    arguments = ("--namespace", namespace, "--timeout", "30s", "--set", "hook=pre-install,phase=Failed")
    code, _, errors = await helm.run("install", "web", chart, *arguments)
    assert code == 1
    assert "failed pre-install" in errors
    assert await releases(helm, namespace) == [("web", "1", "failed")]


async def test_a_release_that_never_becomes_ready_is_rolled_back(helm: Helm, namespace: str, chart: str) -> None:
    await helm("install", "web", chart, "--namespace", namespace)
    arguments = ("--namespace", namespace, "--atomic", "--timeout", "3s", "--set", "phase=Pending")
    code, _, errors = await helm.run("upgrade", "web", chart, *arguments)
    assert code == 1
    assert "context deadline exceeded" in errors
    assert [entry[1] for entry in await history(helm, namespace)] == ["superseded", "failed", "deployed"]


async def test_a_custom_resource_follows_its_definition(
    helm: Helm, client: Client, namespace: str, chart_with_definition: str
) -> None:
    widget = f"/apis/contract.test/v1/namespaces/{namespace}/widgets/web"
    arguments = ("--namespace", namespace, "--wait", "--timeout", "30s")
    try:
        await helm("install", "web", chart_with_definition, *arguments, "--set", "widget=red")
        created = await resource(client, widget)
        await helm("upgrade", "web", chart_with_definition, *arguments, "--set", "widget=blue")
        updated = await resource(client, widget)
    finally:
        await client.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.contract.test")
    assert (created["spec"], updated["spec"]) == ({"colour": "red"}, {"colour": "blue"})
    assert (created["metadata"]["generation"], updated["metadata"]["generation"]) == (1, 2)


async def test_a_dry_run_on_the_server_leaves_nothing(helm: Helm, client: Client, namespace: str, chart: str) -> None:
    told = await helm("install", "web", chart, "--namespace", namespace, "--dry-run=server")
    assert "STATUS: pending-install" in told
    assert await releases(helm, namespace) == []
    status, _ = await client.get(f"/api/v1/namespaces/{namespace}/services/web")
    assert status == 404


async def test_a_release_adopts_nothing_of_others(helm: Helm, client: Client, namespace: str, chart: str) -> None:
    config = {"metadata": {"name": "web"}, "data": {"mine": "yes"}}
    await client.post(f"/api/v1/namespaces/{namespace}/configmaps", config)
    code, _, errors = await helm.run("install", "web", chart, "--namespace", namespace)
    assert code == 1
    assert f'ConfigMap "web" in namespace "{namespace}" exists and cannot be imported' in errors
