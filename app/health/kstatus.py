"""kstatus: the status of an object as the Go library sigs.k8s.io/cli-utils/pkg/kstatus computes it.

Flux, Helm 4 and kpt wait according to these rules. Rules, order, reasons and messages are those of the library; its
answers for many objects are in tests/health/golden. `differences.py` has the cases in which Polyhelm judges otherwise.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.health.fields import (
    UnreadableError,
    condition_of,
    conditions,
    flag,
    number,
    strict_list,
    strict_number,
    strict_text,
    text,
)
from app.health.kinds import Kind, kind_of
from app.health.result import Result, Status, current, failed, in_progress
from app.health.workloads import daemon_set, deployment, replica_set, stateful_set

SCHEDULE_WINDOW = timedelta(seconds=15)
"""How long a pod may be unschedulable before it counts as failed."""


def compute(live: Mapping[str, Any], now: datetime) -> Result:
    """The status of an object.

    Raises:
        UnreadableError: if the library returns an error, because fields that it reads have unexpected types.
    """
    if result := terminating(live) or unobserved(live) or standard_conditions(live):
        return result
    kind = kind_of(live)
    if kind == Kind("", "Pod"):
        return _pod(live, now)
    if rule := _KINDS.get(kind):
        return rule(live)
    return _ready(live) or current("Resource is current")


def terminating(live: Mapping[str, Any]) -> Result | None:
    """The result for an object that is being deleted, None for others."""
    if strict_text(live, "metadata", "deletionTimestamp"):
        return Result(Status.TERMINATING, "Resource scheduled for deletion")
    return None


def unobserved(live: Mapping[str, Any]) -> Result | None:
    """The result for an object whose controller has not yet observed its newest generation, None for others."""
    generation = strict_number(live, "metadata", "generation")
    if generation is None:
        return None
    observed = strict_number(live, "status", "observedGeneration")
    if observed is None or observed == generation:
        return None
    message = f"{text(live, 'kind')} generation is {generation}, but latest observed generation is {observed}"
    return in_progress("LatestGenerationNotObserved", message)


def standard_conditions(live: Mapping[str, Any]) -> Result | None:
    for condition in conditions(live):
        if condition.status == "True" and condition.type == "Reconciling":
            return in_progress(condition.reason, condition.message)
        if condition.status == "True" and condition.type == "Stalled":
            return failed(condition.reason, condition.message)
    return None


def _ready(live: Mapping[str, Any]) -> Result | None:
    for condition in conditions(live):
        if condition.type == "Ready":
            if condition.status == "True":
                return current("Resource is Ready")
            if condition.status in ("False", "Unknown"):
                return in_progress(condition.reason, condition.message)
    return None


def _pod(live: Mapping[str, Any], now: datetime) -> Result:
    """A pod that has ended is current, whether it failed or not."""
    conditions(live)
    phase = text(live, "status", "phase")
    if phase == "Succeeded":
        return current("Pod has completed successfully")
    if phase == "Failed":
        return current("Pod has completed, but not successfully")
    if phase == "Running":
        if condition_of(live, "Ready", "True"):
            return current("Pod is Ready")
        if looping := _crash_looping(live):
            return failed("ContainerCrashLooping", f"Containers in CrashLoop state: {','.join(looping)}")
        return in_progress("PodRunningNotReady", "Pod is running but is not Ready")
    if phase == "Pending":
        scheduled = condition_of(live, "PodScheduled", "False")
        if scheduled is None or scheduled.reason != "Unschedulable":
            return in_progress("PodPending", "Pod is in the Pending phase")
        created = moment(text(live, "metadata", "creationTimestamp"))
        if created is not None and now - created < SCHEDULE_WINDOW:
            again_at = min(created, now) + SCHEDULE_WINDOW
            return Result(Status.IN_PROGRESS, "Pod has not been scheduled", "PodNotScheduled", again_at)
        return failed("PodUnschedulable", "Pod could not be scheduled")
    if phase:
        raise UnreadableError(f"unknown phase {phase}")
    return in_progress("PodNotObserved", "Pod phase not available")


def _crash_looping(live: Mapping[str, Any]) -> list[str]:
    """The names of containers that wait to be started again after a crash."""
    names = []
    for container in strict_list(live, "status", "containerStatuses") or []:
        if not isinstance(container, Mapping):
            raise UnreadableError("an entry of status.containerStatuses is not an object")
        if "name" not in container:
            continue
        name = strict_text(container, "name")
        if strict_text(container, "state", "waiting", "reason") == "CrashLoopBackOff":
            names.append(name or "")
    return names


def _volume_claim(live: Mapping[str, Any]) -> Result:
    phase = text(live, "status", "phase", default="unknown")
    return current("PVC is Bound") if phase == "Bound" else in_progress("NotBound", f"PVC is not Bound. phase: {phase}")


def _job(live: Mapping[str, Any]) -> Result:
    """A job that runs is current."""
    completions = number(live, "spec", "completions", default=number(live, "spec", "parallelism", default=1))
    succeeded, active, failures = (
        number(live, "status", each, default=0) for each in ("succeeded", "active", "failed")
    )
    for condition in conditions(live):
        if condition.status != "True":
            continue
        if condition.type == "Complete":
            return current(f"Job Completed. succeeded: {succeeded}/{completions}")
        if condition.type == "Failed":
            return failed("JobFailed", f"Job Failed. failed: {failures}/{completions}")
        if condition.type == "Suspended" and flag(live, "spec", "suspend"):
            return current("Job is suspended")
    if not text(live, "status", "startTime"):
        return in_progress("JobNotStarted", "Job not started")
    return current(f"Job in progress. success:{succeeded}, active: {active}, failed: {failures}")


def _service(live: Mapping[str, Any]) -> Result:
    if text(live, "spec", "type", default="ClusterIP") == "LoadBalancer" and not text(live, "spec", "clusterIP"):
        return in_progress("NoIPAssigned", "ClusterIP not set. Service type: LoadBalancer")
    return current("Service is ready")


def _custom_resource_definition(live: Mapping[str, Any]) -> Result:
    for condition in conditions(live):
        if condition.type == "NamesAccepted" and condition.status == "False":
            return failed(condition.reason, condition.message)
        if condition.type == "Established":
            if condition.status == "False" and condition.reason != "Installing":
                return failed(condition.reason, condition.message)
            if condition.status == "True":
                return current("CRD is established")
    return in_progress("Installing", "Install in progress")


def _always_ready(_: Mapping[str, Any]) -> Result:
    return current("Resource is always ready")


def _disruption_budget(_: Mapping[str, Any]) -> Result:
    return current("AllowedDisruptions has been computed.")


_KINDS: dict[Kind, Callable[[Mapping[str, Any]], Result]] = {
    Kind("", "ConfigMap"): _always_ready,
    Kind("", "PersistentVolumeClaim"): _volume_claim,
    Kind("", "Secret"): _always_ready,
    Kind("", "Service"): _service,
    Kind("apiextensions.k8s.io", "CustomResourceDefinition"): _custom_resource_definition,
    Kind("apps", "DaemonSet"): daemon_set,
    Kind("apps", "Deployment"): deployment,
    Kind("apps", "ReplicaSet"): replica_set,
    Kind("apps", "StatefulSet"): stateful_set,
    Kind("batch", "CronJob"): _always_ready,
    Kind("batch", "Job"): _job,
    Kind("extensions", "DaemonSet"): daemon_set,
    Kind("extensions", "Deployment"): deployment,
    Kind("extensions", "ReplicaSet"): replica_set,
    Kind("policy", "PodDisruptionBudget"): _disruption_budget,
}


def moment(written: str) -> datetime | None:
    """A time in the format of Kubernetes; None for anything else."""
    try:
        read = datetime.fromisoformat(written)
        return read.astimezone(UTC) if read.tzinfo else None
    except (ValueError, OverflowError):
        return None
