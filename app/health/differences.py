"""The differences between Polyhelm's verdicts and those of kstatus. Each difference has a name; docs/health.md lists
them.

kstatus reports whether a client that waits for an object can stop waiting. To kstatus, a running Job and a failed Pod
are both current. Polyhelm reports whether what was deployed works, so these are not healthy here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.health.fields import condition_of, flag, items, number, text
from app.health.health import Health, HealthVerdict
from app.health.kinds import Kind
from app.health.kstatus import moment
from app.health.pods import pod_trouble, unschedulable

Difference = Callable[[Mapping[str, Any], datetime], HealthVerdict | None]
"""Returns a verdict if it applies to an object at a time, and None otherwise."""

METRICS_WINDOW = timedelta(minutes=5)
"""How long an autoscaler may be without metrics before it counts as degraded: pods have none while they start."""


def running_job(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Job that runs is PROGRESSING, and HEALTHY when it has completed."""
    if not text(live, "status", "startTime") or _has_ended(live):
        return None
    completions = number(live, "spec", "completions", default=number(live, "spec", "parallelism", default=1))
    counts = {name: number(live, "status", name, default=0) for name in ("active", "succeeded", "failed")}
    message = ", ".join(f"{name}: {count}" for name, count in counts.items())
    return HealthVerdict(Health.PROGRESSING, "JobRunning", f"{message}, wanted: {completions}")


def suspended_job(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Job whose spec suspends it is SUSPENDED."""
    if flag(live, "spec", "suspend") and not _has_ended(live):
        return HealthVerdict(Health.SUSPENDED, "Suspended", "The Job is suspended")
    return None


def failed_job(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Job that has failed is DEGRADED with the reason and the message of its condition."""
    condition = condition_of(live, "Failed", "True")
    if condition is None:
        return None
    return HealthVerdict(Health.DEGRADED, condition.reason or "JobFailed", condition.message or "The Job has failed")


def suspended_cron_job(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A CronJob whose spec suspends it is SUSPENDED."""
    return (
        HealthVerdict(Health.SUSPENDED, "Suspended", "The CronJob is suspended")
        if flag(live, "spec", "suspend")
        else None
    )


def paused_deployment(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Deployment whose spec pauses its rollout is SUSPENDED: it stays as it is, even where pods are missing."""
    return HealthVerdict(Health.SUSPENDED, "Paused", "The rollout is paused") if flag(live, "spec", "paused") else None


def exceeded_deadline(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Deployment that exceeded its progress deadline is DEGRADED with the message of its condition."""
    condition = condition_of(live, "Progressing")
    if condition is None or condition.reason != "ProgressDeadlineExceeded":
        return None
    return HealthVerdict(Health.DEGRADED, condition.reason, condition.message or "Progress deadline exceeded")


def refused_pods(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Deployment or ReplicaSet whose pods are refused, by a quota or a webhook, gets the API server's message."""
    condition = condition_of(live, "ReplicaFailure", "True")
    if condition is None:
        return None
    return HealthVerdict(
        Health.PROGRESSING, condition.reason or "ReplicaFailure", condition.message or "Pods cannot be created"
    )


def addressless_load_balancer(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A Service of type LoadBalancer is PROGRESSING until it has an address."""
    if text(live, "spec", "type") != "LoadBalancer" or items(live, "status", "loadBalancer", "ingress"):
        return None
    return HealthVerdict(Health.PROGRESSING, "NoAddress", "The load balancer has no address yet")


def lost_volume_claim(live: Mapping[str, Any], _: datetime) -> HealthVerdict | None:
    """A PersistentVolumeClaim that has lost its volume is DEGRADED."""
    if text(live, "status", "phase") != "Lost":
        return None
    return HealthVerdict(Health.DEGRADED, "Lost", "The volume of this claim no longer exists")


def failed_autoscaler(live: Mapping[str, Any], now: datetime) -> HealthVerdict | None:
    """An autoscaler that cannot scale is DEGRADED; it is PROGRESSING for the first five minutes without metrics, and
    SUSPENDED while its workload has no replicas."""
    unable = condition_of(live, "AbleToScale", "False")
    if unable is not None:
        return HealthVerdict(Health.DEGRADED, unable.reason or "UnableToScale", unable.message or "It cannot scale")
    inactive = condition_of(live, "ScalingActive", "False")
    if inactive is None:
        return None
    message = inactive.message or "It is not scaling"
    if inactive.reason == "ScalingDisabled":
        return HealthVerdict(Health.SUSPENDED, inactive.reason, message)
    since = moment(inactive.since)
    if since is not None and now - since < METRICS_WINDOW:
        return HealthVerdict(
            Health.PROGRESSING, inactive.reason or "Inactive", message, min(since, now) + METRICS_WINDOW
        )
    return HealthVerdict(Health.DEGRADED, inactive.reason or "Inactive", message)


def _has_ended(live: Mapping[str, Any]) -> bool:
    return condition_of(live, "Complete", "True") is not None or condition_of(live, "Failed", "True") is not None


_DEPLOYMENT: tuple[Difference, ...] = (paused_deployment, exceeded_deadline, refused_pods)

DIFFERENCES: Mapping[Kind, tuple[Difference, ...]] = {
    Kind("", "PersistentVolumeClaim"): (lost_volume_claim,),
    Kind("", "Pod"): (pod_trouble, unschedulable),
    Kind("", "Service"): (addressless_load_balancer,),
    Kind("apps", "Deployment"): _DEPLOYMENT,
    Kind("apps", "ReplicaSet"): (refused_pods,),
    Kind("autoscaling", "HorizontalPodAutoscaler"): (failed_autoscaler,),
    Kind("batch", "CronJob"): (suspended_cron_job,),
    Kind("batch", "Job"): (failed_job, suspended_job, running_job),
    Kind("extensions", "Deployment"): _DEPLOYMENT,
    Kind("extensions", "ReplicaSet"): (refused_pods,),
}
"""For each kind, its differences; the first that applies has the verdict."""
