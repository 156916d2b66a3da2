"""Workloads whose replicas an autoscaler sets."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.drift.comparison import IgnoreRule
from app.health.fields import text
from app.health.kinds import Kind, kind_of

_HPA = Kind("autoscaling", "HorizontalPodAutoscaler")
_KEDA = Kind("keda.sh", "ScaledObject")
REPLICAS = "/spec/replicas"


def autoscaled(autoscalers: Iterable[Mapping[str, Any]]) -> list[IgnoreRule]:
    """For each workload that a HorizontalPodAutoscaler or a KEDA ScaledObject among these objects scales, a rule that
    ignores its replicas. The objects are those of one namespace."""
    found = []
    for each in autoscalers:
        kind = kind_of(each)
        if kind not in (_HPA, _KEDA):
            continue
        reference = ("spec", "scaleTargetRef")
        # KEDA assumes a Deployment if no kind is named.
        default = "" if kind == _HPA else "Deployment"
        version = text(each, *reference, "apiVersion", default="apps/v1")
        target = Kind(version.rpartition("/")[0], text(each, *reference, "kind", default=default))
        name = text(each, *reference, "name")
        if name and target.kind:
            by = f"{kind.kind} {text(each, 'metadata', 'name')}"
            found.append(IgnoreRule(by, (REPLICAS,), target, name))
    return found
