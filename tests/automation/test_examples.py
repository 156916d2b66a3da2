"""The workflows of docs/workflow-examples.md, with services of the test and objects on simulated members."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from app.tables.identity import Role
from simulator import Member
from tests.automation.test_runs import ended, save, start, waiting
from tests.charts.servers import served
from tests.identity.callers import token_of
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
PAGE = (Path(__file__).parents[2] / "docs" / "workflow-examples.md").read_text()
PRELOAD, CANARY = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PULL, ROLLOUT = ("apps.kruise.io", "v1alpha1", "ImagePullJob"), ("delivery.example.com", "v1", "Rollout")


def plural_of(kind: str) -> str:
    return f"{kind.lower()}s"


def define(member: Member, group: str, version: str, kind: str) -> None:
    plural = plural_of(kind)
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    member.put("customresourcedefinitions", definition, group="apiextensions.k8s.io")


@asynccontextmanager
async def controlled(
    members: dict[str, Member], group: str, version: str, kind: str, status_of: Callable[[str, Any], Any]
) -> AsyncIterator[None]:
    """Writes the status of each object, as a controller on each member does."""

    async def control() -> None:
        while True:
            for name, member in members.items():
                for found in member.objects(plural_of(kind), group):
                    if (status := status_of(name, found)) != found.get("status"):
                        member.put(plural_of(kind), {**found, "status": status}, group, version)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(control())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def members_of(
    stack: Stack, simulated: Callable[[str], Member], kind: tuple[str, str, str], regions: dict[str, str]
) -> dict[str, Member]:
    found = {}
    for name, region in regions.items():
        found[name] = simulated(name)
        define(found[name], *kind)
        answer = await stack.register(name, found[name].kubeconfig, region=region)
        assert "cluster" in answer, answer
    return found


async def test_an_image_is_preloaded_on_the_clusters_of_two_regions(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    requests = list[tuple[str, str]]()
    looks = iter(["RUNNING", "RUNNING", "DONE"])

    async def service(request: web.Request) -> web.StreamResponse:
        requests.append((request.method, request.path))
        if request.method == "POST":
            return web.json_response({"id": 7}, status=201)
        if request.method == "PUT":
            return web.json_response({"layers": 3})
        return web.json_response({"state": next(looks), "reference": "registry.example.com/shop@sha256:7"})

    pulled = set[str]()

    def status_of(cluster: str, found: Any) -> Any:
        pulled.add(cluster)
        assert found["spec"]["image"] == "registry.example.com/shop@sha256:7"
        is_broken = cluster == "oslo"
        return {"desired": 3, "succeeded": 1 if is_broken else 3, "failed": 2 if is_broken else 0}

    async with served(service) as host, new_stack(plain_http_hosts=host) as stack:
        regions = {"oslo": "eu", "paris": "eu", "boston": "us", "tokyo": "asia"}
        members = await members_of(stack, simulated, PULL, regions)
        await save(stack, PRELOAD.replace("interval: 5s", "interval: 1s"))
        url = f"http://{host}"
        parameters = {"image": "shop", "regions": ["eu", "us"], "builds": url, "cache": url, "chat": url}
        async with controlled(members, *PULL, status_of):
            run = (await start(stack, "preload", parameters))["run"]["id"]
            found = await ended(stack, run)
    assert (found["state"], found["outputs"]) == (
        "SUCCEEDED",
        {"reference": "registry.example.com/shop@sha256:7", "clusters": ["boston", "oslo", "paris"]},
    ), found
    assert requests == [("POST", "/builds"), *[("GET", "/builds/7")] * 3, ("PUT", "/images/shop")]
    assert pulled == {"boston", "oslo", "paris"}
    left = {name: len(member.objects("imagepulljobs", "apps.kruise.io")) for name, member in members.items()}
    assert left == {"boston": 0, "oslo": 1, "paris": 0, "tokyo": 0}
    states = {step["path"]: step["state"] for step in found["steps"]["nodes"]}
    assert (states["pull"], states["pull[1]"], states["pull[2]/cleanUp"]) == ("FAILED", "FAILED", "SUCCEEDED")
    assert "The cache has 3 layers of registry.example.com/shop@sha256:7." in [
        line["message"] for line in found["logs"]["nodes"]
    ]


async def test_a_build_that_fails_is_reported(new_stack: NewStack) -> None:
    messages = []

    async def service(request: web.Request) -> web.StreamResponse:
        if request.path == "/messages":
            messages.append((await request.json())["text"])
        return web.json_response({"id": 7, "state": "FAILED"})

    async with served(service) as host, new_stack(plain_http_hosts=host) as stack:
        await save(stack, PRELOAD)
        url = f"http://{host}"
        parameters = {"image": "shop", "regions": ["eu"], "builds": url, "cache": url, "chat": url}
        run = (await start(stack, "preload", parameters))["run"]["id"]
        found = await ended(stack, run)
    assert (found["state"], found["error"]["path"]) == ("FAILED", "image/built")
    assert messages == [f"The image shop was not built: `failIf` is true for the response of {url}/builds/7."]


class Traffic:
    """The traffic service: what each cluster gets, and every request in order."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.shifts = list[tuple[str, str, int]]()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/errors":
            return web.json_response({"rate": self.rate})
        body = await request.json()
        self.shifts.append((request.path.rpartition("/")[2], body["version"], body["weight"]))
        return web.json_response({})


BATCHES = [{"cluster": "paris", "sizes": [10, 50, 100]}, {"cluster": "tokyo", "sizes": [25, 100]}]


@asynccontextmanager
async def releasing(
    new_stack: NewStack, simulated: Callable[[str], Member], traffic: Traffic
) -> AsyncIterator[tuple[Stack, dict[str, Member], str]]:
    """A run of the release in batches."""

    def status_of(_: str, found: Any) -> Any:
        return {key: found["spec"][key] for key in ("version", "weight")}

    async with served(traffic.answer) as host, new_stack(plain_http_hosts=host) as stack:
        members = await members_of(stack, simulated, ROLLOUT, {"paris": "eu", "tokyo": "asia"})
        for member in members.values():
            rollout = {"metadata": {"name": "shop"}, "spec": {"version": "v1", "weight": 100}}
            member.put("rollouts", rollout, *ROLLOUT[:2])
        await save(stack, CANARY)
        parameters = {"version": "v2", "previous": "v1", "batches": BATCHES, "traffic": f"http://{host}"}
        async with controlled(members, *ROLLOUT, status_of):
            yield stack, members, (await start(stack, "canary", parameters))["run"]["id"]


def spec_of(member: Member) -> Any:
    return member.objects("rollouts", "delivery.example.com")[0]["spec"]


async def test_a_release_continues_in_the_batches_of_each_cluster_after_an_approval(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    traffic = Traffic(0.001)
    async with releasing(new_stack, simulated, traffic) as (stack, members, run):
        await waiting(stack, run, "release/approve")
        assert sorted(traffic.shifts) == [("paris", "v2", 10), ("tokyo", "v2", 25)]
        approver = await token_of(stack, Role.APPROVER)
        mutation = "mutation ($input: ApproveStepInput!) { approveStep(input: $input) { __typename } }"
        await stack.data(mutation, approver, input={"run": run, "step": "release/approve"})
        found = await ended(stack, run)
        assert found["state"] == "SUCCEEDED", found
        by_cluster = {name: [shift[1:] for shift in traffic.shifts if shift[0] == name] for name in members}
        assert by_cluster == {
            "paris": [("v2", 10), ("v2", 10), ("v2", 50), ("v2", 100)],
            "tokyo": [("v2", 25), ("v2", 25), ("v2", 100)],
        }
        assert [spec_of(member) for member in members.values()] == [{"version": "v2", "weight": 100}] * 2


async def test_a_release_with_too_many_errors_is_taken_back_on_all_clusters(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    traffic = Traffic(0.2)
    async with releasing(new_stack, simulated, traffic) as (stack, members, run):
        found = await ended(stack, run)
        assert (found["state"], found["error"]["message"]) == ("FAILED", "The error rate is 0.2.")
        assert sorted(traffic.shifts[2:]) == [("paris", "v1", 100), ("tokyo", "v1", 100)]
        assert [spec_of(member) for member in members.values()] == [{"version": "v1", "weight": 100}] * 2
