"""The Jobs of checks: what is created on a member, and what its state means. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rollouts.checks import Finding
from app.rollouts.durations import duration
from app.rollouts.states import Answer

RUN, MEASUREMENT = "polyhelm/check-run", "polyhelm/measurement"
"""The labels of a Job: the run of the check, and the number of the measurement."""
_KEPT_SECONDS = 3600
"""After which Kubernetes deletes a Job that has ended, if Polyhelm cannot."""


def key_of(run_id: int, started_at: datetime) -> str:
    """What identifies a run among those of all installations that use a cluster."""
    return hashlib.sha256(f"{run_id} {started_at.isoformat()}".encode()).hexdigest()[:20]


def job_of(key: str, number: int, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The Job of a measurement. Its name is the same after a crash."""
    labels = {RUN: key, MEASUREMENT: str(number), "app.kubernetes.io/managed-by": "polyhelm"}
    container = {"name": "check", "image": spec["image"], "env": spec["env"]}
    container |= {name: spec[name] for name in ("command", "args") if spec[name]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"polyhelm-check-{key}-{number}", "namespace": namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(duration(spec["timeout"]).total_seconds()),
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "containers": [container],
                },
            },
        },
    }


def finding_of(job: Mapping[str, Any]) -> Finding | None:
    """The result of a Job; None while it runs."""
    status = job.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and condition.get("status") == "True":
            if condition.get("type") == "Complete":
                return Finding(Answer.PASSED, "The Job has succeeded.")
            if condition.get("type") == "Failed":
                return Finding(Answer.FAILED, f"The Job has failed: {str(condition.get('reason'))[:100]}.")
    return None
