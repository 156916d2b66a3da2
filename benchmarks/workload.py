"""The objects of a release in a large fleet: eight of different kinds, as Helm writes them to a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import yaml

from app.clusters.member import Member
from benchmarks.charts import NAMESPACE
from benchmarks.fleet import release_name

_WRITES_AT_ONCE = 32
_CORE, _APPS, _POLICY = "/api/v1", "/apis/apps/v1", "/apis/policy/v1"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


def manifest(release: str) -> str:
    return yaml.safe_dump_all([document for _, document in _documents(release)])


async def write_objects(members: Mapping[str, Member], releases: int) -> None:
    """Writes the objects of every release to every member, with the labels that Helm sets."""
    gate = asyncio.Semaphore(_WRITES_AT_ONCE)
    requests = [request for number in range(releases) for request in _requests(release_name(number))]

    async def write(member: Member) -> None:
        async with gate:
            for path, document in requests:
                answer = await member.request("POST", path, body=document)
                assert answer.status == 201, answer

    await asyncio.gather(*map(write, members.values()))


def _requests(release: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for (prefix, plural), document in _documents(release):
        metadata = document["metadata"] | {
            "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {
                "meta.helm.sh/release-name": release,
                "meta.helm.sh/release-namespace": NAMESPACE,
            },
        }
        found.append((f"{prefix}/namespaces/{NAMESPACE}/{plural}", document | {"metadata": metadata}))
    return found


def _documents(release: str) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    name = {"name": release}
    labels = {"app": release}
    container = {"name": "web", "image": "registry.example/web:1.0.0"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": release}
    subjects = [{"kind": "ServiceAccount", "name": release, "namespace": NAMESPACE}]
    selector = {"selector": {"matchLabels": labels}}
    return [
        (
            (_APPS, "deployments"),
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": name,
                "spec": {"replicas": 1, **selector, "template": pod},
            },
        ),
        (
            (_CORE, "services"),
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": name,
                "spec": {"selector": labels, "ports": [{"port": 80}]},
            },
        ),
        (
            (_CORE, "configmaps"),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": {"text": release * 50}},
        ),
        (
            (_CORE, "secrets"),
            {"apiVersion": "v1", "kind": "Secret", "metadata": name, "stringData": {"password": "x" * 32}},
        ),
        ((_CORE, "serviceaccounts"), {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name}),
        (
            (_RBAC, "roles"),
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": name, "rules": rules},
        ),
        (
            (_RBAC, "rolebindings"),
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": name,
                "roleRef": role,
                "subjects": subjects,
            },
        ),
        (
            (_POLICY, "poddisruptionbudgets"),
            {
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": name,
                "spec": {"minAvailable": 0, **selector},
            },
        ),
    ]
