"""The control planes do what the tests of others rely on."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from .member import Member

    Helm = Callable[..., Awaitable[str]]

pytestmark = pytest.mark.xdist_group("kubernetes")

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {minor: {{ .Capabilities.KubeVersion.Minor | quote }}}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 2
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: main, image: none}]}
"""

HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: {{ .Release.Name }}-{{ .Values.phase | lower }}, annotations: {helm.sh/hook: pre-install}}
spec:
  backoffLimit: 0
  template:
    metadata: {annotations: {polyhelm.test/phase: {{ .Values.phase }}}}
    spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
"""


async def get(kubeconfig: str, path: str, timeout: float = 60) -> tuple[int, Any]:
    """The status and body of a GET by the user of a kubeconfig."""
    config = yaml.safe_load(kubeconfig)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    headers = {"Authorization": f"Bearer {user['token']}"}
    async with (
        aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=timeout)) as session,
        session.get(cluster["server"] + path, ssl=tls) as response,
    ):
        return response.status, await response.json()


@pytest.fixture
def run_helm(helm: Path, tmp_path: Path) -> Callable[[Member], Helm]:
    """Runs the built Helm on a member, with a chart at `chart` in its working folder; returns its output."""

    def on(member: Member) -> Helm:
        kubeconfig = tmp_path / f"{member.name}.yaml"
        kubeconfig.write_text(member.kubeconfig)
        kubeconfig.chmod(0o600)

        async def run(*arguments: str, code: int = 0) -> str:
            process = await asyncio.create_subprocess_exec(
                helm,
                *arguments,
                cwd=tmp_path,
                env={"HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await process.communicate()
            assert process.returncode == code, output.decode()
            return output.decode()

        return run

    return on


def write_chart(folder: Path, **templates: str) -> None:
    (folder / "chart" / "templates").mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("{apiVersion: v2, name: tiny, version: 1.0.0, kubeVersion: ~1.34.0}")
    for name, text in templates.items():
        (folder / "chart" / "templates" / f"{name}.yaml").write_text(text)


async def test_members_are_clusters_of_their_own(members: dict[str, Member]) -> None:
    assert list(members) == ["paris", "berlin", "tokyo"]
    answers = [await get(member.kubeconfig, "/api/v1/namespaces/kube-system") for member in members.values()]
    assert [status for status, _ in answers] == [200, 200, 200]
    assert len({body["metadata"]["uid"] for _, body in answers}) == 3
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await get(members["paris"].kubeconfig.replace(members["paris"].server, members["berlin"].server), "/version")


async def test_helm_installs_lists_and_uninstalls(
    members: dict[str, Member], run_helm: Callable[[Member], Helm], tmp_path: Path
) -> None:
    write_chart(tmp_path, configmap=CONFIG_MAP)
    member = members["paris"]
    helm = run_helm(member)
    await helm("upgrade", "--install", "tiny", "chart", "--namespace", "helm-works", "--create-namespace")
    status, body = await get(member.kubeconfig, "/api/v1/namespaces/helm-works/configmaps/tiny")
    assert (status, body["data"]) == (200, {"minor": "34"})
    listed = json.loads(await helm("list", "--namespace", "helm-works", "--output", "json"))
    assert [(release["name"], release["status"]) for release in listed] == [("tiny", "deployed")]
    await helm("uninstall", "tiny", "--namespace", "helm-works")
    assert json.loads(await helm("list", "--namespace", "helm-works", "--output", "json")) == []


async def test_a_stopped_member_refuses_connections_and_keeps_its_data(members: dict[str, Member]) -> None:
    member = members["berlin"]
    _, before = await get(member.kubeconfig, "/api/v1/namespaces/kube-system")
    async with member.stopped():
        with pytest.raises(aiohttp.ClientConnectorError, match="Connect call failed"):
            await get(member.kubeconfig, "/version")
    _, after = await get(member.kubeconfig, "/api/v1/namespaces/kube-system")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


async def test_a_suspended_member_does_not_answer(members: dict[str, Member]) -> None:
    member = members["tokyo"]
    with member.suspended(), pytest.raises(TimeoutError):
        await get(member.kubeconfig, "/version", timeout=0.5)
    status, _ = await get(member.kubeconfig, "/version")
    assert status == 200


async def test_a_revoked_token_is_refused_and_the_next_one_works(members: dict[str, Member]) -> None:
    member = members["tokyo"]
    old = member.kubeconfig
    await member.revoke()
    assert [(await get(kubeconfig, "/api"))[0] for kubeconfig in (old, member.kubeconfig)] == [401, 200]


async def test_the_viewer_is_known_but_may_not_read(members: dict[str, Member]) -> None:
    kubeconfig = members["paris"].viewer_kubeconfig
    statuses = [(await get(kubeconfig, path))[0] for path in ("/version", "/api/v1/namespaces/default/secrets")]
    assert statuses == [200, 403]


async def test_pods_become_ready_and_hooks_end(
    oslo: Member, run_helm: Callable[[Member], Helm], tmp_path: Path
) -> None:
    write_chart(tmp_path, deployment=DEPLOYMENT, hook=HOOK)
    helm = run_helm(oslo)
    await helm("install", "good", "chart", "--wait", "--timeout", "30s", "--set", "phase=Succeeded")
    _, body = await get(oslo.kubeconfig, "/apis/apps/v1/namespaces/default/deployments/good")
    assert body["status"]["readyReplicas"] == 2
    output = await helm("install", "bad", "chart", "--timeout", "30s", "--set", "phase=Failed", code=1)
    assert "failed pre-install" in output
    await helm("uninstall", "good", "--wait", "--timeout", "30s")
    pods = "/api/v1/namespaces/default/pods?labelSelector=app"
    async with asyncio.timeout(60):  # the garbage collector removes them after their owners
        while (await get(oslo.kubeconfig, pods))[1]["items"]:  # noqa: ASYNC110 - as kubectl wait would
            await asyncio.sleep(0.2)
