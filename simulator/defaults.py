"""Fills in what a server adds when an object is written, as far as Helm and its readiness checks depend on it.

Helm's `--wait` follows pointers such as `spec.replicas` and `spec.updateStrategy.rollingUpdate` without asking whether
they are set (pkg/kube/ready.go of Helm 3), because a real server always sets them.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.records import Object

Default = Callable[[dict[str, Any]], None]


def _deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")
    _pod_template(spec)


def _stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), partition=0)
    _pod_template(spec)


def _daemon_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _set(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)
    _pod_template(spec)


def _replicas(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _set(spec, replicas=1)
    _pod_template(spec)


def _job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _set(spec, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    _set(spec, completions=spec["parallelism"])


def _pod(obj: Object) -> None:
    _set(obj.setdefault("spec", {}), restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst")


def _pod_template(spec: dict[str, Any]) -> None:
    _pod(spec.setdefault("template", {}))


def _service(obj: Object) -> None:
    """Derives the cluster address from the name: it is the same after a restart, without being stored."""
    spec = obj.setdefault("spec", {})
    _set(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or []:
        _set(port, protocol="TCP", targetPort=port.get("port"))
    if spec["type"] != "ExternalName" and not spec.get("clusterIP"):
        metadata = obj["metadata"]
        number = zlib.crc32(f"{metadata.get('namespace')}/{metadata['name']}".encode()) & 0xFFFF
        spec["clusterIP"] = f"10.96.{number >> 8}.{number & 255}"
    if spec.get("clusterIP"):
        spec["clusterIPs"] = [spec["clusterIP"]]


def _secret(obj: Object) -> None:
    texts = obj.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in texts.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}
    obj["type"] = obj.get("type") or "Opaque"


def _namespace(obj: Object) -> None:
    metadata = obj["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _claim(obj: Object) -> None:
    _set(obj.setdefault("spec", {}), volumeMode="Filesystem")


def _definition(obj: Object) -> None:
    """Reports the definition as Established at once, because it is served at once. `helm` and `kubectl wait` wait for
    this condition."""
    spec = obj["spec"]
    names = spec["names"]
    _set(names, singular=names["kind"].lower(), listKind=f"{names['kind']}List")
    since = obj["metadata"]["creationTimestamp"]
    conditions = [("NamesAccepted", "NoConflicts", "no conflicts found")]
    conditions.append(("Established", "InitialNamesAccepted", "the initial names have been accepted"))
    obj["status"] = {
        "conditions": [
            {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": since}
            for kind, reason, message in conditions
        ],
        "acceptedNames": names,
        "storedVersions": [version["name"] for version in spec["versions"] if version.get("storage")],
    }


def _set(values: dict[str, Any], **defaults: Any) -> None:
    for key, default in defaults.items():
        if values.get(key) is None:
            values[key] = default


_DEFAULTS: dict[tuple[str, str], Default] = {
    ("", "namespaces"): _namespace,
    ("", "persistentvolumeclaims"): _claim,
    ("", "pods"): _pod,
    ("", "secrets"): _secret,
    ("", "services"): _service,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _definition,
    ("apps", "daemonsets"): _daemon_set,
    ("apps", "deployments"): _deployment,
    ("", "replicationcontrollers"): _replicas,
    ("apps", "replicasets"): _replicas,
    ("apps", "statefulsets"): _stateful_set,
    ("batch", "jobs"): _job,
}


def fill(kind: tuple[str, str], obj: Object) -> None:
    """Fills in, in place, the fields that are missing from an object of this kind (group, plural)."""
    default = _DEFAULTS.get(kind)
    if default is not None:
        default(obj)
