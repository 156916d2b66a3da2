"""Where Polyhelm judges otherwise than kstatus: for each difference what kstatus says, and what Polyhelm says."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.health.differences import DIFFERENCES
from app.health.health import Health, HealthVerdict
from app.health.judging import health_of
from app.health.kstatus import compute
from tests.health.objects import condition, made

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs" / "health.md"
BACK_OFF = "back-off 40s restarting failed container=web"
PULL = 'Back-off pulling image "registry.example/web:9"'
LACKS = [condition("ScalingActive", "False", "FailedGetResourceMetric", "no metrics returned", "2026-11-30T11:58:00Z")]
RUNS = {"startTime": "2026-11-30T11:00:00Z", "active": 2, "succeeded": 1}
PENDING = {
    "phase": "Pending",
    "conditions": [condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are free")],
}


ERROR = {"exitCode": 3, "reason": "Error", "startedAt": "2026-11-30T11:59:20Z", "finishedAt": "2026-11-30T11:59:22Z"}
LONG_RUN = ERROR | {"startedAt": "2026-11-30T09:00:00Z"}
PROBED = {"containers": [{"name": "web", "readinessProbe": {"httpGet": {"port": 80}}}]}


def container(
    name: str = "web", *, waits: Any = None, ended: Any = None, last: Any = None, since: str = "", **more: Any
) -> dict[str, Any]:
    running = {"running": {"startedAt": since} if since else {}}
    state = {"waiting": waits} if waits else {"terminated": ended} if ended else running
    return {"name": name, "state": state, "lastState": {"terminated": last} if last else {}, **more}


def pod(*containers: Any, ready: bool = False, spec: Any = None, **status: Any) -> dict[str, Any]:
    conditions = [condition("Ready", "True" if ready else "False", "ContainersNotReady")]
    return made(
        "v1",
        "Pod",
        spec or {},
        {"phase": "Running", "conditions": conditions, "containerStatuses": list(containers), **status},
    )


CASES: list[tuple[str, dict[str, Any], str, HealthVerdict]] = [
    (
        "a job that runs",
        made("batch/v1", "Job", {"completions": 4, "parallelism": 2}, RUNS),
        "Current",
        HealthVerdict(Health.PROGRESSING, "JobRunning", "active: 2, succeeded: 1, failed: 0, wanted: 4"),
    ),
    (
        "a job that is suspended before it has started",
        made("batch/v1", "Job", {"suspend": True}, {}),
        "InProgress",
        HealthVerdict(Health.SUSPENDED, "Suspended", "The Job is suspended"),
    ),
    (
        "a job that has failed",
        made(
            "batch/v1",
            "Job",
            {},
            {**RUNS, "conditions": [condition("Failed", "True", "BackoffLimitExceeded", "It failed 6 times")]},
        ),
        "Failed",
        HealthVerdict(Health.DEGRADED, "BackoffLimitExceeded", "It failed 6 times"),
    ),
    (
        "a job that has completed and is suspended",
        made("batch/v1", "Job", {"suspend": True}, {"succeeded": 1, "conditions": [condition("Complete", "True")]}),
        "Current",
        HealthVerdict(Health.HEALTHY, None, "Job Completed. succeeded: 1/1"),
    ),
    (
        "a cron job that is suspended",
        made("batch/v1", "CronJob", {"suspend": True}, {}),
        "Current",
        HealthVerdict(Health.SUSPENDED, "Suspended", "The CronJob is suspended"),
    ),
    (
        "a deployment that is paused",
        made("apps/v1", "Deployment", {"paused": True}, {}),
        "InProgress",
        HealthVerdict(Health.SUSPENDED, "Paused", "The rollout is paused"),
    ),
    (
        "a deployment beyond its deadline",
        made(
            "apps/v1",
            "Deployment",
            {},
            {"conditions": [condition("Progressing", "False", "ProgressDeadlineExceeded", "web-1 has timed out")]},
        ),
        "Failed",
        HealthVerdict(Health.DEGRADED, "ProgressDeadlineExceeded", "web-1 has timed out"),
    ),
    (
        "a deployment whose pods a quota refuses",
        made(
            "apps/v1",
            "Deployment",
            {},
            {"conditions": [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: small")]},
        ),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "FailedCreate", "exceeded quota: small"),
    ),
    (
        "a replica set whose pods a quota refuses",
        made(
            "apps/v1",
            "ReplicaSet",
            {},
            {"conditions": [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: small")]},
        ),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "FailedCreate", "exceeded quota: small"),
    ),
    (
        "a load balancer without an address",
        made("v1", "Service", {"type": "LoadBalancer", "clusterIP": "10.0.0.7"}, {"loadBalancer": {}}),
        "Current",
        HealthVerdict(Health.PROGRESSING, "NoAddress", "The load balancer has no address yet"),
    ),
    (
        "a load balancer with an address",
        made(
            "v1",
            "Service",
            {"type": "LoadBalancer", "clusterIP": "10.0.0.7"},
            {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        ),
        "Current",
        HealthVerdict(Health.HEALTHY, None, "Service is ready"),
    ),
    (
        "a claim that has lost its volume",
        made("v1", "PersistentVolumeClaim", {}, {"phase": "Lost"}),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "Lost", "The volume of this claim no longer exists"),
    ),
    (
        "an autoscaler that cannot scale",
        made(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {},
            {"conditions": [condition("AbleToScale", "False", "FailedGetScale", "web is not found")]},
        ),
        "Current",
        HealthVerdict(Health.DEGRADED, "FailedGetScale", "web is not found"),
    ),
    (
        "an autoscaler without metrics for two minutes",
        made("autoscaling/v2", "HorizontalPodAutoscaler", {}, {"conditions": LACKS}),
        "Current",
        HealthVerdict(Health.PROGRESSING, "FailedGetResourceMetric", "no metrics returned", NOW + timedelta(minutes=3)),
    ),
    (
        "an autoscaler of a workload without replicas",
        made(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {},
            {"conditions": [condition("ScalingActive", "False", "ScalingDisabled", "replicas are 0")]},
        ),
        "Current",
        HealthVerdict(Health.SUSPENDED, "ScalingDisabled", "replicas are 0"),
    ),
    (
        "an autoscaler that scales",
        made(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {},
            {"conditions": [condition("AbleToScale", "True"), condition("ScalingActive", "True")]},
        ),
        "Current",
        HealthVerdict(Health.HEALTHY, None, "Resource is current"),
    ),
    (
        "a pod whose image does not exist",
        made(
            "v1",
            "Pod",
            {},
            {
                "phase": "Pending",
                "containerStatuses": [container(waits={"reason": "ImagePullBackOff", "message": PULL})],
            },
        ),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "ImagePullBackOff", f"web: {PULL}"),
    ),
    (
        "a pod whose image has just failed to be pulled",
        made("v1", "Pod", {}, {"phase": "Pending", "containerStatuses": [container(waits={"reason": "ErrImagePull"})]}),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "ErrImagePull", "web: ErrImagePull"),
    ),
    (
        "a pod whose secret does not exist",
        made(
            "v1",
            "Pod",
            {},
            {
                "phase": "Pending",
                "containerStatuses": [
                    container(waits={"reason": "CreateContainerConfigError", "message": 'secret "web" not found'})
                ],
            },
        ),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "CreateContainerConfigError", 'web: secret "web" not found'),
    ),
    (
        "a pod that creates its containers",
        made(
            "v1",
            "Pod",
            {},
            {"phase": "Pending", "containerStatuses": [container(waits={"reason": "ContainerCreating"})]},
        ),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "PodPending", "Pod is in the Pending phase"),
    ),
    (
        "a pod that crashes",
        made(
            "v1",
            "Pod",
            {},
            {
                "phase": "Running",
                "containerStatuses": [
                    container("proxy"),
                    container(
                        waits={"reason": "CrashLoopBackOff", "message": BACK_OFF},
                        last={"exitCode": 3, "reason": "Error", "message": "no database\n"},
                    ),
                ],
            },
        ),
        "Failed",
        HealthVerdict(Health.DEGRADED, "CrashLoopBackOff", f"web exited with code 3 (Error): no database. {BACK_OFF}"),
    ),
    (
        "a pod whose first container crashes before it starts",
        made(
            "v1",
            "Pod",
            {},
            {
                "phase": "Pending",
                "initContainerStatuses": [
                    container(
                        "migrate",
                        waits={"reason": "CrashLoopBackOff", "message": BACK_OFF},
                        last={"exitCode": 137, "reason": "OOMKilled"},
                    ),
                ],
            },
        ),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "CrashLoopBackOff", f"migrate exited with code 137 (OOMKilled). {BACK_OFF}"),
    ),
    (
        "a pod whose container has just crashed for the first time",
        pod(container(ended=LONG_RUN, restartCount=0)),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "Error", "web exited with code 3 (Error)"),
    ),
    (
        "a pod whose container crashes again and has just ended",
        pod(container(ended=ERROR, last=ERROR, restartCount=4)),
        "InProgress",
        HealthVerdict(Health.DEGRADED, "CrashLoopBackOff", "web exited with code 3 (Error)"),
    ),
    (
        "a pod whose container crashes again and runs between two errors",
        pod(container(since="2026-11-30T11:59:32Z", last=ERROR, restartCount=4, ready=False)),
        "InProgress",
        HealthVerdict(
            Health.DEGRADED,
            "CrashLoopBackOff",
            "web exited with code 3 (Error). It is not ready again",
            NOW + timedelta(minutes=9, seconds=32),
        ),
    ),
    (
        "a pod whose container crashes again and is ready between two errors because it has no probe",
        pod(container(since="2026-11-30T11:59:32Z", last=ERROR, restartCount=4, ready=True), ready=True),
        "Current",
        HealthVerdict(
            Health.DEGRADED,
            "CrashLoopBackOff",
            "web exited with code 3 (Error). It was restarted, and has run for less than 30 s",
            NOW + timedelta(seconds=2),
        ),
    ),
    (
        "a pod whose container was restarted once after a long run",
        pod(container(since="2026-11-30T11:59:32Z", last=LONG_RUN, restartCount=7, ready=False)),
        "InProgress",
        HealthVerdict(
            Health.DEGRADED,
            "Error",
            "web exited with code 3 (Error). It is not ready again",
            NOW + timedelta(minutes=9, seconds=32),
        ),
    ),
    (
        "a pod whose container runs again for half a minute",
        pod(container(since="2026-11-30T11:59:30Z", last=ERROR, restartCount=4, ready=True), ready=True),
        "Current",
        HealthVerdict(Health.HEALTHY, None, "Pod is Ready"),
    ),
    (
        "a pod whose probe says that its container works again",
        pod(container(since="2026-11-30T11:59:58Z", last=ERROR, restartCount=4, ready=True), ready=True, spec=PROBED),
        "Current",
        HealthVerdict(Health.HEALTHY, None, "Pod is Ready"),
    ),
    (
        "a pod that is not ready long after an error",
        pod(container(since="2026-11-30T11:49:59Z", last=ERROR, restartCount=4, ready=False), spec=PROBED),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "PodRunningNotReady", "Pod is running but is not Ready"),
    ),
    (
        "a pod whose container has ended without an error and runs again",
        pod(container(since="2026-11-30T11:59:58Z", last=ERROR | {"exitCode": 0}, restartCount=4, ready=False)),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "PodRunningNotReady", "Pod is running but is not Ready"),
    ),
    (
        "a pod whose work is done while its sidecar is stopped",
        pod(
            container(ended={"exitCode": 0, "reason": "Completed"}),
            initContainerStatuses=[container("proxy", ended={"exitCode": 143, "reason": "Error"})],
        ),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "PodRunningNotReady", "Pod is running but is not Ready"),
    ),
    (
        "a pod that has failed",
        made(
            "v1",
            "Pod",
            {},
            {
                "phase": "Failed",
                "containerStatuses": [
                    container(ended={"exitCode": 2, "reason": "Error", "message": "bad flag"}),
                    container("proxy", ended={"exitCode": 0}),
                ],
            },
        ),
        "Current",
        HealthVerdict(Health.DEGRADED, "Error", "web exited with code 2 (Error): bad flag"),
    ),
    (
        "a pod that was evicted",
        made(
            "v1",
            "Pod",
            {},
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory. "},
        ),
        "Current",
        HealthVerdict(Health.DEGRADED, "Evicted", "The node was low on resource: memory"),
    ),
    (
        "a pod that no node has room for",
        made("v1", "Pod", {}, PENDING, creationTimestamp="2026-11-30T11:00:00Z"),
        "Failed",
        HealthVerdict(Health.DEGRADED, "PodUnschedulable", "0/3 nodes are free"),
    ),
    (
        "a new pod that no node has room for",
        made("v1", "Pod", {}, PENDING, creationTimestamp="2026-11-30T11:59:55Z"),
        "InProgress",
        HealthVerdict(Health.PROGRESSING, "PodNotScheduled", "0/3 nodes are free", NOW + timedelta(seconds=10)),
    ),
]


@pytest.mark.parametrize(("live", "kstatus", "verdict"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_polyhelm_says_of(live: dict[str, Any], kstatus: str, verdict: HealthVerdict) -> None:
    assert compute(live, NOW).status == kstatus
    assert health_of(live, {}, NOW) == verdict


def test_an_autoscaler_that_lacks_metrics_for_longer_is_degraded() -> None:
    live = made("autoscaling/v2", "HorizontalPodAutoscaler", {}, {"conditions": LACKS})
    verdict = health_of(live, {}, NOW + timedelta(minutes=3))
    assert verdict == HealthVerdict(Health.DEGRADED, "FailedGetResourceMetric", "no metrics returned")


def test_the_page_lists_each_difference_with_its_kinds() -> None:
    """A table with a row for each: `| running-job | Job | … |`."""
    section = PAGE.read_text().split("## Differences from kstatus")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| ([A-Za-z, ]+) \|", section, re.MULTILINE)
    listed = {name: set(kinds.split(", ")) for name, kinds in rows}
    known: dict[str, set[str]] = {}
    for kind, differences in DIFFERENCES.items():
        for difference in differences:
            known.setdefault(difference.__name__.replace("_", "-"), set()).add(kind.kind)
    assert listed == known
