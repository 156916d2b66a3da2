"""Simulates the controllers and kubelets: objects that were written become ready shortly after.

Helm's `--wait` looks at a Deployment's newest ReplicaSet, which it finds by its owner and an equal pod template
(GetNewReplicaSet of kubectl's deployment utilities), so ReplicaSets are made; Pods are not. What the ready checks read
in each status is in pkg/kube/ready.go of Helm 3.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import uuid
from typing import TYPE_CHECKING, Any

import orjson

from simulator.operations import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.faults import Faults
    from simulator.records import Object, Record
    from simulator.store import Kind, Store

DELAY = 0.02
"""The number of seconds from a write until the workload is ready."""

PHASE = "polyhelm.test/phase"
"""An annotation by which a Pod, or the Pods of a template, request their phase: `Failed`, or `Pending` forever."""

_REPLICA_SETS = ("apps", "replicasets")
_HASH = "pod-template-hash"


class Workloads:
    """The workloads of one member. `notice` is called for each write."""

    def __init__(self, store: Store, faults: Faults, delay: float = DELAY) -> None:
        self.store = store
        self.faults = faults
        self.delay = delay
        self._waiting: set[tuple[Kind, str, str]] = set()

    def notice(self, kind: Kind, record: Record) -> None:
        key = (kind, record.namespace, record.name)
        if kind in _STATUS and key not in self._waiting:
            self._waiting.add(key)
            if not self.faults.stuck:
                asyncio.get_running_loop().call_later(self.delay, self._settle, key)

    def resume(self) -> None:
        """Settles what is left after a fault."""
        if not self.faults.stuck:
            for key in list(self._waiting):
                self._settle(key)

    def _settle(self, key: tuple[Kind, str, str]) -> None:
        if self.faults.stuck or key not in self._waiting:
            return
        self._waiting.discard(key)
        kind, namespace, name = key
        record = self.store.get(kind, namespace, name)
        if record is None:
            return
        obj = record.object()
        phase = _asked_phase(kind, obj)
        if phase == "Pending" or (phase == "Failed" and kind not in _FAILURES):
            return
        status = (_FAILURES if phase == "Failed" else _STATUS)[kind](obj)
        if kind == ("apps", "deployments"):
            self._roll_out(obj)
        if any(obj.get("status", {}).get(field) != value for field, value in status.items() if field != "conditions"):
            obj["status"] = {**obj.get("status", {}), **status}
            self.store.put(kind, obj)

    def _roll_out(self, deployment: Object) -> None:
        """One ReplicaSet for each pod template that was ever used. The current one has the replicas, the others have
        none."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        digest = hashlib.sha256(orjson.dumps(spec["template"], option=orjson.OPT_SORT_KEYS)).hexdigest()[:10]
        current = f"{metadata['name']}-{digest}"
        earlier = []
        for kind, namespace, name in list(self.store.owned.get(metadata["uid"], ())):
            record = self.store.get(kind, namespace, name)
            if kind == _REPLICA_SETS and name != current and record is not None:
                earlier.append(record)
        earlier.sort(key=lambda record: record.version)
        surplus = max(0, len(earlier) - int(spec["revisionHistoryLimit"]))
        for record in earlier[:surplus]:
            self.store.remove(_REPLICA_SETS, record)
        for record in earlier[surplus:]:
            self._scale(record.object(), 0)
        found = self.store.get(_REPLICA_SETS, metadata["namespace"], current)
        self._scale(_replica_set(deployment, digest) if found is None else found.object(), int(spec["replicas"]))

    def _scale(self, replica_set: Object, replicas: int) -> None:
        metadata, spec = replica_set["metadata"], replica_set["spec"]
        if spec.get("replicas") == replicas and "status" in replica_set:
            return
        if spec.get("replicas") != replicas and "resourceVersion" in metadata:
            metadata["generation"] += 1
        spec["replicas"] = replicas
        replica_set["status"] = _replica_set_status(replica_set)
        self.store.put(_REPLICA_SETS, replica_set)


def _asked_phase(kind: Kind, obj: Object) -> str | None:
    metadata = obj["metadata"] if kind == ("", "pods") else obj["spec"].get("template", {}).get("metadata", {})
    phase: str | None = (metadata.get("annotations") or {}).get(PHASE)
    return phase


def _replica_set(deployment: Object, digest: str) -> Object:
    metadata, spec = deployment["metadata"], deployment["spec"]
    template = orjson.loads(orjson.dumps(spec["template"]))
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[_HASH] = digest
    selector = spec.get("selector") or {}
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "uid": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            "creationTimestamp": now(),
            "generation": 1,
            "labels": labels,
            "ownerReferences": [owner],
        },
        "spec": {
            "selector": {**selector, "matchLabels": {**selector.get("matchLabels", {}), _HASH: digest}},
            "template": template,
        },
    }


def _conditions(*kinds: str, **reasons: str) -> list[dict[str, str]]:
    """Conditions that are true, some of them with a reason."""
    true = {"status": "True", "lastTransitionTime": now()}
    return [
        *({"type": kind, **true} for kind in kinds),
        *({"type": kind, "reason": reason, **true} for kind, reason in reasons.items()),
    ]


def _counts(obj: Object, *names: str) -> dict[str, int]:
    return dict.fromkeys(names, int(obj["spec"]["replicas"]))


def _deployment_status(obj: Object) -> dict[str, Any]:
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **_counts(obj, "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"),
        "conditions": _conditions(Available="MinimumReplicasAvailable", Progressing="NewReplicaSetAvailable"),
    }


def _replica_set_status(obj: Object) -> dict[str, Any]:
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **_counts(obj, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
    }


def _stateful_set_status(obj: Object) -> dict[str, Any]:
    digest = hashlib.sha256(orjson.dumps(obj["spec"]["template"])).hexdigest()[:10]
    revision = f"{obj['metadata']['name']}-{digest}"
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **_counts(obj, "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
        "currentRevision": revision,
        "updateRevision": revision,
    }


def _daemon_set_status(obj: Object) -> dict[str, Any]:
    """As on a cluster of one node."""
    scheduled = ("currentNumberScheduled", "desiredNumberScheduled", "updatedNumberScheduled")
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **dict.fromkeys((*scheduled, "numberReady", "numberAvailable"), 1),
        "numberMisscheduled": 0,
    }


def _controller_status(obj: Object) -> dict[str, Any]:
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **_counts(obj, "replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
    }


def _job_status(obj: Object) -> dict[str, Any]:
    if obj["spec"]["suspend"]:
        return {}
    started = obj["metadata"]["creationTimestamp"]
    return {
        "succeeded": obj["spec"]["completions"],
        "ready": 0,
        "startTime": started,
        "completionTime": obj.get("status", {}).get("completionTime") or now(),
        "conditions": _conditions("SuccessCriteriaMet", "Complete"),
    }


def _failed_job_status(obj: Object) -> dict[str, Any]:
    return {
        "failed": obj["spec"]["backoffLimit"] + 1,
        "ready": 0,
        "startTime": obj["metadata"]["creationTimestamp"],
        "conditions": _conditions("FailureTarget", "Failed"),
    }


def _failed_pod_status(obj: Object) -> dict[str, Any]:
    return {"phase": "Failed", "conditions": _conditions("PodScheduled", "Initialized")}


def _pod_status(obj: Object) -> dict[str, Any]:
    """A pod whose restart policy is not Always counts as one that ends successfully, like those of `helm test`."""
    if obj["spec"]["restartPolicy"] != "Always":
        return {"phase": "Succeeded", "conditions": _conditions("PodScheduled", "Initialized")}
    conditions = _conditions("PodScheduled", "Initialized", "ContainersReady", "Ready")
    return {"phase": "Running", "conditions": conditions}


def _claim_status(obj: Object) -> dict[str, Any]:
    requests = (obj["spec"].get("resources") or {}).get("requests") or {}
    return {"phase": "Bound", "accessModes": obj["spec"].get("accessModes") or [], "capacity": requests}


def _service_status(obj: Object) -> dict[str, Any]:
    """A load balancer gets an address, which Helm waits for."""
    if obj["spec"]["type"] != "LoadBalancer":
        return {}
    return {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}


_STATUS: dict[Kind, Callable[[Object], dict[str, Any]]] = {
    ("", "persistentvolumeclaims"): _claim_status,
    ("", "pods"): _pod_status,
    ("", "replicationcontrollers"): _controller_status,
    ("", "services"): _service_status,
    ("apps", "daemonsets"): _daemon_set_status,
    ("apps", "deployments"): _deployment_status,
    ("apps", "replicasets"): _replica_set_status,
    ("apps", "statefulsets"): _stateful_set_status,
    ("batch", "jobs"): _job_status,
}

_FAILURES: dict[Kind, Callable[[Object], dict[str, Any]]] = {
    ("", "pods"): _failed_pod_status,
    ("batch", "jobs"): _failed_job_status,
}
