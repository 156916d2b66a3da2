"""`run-job` on simulated members, whose pods and their logs the tests play."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from simulator.logs import At
from simulator.operations import Deletion
from tests.automation.test_runs import ended, shown, started
from tests.stack import Stack, eventually
from tests.steps.test_objects import by_path, events, member_of

RUN = """
name: migrate
steps:
  - name: migrate
    type: run-job
    inputs:
      cluster: paris
      namespace: default
      image: shop:1
      command: [migrate]
      spec: {backoffLimit: 2, template: {spec: {nodeSelector: {disk: ssd}}}}
"""


def jobs(member: Member) -> list[Any]:
    return member.objects("jobs", "batch")


async def has_job(member: Member) -> Any:
    async def look() -> Any:
        return jobs(member)

    [job] = await eventually(look)
    return job


async def has_none(member: Member) -> None:
    async def look() -> bool:
        return not jobs(member)

    await eventually(look)


def put_pod(member: Member, job: Any, name: str, state: str) -> None:
    """A pod of a Job whose container is in this state."""
    labels = job["spec"]["template"]["metadata"]["labels"]
    within = {"startedAt": "2026-12-01T00:00:00Z"} | ({"exitCode": 0} if state == "terminated" else {})
    status = {
        "phase": "Succeeded" if state == "terminated" else "Running",
        "containerStatuses": [{"name": "job", "containerID": f"containerd://{name}", "state": {state: within}}],
    }
    spec = {"containers": [{"name": "job", "image": "shop:1"}], "restartPolicy": "Always", "nodeName": "a"}
    kind = member.catalog.find("", "v1", "pods")
    assert kind is not None
    present = member.store.get(kind.key, "default", name)
    metadata = {"name": name, "namespace": "default", "labels": labels}
    if present is None:
        member.put("pods", {"metadata": metadata, "spec": spec})
        present = member.store.get(kind.key, "default", name)
        assert present is not None
    live = present.object()
    member.store.put(kind.key, live | {"status": status})


async def lines_of(stack: Stack, run: str) -> list[str]:
    return [each["message"] for each in (await shown(stack, run))["logs"]["nodes"]]


async def has_line(stack: Stack, run: str, line: str) -> None:
    async def look() -> bool:
        return line in await lines_of(stack, run)

    await eventually(look)


async def test_the_logs_of_the_pods_are_the_log_of_the_step_and_the_job_is_deleted_afterwards(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    member = await member_of(stack, simulated)
    member.faults.stuck = True
    run = await started(stack, RUN, "migrate")
    job = await has_job(member)
    name = job["metadata"]["name"]
    assert name.startswith("polyhelm-step-")
    spec = job["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["containers"][0]["command"]) == ({"disk": "ssd"}, ["migrate"])
    assert job["spec"]["backoffLimit"] == 2
    at = At("default", "pod-a", "job")
    member.logs.write(at, "one")
    put_pod(member, job, "pod-a", "running")
    await has_line(stack, run, "one")
    member.logs.write(at, "two", "three")
    await has_line(stack, run, "three")
    member.logs.write(at, "four")
    member.logs.end(at)
    put_pod(member, job, "pod-a", "terminated")
    member.faults.stuck = False
    found = await ended(stack, run)
    assert (found["state"], by_path(found, "outputs")) == ("SUCCEEDED", {"migrate": {"name": name}}), found
    lines = [line["message"] for line in found["logs"]["nodes"]]
    assert lines == [f"Job default/{name} runs on paris.", "Pod pod-a:", "one", "two", "three", "four"]
    await has_none(member)
    assert [(data["verb"], data["object"]["name"]) for _, _, data in await events(stack)] == [
        ("create", name),
        ("delete", name),
    ]


@pytest.mark.parametrize("end", ["failed", "cancelled", "timed out", "lost"])
async def test_the_job_is_deleted_however_the_step_ends(
    stack: Stack, simulated: Callable[[str], Member], end: str
) -> None:
    member = await member_of(stack, simulated)
    member.faults.stuck = True
    annotations = "{metadata: {annotations: {polyhelm.test/phase: Failed}}, spec: {nodeSelector: {disk: ssd}}}"
    text = RUN.replace("{spec: {nodeSelector: {disk: ssd}}}", annotations)
    run = await started(stack, text + ("    timeout: 3s\n" if end == "timed out" else ""), "migrate")
    job = await has_job(member)
    name = job["metadata"]["name"]
    if end == "failed":
        member.faults.stuck = False
    elif end == "cancelled":
        await has_line(stack, run, f"Job default/{name} runs on paris.")
        await stack.mutate("cancelRun", "__typename", run=run)
    elif end == "lost":
        await has_line(stack, run, f"Job default/{name} runs on paris.")
        kind = member.catalog.find("batch", "v1", "jobs")
        assert kind is not None
        member.operations.delete(kind, "default", name, Deletion())
    found = await ended(stack, run)
    error = found["error"] or {"code": found["state"]}
    codes = {"failed": "job_failed", "cancelled": "CANCELLED", "timed out": "timeout", "lost": "job_lost"}
    assert error["code"] == codes[end], found
    await has_none(member)
