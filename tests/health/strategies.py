"""JSON objects that look like Kubernetes objects as far as the random choices let them."""

from typing import Any

from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
_KINDS = (
    *(("v1", kind) for kind in ("Pod", "Service", "Secret", "ConfigMap", "PersistentVolumeClaim")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
    *(("batch/v1", kind) for kind in ("Job", "CronJob")),
    *(("autoscaling/v2", "HorizontalPodAutoscaler"), ("policy/v1", "PodDisruptionBudget")),
    *(("apiextensions.k8s.io/v1", "CustomResourceDefinition"), ("example.com/v1", "Thing")),
)
_WORDS = (
    *("Ready", "Available", "Progressing", "Failed", "Complete", "PodScheduled", "Unschedulable", "True", "False"),
    *("Pending", "Running", "Lost", "CrashLoopBackOff", "ErrImagePull", "LoadBalancer", "9999-12-31T23:59:59-12:00"),
    *("0001-01-01T00:00:00+12:00", "ScalingActive", "AbleToScale"),
)
_NAMES = (
    *("metadata", "spec", "status", "conditions", "type", "reason", "message", "phase", "generation", "replicas"),
    *("observedGeneration", "containerStatuses", "initContainerStatuses", "state", "lastState", "waiting"),
    *("terminated", "exitCode", "name", "creationTimestamp", "lastTransitionTime", "suspend", "paused"),
    *("loadBalancer", "ingress", "clusterIP", "active", "startTime", "deletionTimestamp"),
    *("running", "startedAt", "finishedAt", "restartCount", "ready", "containers", "readinessProbe"),
)


def _inner(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)


_LIKELY = st.recursive(SCALARS | st.sampled_from(_WORDS), _inner, max_leaves=30)


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """An object of a known kind whose fields have any types."""
    version, kind = draw(st.sampled_from(_KINDS))
    parts = draw(st.dictionaries(st.sampled_from(("metadata", "spec", "status")), _LIKELY, max_size=3))
    return {"apiVersion": version, "kind": kind, **parts}


documents = st.dictionaries(st.text(max_size=8) | st.sampled_from(_NAMES), JSON, max_size=5)
