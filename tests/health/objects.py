"""Small live objects."""

from typing import Any


def made(version: str, kind: str, spec: Any, status: Any, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "web", **metadata},
        "spec": spec,
        "status": status,
    }


def condition(type_: str, status: str, reason: str = "", message: str = "", since: str = "") -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}
