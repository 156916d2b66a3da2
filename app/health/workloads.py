"""The rules of kstatus for objects that run pods: they compare numbers of replicas, in a fixed order."""

from collections.abc import Mapping
from typing import Any

from app.health.fields import condition_of, conditions, number, strict_number, text
from app.health.result import Result, current, failed, in_progress

_NO_DEADLINE = 2**31 - 1
"""The deployment controller treats this number of seconds as no deadline, and then sets no condition Progressing."""


def deployment(live: Mapping[str, Any]) -> Result:
    """Failed once its progress deadline is exceeded."""
    progressing = number(live, "spec", "progressDeadlineSeconds", default=_NO_DEADLINE) == _NO_DEADLINE
    available = False
    for condition in conditions(live):
        if condition.type == "Progressing":
            if condition.reason == "ProgressDeadlineExceeded":
                return failed(condition.reason, "Progress deadline exceeded")
            progressing = progressing or (condition.status, condition.reason) == ("True", "NewReplicaSetAvailable")
        elif condition.type == "Available":
            available = available or condition.status == "True"
    wanted = number(live, "spec", "replicas", default=1)
    existing = _count(live, "replicas")
    updated = _count(live, "updatedReplicas")
    return (
        _less("LessReplicas", "Replicas", existing, wanted)
        or _less("LessUpdated", "Updated", updated, wanted)
        or _extra(existing, wanted)
        or _less("LessAvailable", "Available", _count(live, "availableReplicas"), updated)
        or _less("LessReady", "Ready", _count(live, "readyReplicas"), wanted)
        or (None if progressing else in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available"))
        or (None if available else in_progress("DeploymentNotAvailable", "Deployment not Available"))
        or current(f"Deployment is available. Replicas: {existing}")
    )


def stateful_set(live: Mapping[str, Any]) -> Result:
    """Never failed: its controller sets no conditions."""
    if text(live, "spec", "updateStrategy", "type") == "OnDelete":
        return current("StatefulSet is using the ondelete update strategy")
    wanted = number(live, "spec", "replicas", default=1)
    existing = _count(live, "replicas")
    waiting = (
        _less("LessReplicas", "Replicas", existing, wanted)
        or _less("LessReady", "Ready", _count(live, "readyReplicas"), wanted)
        or _extra(existing, wanted)
    )
    if waiting:
        return waiting
    partition = number(live, "spec", "updateStrategy", "rollingUpdate", "partition", default=-1)
    if partition != -1:
        updated = _count(live, "updatedReplicas")
        return _less("PartitionRollout", "updated", updated, wanted - partition) or current(
            f"Partition rollout complete. updated: {updated}"
        )
    if waiting := _less("LessCurrent", "current", _count(live, "currentReplicas"), wanted):
        return waiting
    if text(live, "status", "currentRevision") != text(live, "status", "updateRevision"):
        return in_progress("RevisionMismatch", "Waiting for updated revision to match current")
    return current(f"All replicas scheduled as expected. Replicas: {existing}")


def daemon_set(live: Mapping[str, Any]) -> Result:
    """In progress until its controller has observed it, unlike other kinds."""
    kind = text(live, "kind")
    if strict_number(live, "metadata", "generation") is None:
        return in_progress("NoGeneration", f"{kind} metadata.generation not found")
    if strict_number(live, "status", "observedGeneration") is None:
        return in_progress("NoObservedGeneration", f"{kind} status.observedGeneration not found")
    wanted = number(live, "status", "desiredNumberScheduled", default=-1)
    if wanted == -1:
        return in_progress("NoDesiredNumber", "Missing .status.desiredNumberScheduled")
    return (
        _less("LessCurrent", "Current", _count(live, "currentNumberScheduled"), wanted)
        or _less("LessUpdated", "Updated", _count(live, "updatedNumberScheduled"), wanted)
        or _less("LessAvailable", "Available", _count(live, "numberAvailable"), wanted)
        or _less("LessReady", "Ready", _count(live, "numberReady"), wanted)
        or current(f"All replicas scheduled as expected. Replicas: {wanted}")
    )


def replica_set(live: Mapping[str, Any]) -> Result:
    if condition_of(live, "ReplicaFailure", "True"):
        return in_progress("ReplicaFailure", "Replica Failure condition. Check Pods")
    wanted = number(live, "spec", "replicas", default=1)
    existing = _count(live, "replicas")
    return (
        _less("LessLabelled", "Labelled", _count(live, "fullyLabeledReplicas"), wanted)
        or _less("LessAvailable", "Available", _count(live, "availableReplicas"), wanted)
        or _less("LessReady", "Ready", _count(live, "readyReplicas"), wanted)
        or _extra(existing, wanted)
        or current(f"ReplicaSet is available. Replicas: {existing}")
    )


def _count(live: Mapping[str, Any], field: str) -> int:
    return number(live, "status", field, default=0)


def _less(reason: str, word: str, there: int, wanted: int) -> Result | None:
    return in_progress(reason, f"{word}: {there}/{wanted}") if wanted > there else None


def _extra(existing: int, wanted: int) -> Result | None:
    return in_progress("ExtraPods", f"Pending termination: {existing - wanted}") if existing > wanted else None
