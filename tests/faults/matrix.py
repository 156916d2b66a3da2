"""Every request that Helm makes, failing in every way: what is done, with what, and what must hold afterwards."""

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.contract.client import Client
from tests.faults import Cut, Failure, Hang, Proxy, Request, by_helm, conflict, status, timed_out, writes_record
from tests.faults.records import Revision, releases_of
from tests.stack import Stack, eventually

FAILURES: dict[str, Failure] = {
    "503": status(503, "the server is currently unable to handle the request"),
    "409": conflict(),
    "timed out": timed_out(),
    "hang": Hang(seconds=3),
    "reset before": Cut(),
    "reset after": Cut(acted=True),
}
SECONDS = 300.0
"""How long Polyhelm may take until all is as wanted: on a machine that has nothing else to do, far less."""

_HOOK = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-WHEN
  annotations:
    helm.sh/hook: WHEN-install,WHEN-upgrade,WHEN-rollback,WHEN-delete
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: hooked\nversion: 1.0.0\n",
    "values.yaml": "size: 1\n",
    "templates/config.yaml": """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  size: {{ .Values.size | quote }}
""",
    # With a name like this, it is rendered, and refused when it is applied.
    "templates/refused.yaml": """{{- if .Values.refused }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-REFUSED
{{- end }}
""",
    "templates/before.yaml": _HOOK.replace("WHEN", "pre"),
    "templates/after.yaml": _HOOK.replace("WHEN", "post"),
}


@dataclass(frozen=True)
class Step:
    """One request of a Helm run: the path with the release's name left out, and the how manieth of its kind it is."""

    method: str
    path: str
    nth: int

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.nth}"


@dataclass(frozen=True)
class Cell:
    """One request of one action that fails in one way. Its text names it: `install | POST … 1 | 503`."""

    action: "Action"
    step: Step
    failure: str

    def __str__(self) -> str:
        return f"{self.action.name} | {self.step} | {self.failure}"

    @property
    def writes_record(self) -> bool:
        """Whether the request may write a revision, by its path alone."""
        return self.step.method in ("POST", "PUT", "PATCH", "DELETE") and "/secrets" in self.step.path


@dataclass(frozen=True)
class Begun:
    """What an action has asked for."""

    deployment_id: str
    answer: Any


class Lane:
    """A Polyhelm with one member, on which one action runs at a time: what comes through its proxy belongs to it."""

    def __init__(self, stack: Stack, proxy: Proxy, client: Client, namespace: str) -> None:
        self.stack = stack
        self.proxy = proxy
        self._client = client
        self.namespace = namespace

    async def create(self, release: str, **given: Any) -> Begun:
        answer = await self.stack.create(
            chart="charts/hooked",
            namespace=self.namespace,
            releaseName=release,
            values={"size": 1},
            timeoutSeconds=200,
            **given,
        )
        assert answer["__typename"] == "DeploymentPayload", answer
        return Begun(answer["deployment"]["id"], answer)

    async def deployed(self, release: str, **given: Any) -> str:
        begun = await self.create(release, **given)
        operation = await self.ended(begun.answer)
        assert operation["state"] == "SUCCEEDED", operation
        return begun.deployment_id

    async def update(self, deployment_id: str, **more: Any) -> Begun:
        answer = await self.stack.update(deployment_id, values={"size": 2} | more)
        assert answer["__typename"] == "DeploymentPayload", answer
        return Begun(deployment_id, answer)

    async def delete(self, deployment_id: str) -> Begun:
        answer = await self.stack.delete(deployment_id)
        assert answer["__typename"] == "DeploymentPayload", answer
        return Begun(deployment_id, answer)

    async def ended(self, answer: Any, seconds: float = SECONDS) -> Any:
        """The operation once it has ended, or as it is after so many seconds."""
        query = """query ($id: ID!) { operation(id: $id) {
          state results { action state error { code message output attempts } }
        } }"""
        end = time.monotonic() + seconds
        while True:
            operation = (await self.stack.data(query, id=answer["operation"]["id"]))["operation"]
            if operation["state"] not in ("PENDING", "RUNNING") or time.monotonic() > end:
                return operation
            await asyncio.sleep(0.1)

    async def releases(self) -> dict[str, list[Revision]]:
        path = f"/api/v1/namespaces/{self.namespace}/secrets"
        code, found = await self._client.get(path, labelSelector="owner=helm")
        assert code == 200, found
        return {name: revisions for (_, name), revisions in releases_of(found["items"]).items()}

    async def config(self, release: str) -> Any:
        """What is in the release's ConfigMap; None where it is gone."""
        code, found = await self._client.get(f"/api/v1/namespaces/{self.namespace}/configmaps/{release}")
        return found["data"] if code == 200 else None

    async def target(self, deployment_id: str) -> Any:
        """Where nobody vouches for its status, because an observer had no time, once somebody does."""

        async def vouched_for() -> Any:
            found = await self.stack.targets(deployment_id)
            # In a list, since there is no target after an uninstall, and nothing to wait for.
            return [found] if all(target["status"] != "UNKNOWN" for target in found.values()) else None

        with suppress(AssertionError):
            await eventually(vouched_for)
        return (await self.stack.targets(deployment_id)).get("paris")

    def step_of(self, request: Request, release: str, seen: Counter[tuple[str, str]]) -> Step:
        path = request.path.replace(release, "RELEASE").replace(self.namespace, "NAMESPACE")
        seen[request.method, path] += 1
        return Step(request.method, path, seen[request.method, path])

    def pattern_of(self, step: Step, release: str) -> str:
        """Matches the path of a step."""
        path = re.escape(step.path).replace("RELEASE", release).replace("NAMESPACE", self.namespace)
        return f"^{path}$"


@dataclass(frozen=True)
class Action:
    """`prepare` comes before any failure, `begin` asks for what may fail. `revisions` and `hooks` are how many a clean
    run makes; one failure may cost one try more, and one rollback."""

    name: str
    prepare: Callable[[Lane, str], Awaitable[Any]]
    begin: Callable[[Lane, str, Any], Awaitable[Begun]]
    size: int | None
    """The value that is wanted at the end; None where the release is to be gone."""
    most_revisions: int
    most_hooks: int
    fails: bool = False
    """What is asked for can't succeed; an update that can is to, afterwards."""


async def _nothing(lane: Lane, release: str) -> None:
    """Discovery is done anew, as by a Helm that has kept nothing."""
    for kept in lane.stack.services.settings.cache.glob("helm/*/kube/**/*"):
        with suppress(OSError):
            kept.unlink()


async def _interrupted(lane: Lane, release: str) -> Begun:
    """An upgrade whose Helm stands still after it has written that the upgrade is pending."""
    deployment_id = await lane.deployed(release)
    path = f"/configmaps/{release}$"
    rule = lane.proxy.fault(Hang(), method="PATCH", path=path, where=by_helm, times=1)
    begun = await lane.update(deployment_id)
    await rule.hit(SECONDS)
    return begun


async def _kill_helm(lane: Lane, release: str, begun: Begun) -> Begun:
    for pid in await asyncio.to_thread(_helms_on, release):
        os.kill(pid, signal.SIGKILL)
    return begun


def _helms_on(release: str) -> list[int]:
    """Processes of Helm that work on a release."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            if release in words and Path(words[0]).name == "helm":
                found.append(int(folder.name))
    return found


ACTIONS = (
    Action("install", _nothing, lambda lane, release, _: lane.create(release), 1, 2, 2),
    Action("upgrade", Lane.deployed, lambda lane, _, deployment_id: lane.update(deployment_id), 2, 3, 3),
    Action("recovery", _interrupted, _kill_helm, 2, 4, 5),
    Action(
        "atomic upgrade that fails",
        lambda lane, release: lane.deployed(release, atomic=True),
        lambda lane, _, deployment_id: lane.update(deployment_id, refused=True),
        2,
        6,
        5,  # with those of the update that succeeds
        fails=True,
    ),
    Action("uninstall", Lane.deployed, lambda lane, _, deployment_id: lane.delete(deployment_id), None, 0, 2),
)


async def steps(lane: Lane, action: Action, release: str) -> list[Step]:
    """The requests of Helm in a clean run, in their order."""
    prepared = await action.prepare(lane, release)
    begun_at = len(lane.proxy.requests)
    begun = await action.begin(lane, release, prepared)
    operation = await lane.ended(begun.answer)
    assert operation["state"] == ("FAILED" if action.fails else "SUCCEEDED"), operation
    seen: Counter[tuple[str, str]] = Counter()
    requests = [request for request in list(lane.proxy.requests)[begun_at:] if by_helm(request)]
    lane.proxy.requests.clear()
    return [lane.step_of(request, release, seen) for request in requests]


async def problems(lane: Lane, cell: Cell, release: str) -> list[str]:
    """Runs a cell; what is not as it must be afterwards."""
    action = cell.action
    prepared = await action.prepare(lane, release)
    others = {name: found for name, found in (await lane.releases()).items() if name != release}
    lane.proxy.requests.clear()
    rule = lane.proxy.fault(
        FAILURES[cell.failure],
        method=cell.step.method,
        path=lane.pattern_of(cell.step, release),
        where=by_helm,
        skip=cell.step.nth - 1,
        times=1,
    )
    begun = await action.begin(lane, release, prepared)
    operation = await lane.ended(begun.answer)
    lane.proxy.heal()
    found = [] if rule.hits else ["the request never came"]
    found += _problems_of_operation(operation, "FAILED" if action.fails else "SUCCEEDED")
    if action.fails:
        begun = await lane.update(begun.deployment_id)
        found += _problems_of_operation(await lane.ended(begun.answer), "SUCCEEDED")
    releases = await lane.releases()
    found += await _problems_of_release(lane, action, begun, release, releases.pop(release, []))
    if releases != others:
        found.append(f"other releases were touched: {set(releases) ^ set(others) or releases}")
    found += _problems_of_counts(lane.proxy.requests, action, release)
    return found


def _problems_of_operation(operation: Any, expected: str) -> list[str]:
    if operation["state"] == expected:
        return []
    return [f"the operation is {operation['state']}: {operation['results']}"]


async def _problems_of_release(
    lane: Lane, action: Action, begun: Begun, release: str, revisions: list[Revision]
) -> list[str]:
    target, config = await lane.target(begun.deployment_id), await lane.config(release)
    newest = (revisions[-1].status, revisions[-1].values) if revisions else None
    told = (target["status"], target["revision"]) if target else None
    wanted: tuple[Any, Any, Any] = (None, None, None)
    if action.size is not None:
        last = revisions[-1].number if revisions else 1
        wanted = ("deployed", {"size": action.size}), {"size": str(action.size)}, ("DEPLOYED", last)
    if (newest, config, told) == wanted:
        return []
    history = [(revision.number, revision.status) for revision in revisions]
    error = (target or {}).get("error")
    return [f"revisions {history}, newest {newest}, object {config}, target {told}, error {error}"]


def _problems_of_counts(requests: Iterable[Request], action: Action, release: str) -> list[str]:
    """By what the server has created, whoever was told so."""
    created = [request for request in requests if request.method == "POST" and request.served == 201]
    revisions = sum(writes_record(request) for request in created)
    hooks = Counter(
        name
        for request in created
        if request.path.endswith("/configmaps")
        for name in ("pre", "post")
        if f'"{release}-{name}"'.encode() in request.body
    )
    found = []
    if revisions > action.most_revisions:
        found.append(f"{revisions} revisions were made, {action.most_revisions} are allowed")
    if max(hooks.values(), default=0) > action.most_hooks:
        found.append(f"hooks ran {dict(hooks)} times, {action.most_hooks} are allowed")
    return found
