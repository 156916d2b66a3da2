"""Pods that tests put on simulated members, as controllers and kubelets would write them."""

import uuid
from typing import Any

from simulator import Member
from simulator.logs import At


def pod_below(owner: Any, name: str, *, containers: tuple[str, ...] = ("web",), **status: Any) -> dict[str, Any]:
    """A pod that a ReplicaSet, a Job or another object owns and that matches the selector of its Deployment."""
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": owner["spec"]["template"]["metadata"]["labels"],
            "ownerReferences": [reference],
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": each, "image": f"registry.test/{each}:1.0"} for each in containers],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [running(each) for each in containers],
            **status,
        },
    }


def running(name: str, *, restarts: int = 0) -> dict[str, Any]:
    return {
        "name": name,
        "ready": True,
        "restartCount": restarts,
        "containerID": f"containerd://{name}-{restarts}",
        "state": {"running": {"startedAt": "2026-11-30T12:00:00Z"}},
    }


def replica_set(member: Member) -> Any:
    """The only ReplicaSet that has replicas."""
    [found] = [each for each in member.objects("replicasets", "apps") if each["spec"]["replicas"]]
    return found


def add_pod(member: Member, name: str, **more: Any) -> Any:
    """A pod of the only ReplicaSet."""
    pod = pod_below(replica_set(member), name, **more)
    member.put("pods", pod)
    return set_status(member, name, **pod["status"])


def set_status(member: Member, name: str, **status: Any) -> Any:
    """Changes the status of a pod, as its kubelet would."""
    resource = member.catalog.find("", "v1", "pods")
    assert resource is not None
    pod = member.operations.get(resource, "default", name).object()
    pod["status"] = {**pod.get("status", {}), **status}
    return member.operations.update(resource, "default", name, pod, status=True, dry_run=False).object()


def at(pod: str, container: str = "web") -> At:
    return At("default", pod, container)


def event(about: Any, reason: str, message: str, last: str, **more: Any) -> dict[str, Any]:
    metadata = about["metadata"]
    involved = {"kind": about["kind"], "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"e-{uuid.uuid4().hex}", "namespace": metadata.get("namespace", "default")},
        "involvedObject": involved,
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet"},
        "firstTimestamp": last,
        "lastTimestamp": last,
        **more,
    }
