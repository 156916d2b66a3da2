"""The Jobs of checks: what is created on a member, and what its state means. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.rollouts.checks import Finding
from app.rollouts.durations import duration
from app.rollouts.states import Answer

RUN, MEASUREMENT = "polyhelm/check-run", "polyhelm/measurement"
"""The labels of a Job: the run of the check, and the number of the measurement."""
_KEPT_SECONDS = 3600
"""After which Kubernetes deletes a Job that has ended, if Polyhelm cannot."""
_GRACE = timedelta(minutes=2)
"""What is added to the timeout of a Job until its measurement ends without it."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=2), timedelta(seconds=30)

RUNNING = Finding(Answer.ERROR, "The Job has not ended in time.")
LOST = Finding(Answer.ERROR, "The Job was deleted before its result was known.")


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of the Job on one cluster. `finding` is its result or, if it has not ended, what the measurement
    says if there is no time left."""

    finding: Finding
    is_created: bool = True
    has_ended: bool = False

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Look":
        finding = Finding(Answer(stored["answer"]), stored["message"])
        return cls(finding, is_created=stored["isCreated"], has_ended=stored["hasEnded"])

    def as_json(self) -> dict[str, Any]:
        return {
            "answer": self.finding.answer,
            "message": self.finding.message,
            "isCreated": self.is_created,
            "hasEnded": self.has_ended,
        }


def latest(started_at: datetime, spec: Mapping[str, Any]) -> datetime:
    """When a measurement ends although some of its Jobs have not."""
    return started_at + duration(spec["timeout"]) + _GRACE


def pause(elapsed: timedelta) -> timedelta:
    """How long to wait for the next look at the Jobs of a measurement that began so long ago."""
    return min(max(elapsed / 4, _SHORTEST_PAUSE), _LONGEST_PAUSE)


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


def look_of(job: Mapping[str, Any]) -> Look:
    """What the state of a Job says."""
    status = job.get("status")
    conditions = status.get("conditions") if isinstance(status, Mapping) else None
    for condition in conditions if isinstance(conditions, list) else ():
        if isinstance(condition, Mapping) and condition.get("status") == "True":
            if condition.get("type") == "Complete":
                return Look(Finding(Answer.PASSED, "The Job has succeeded."), has_ended=True)
            if condition.get("type") == "Failed":
                finding = Finding(Answer.FAILED, f"The Job has failed: {str(condition.get('reason'))[:100]}.")
                return Look(finding, has_ended=True)
    return Look(RUNNING)
