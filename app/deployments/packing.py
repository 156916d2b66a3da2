"""Packs plans into bytes for the database: each text is written once, however many clusters have it."""

import zlib
from dataclasses import fields
from typing import Any

import orjson

from app.charts.notices import Notice
from app.deployments.answer import Answer, TargetPlan
from app.deployments.removal import Removal
from app.deployments.warnings import PlanWarning, WarningCode
from app.releases.basis import Basis
from app.releases.status import Reason, ReasonCode, TargetStatus
from app.releases.step import ReleaseAction

_TEXTS = ("manifest", "manifest_diff", "values_diff", "definition_changes", "object_changes")
_LEVEL = 1  # of compression: quick


def pack(answer: Answer) -> bytes:
    """Packs the answer to a dry run."""
    texts: dict[str | None, int] = {}
    targets = []
    for plan in answer.plan or ():
        target = {field.name: getattr(plan, field.name) for field in fields(plan)}
        targets.append(target | {name: texts.setdefault(target[name], len(texts)) for name in _TEXTS})
    found = {
        "targets": targets,
        "texts": list(texts),
        "removal": answer.removal,
        "notices": answer.notices,
        "warnings": answer.warnings,
        "changed": answer.changed,
        "stored_id": answer.stored_id,
    }
    return zlib.compress(orjson.dumps(found), _LEVEL)


def unpack(packed: bytes) -> Answer:
    """The answer that was packed."""
    found = orjson.loads(zlib.decompress(packed))
    removal = found["removal"]
    return Answer(
        plan=[_target(target, found["texts"]) for target in found["targets"]],
        stored_id=found.get("stored_id"),  # absent from answers of the previous version
        removal=Removal(**removal | {"names": tuple(removal["names"])}) if removal else None,
        notices=[Notice(**notice) for notice in found["notices"]],
        warnings=[_warning(warning) for warning in found["warnings"]],
        changed=found["changed"],
    )


def _warning(warning: dict[str, Any]) -> PlanWarning:
    return PlanWarning(WarningCode(warning["code"]), warning["message"], tuple(warning["path"]))


def _target(target: dict[str, Any], texts: list[str | None]) -> TargetPlan:
    reasons = [Reason(**reason | {"code": ReasonCode(reason["code"])}) for reason in target["reasons"]]
    return TargetPlan(
        **target
        | {name: texts[target[name]] for name in _TEXTS if name in target}
        | {
            "action": ReleaseAction(target["action"]),
            "status": TargetStatus(target["status"]),
            "reasons": tuple(reasons),
            "warnings": tuple(target["warnings"]),
            "basis": Basis.of_json(target["basis"]) if target.get("basis") else None,
        }
    )
