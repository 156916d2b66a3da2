"""Packs the targets of a plan into rows: each text is written once, however many clusters have it."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.deployments.answer import TargetPlan
from app.plans.digest import Deed

_LEVEL = 1  # of compression: quick


@dataclass(frozen=True)
class Packed:
    """The rows of a plan's targets and texts, what it does on each cluster, and the numbers of targets by action, with
    errors, and on unreachable clusters. `size` is that of all texts, compressed."""

    targets: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    deeds: list[Deed]
    counts: dict[str, int]
    failing: int
    unreachable: int
    size: int


def packed(plans: Sequence[TargetPlan]) -> Packed:
    """Packs the plan of each target."""
    numbers: dict[str, int] = {}

    def number(text: str | None) -> int | None:
        return None if text is None else numbers.setdefault(text, len(numbers))

    targets: list[dict[str, Any]] = []
    deeds: list[Deed] = []
    size = 0
    for plan in plans:
        assert plan.basis is not None
        values = orjson.dumps(plan.desired_values, option=orjson.OPT_SORT_KEYS).decode()
        found = {"reasons": plan.reasons, "warnings": plan.warnings, "error": plan.error}
        detail = orjson.dumps(found)
        size += len(detail)
        targets.append(
            {
                "cluster_name": plan.cluster_name,
                "action": plan.action,
                "status": plan.status,
                "detail": detail,
                "basis": plan.basis.as_json(),
                "desired_values": number(values),
                "values_diff": number(plan.values_diff),
                "manifest": number(plan.manifest),
                "manifest_diff": number(plan.manifest_diff),
                "definition_changes": number(plan.definition_changes),
                "object_changes": number(plan.object_changes),
            }
        )
        texts = (plan.manifest, plan.manifest_diff, plan.values_diff, plan.definition_changes, plan.object_changes)
        deeds.append(Deed(plan.cluster_name, plan.action, plan.basis.desired, texts))
    contents = {place: zlib.compress(text.encode(), _LEVEL) for text, place in numbers.items()}
    return Packed(
        targets,
        [{"number": place, "content": content} for place, content in contents.items()],
        deeds,
        dict(Counter(plan.action.value for plan in plans)),
        failing=sum(plan.error is not None and plan.basis is not None and plan.basis.reachable for plan in plans),
        unreachable=sum(plan.basis is not None and not plan.basis.reachable for plan in plans),
        size=size + sum(map(len, contents.values())),
    )


def unpacked(content: bytes) -> str:
    """The text that was packed."""
    return zlib.decompress(content).decode()
