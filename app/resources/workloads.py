"""Finds on a member what the workloads of a release own: ReplicaSets, Jobs and pods. Every list is bounded."""

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, equal_labels, get_object, list_objects
from app.core.concurrency import for_each
from app.core.errors import ActionError
from app.health.fields import number, text
from app.resources.seen import Key
from app.resources.tree import JOB, POD, REPLICA_SET, owner_of

MOST_WORKLOADS = 50
"""The workloads of a target whose pods are listed."""
_MOST_OWNED = 100
"""The ReplicaSets, Jobs or pods of one workload that are listed."""
_AT_ONCE = 4
_WITH_PODS = frozenset(
    {
        *(("apps", kind) for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
        *(("batch", kind) for kind in ("CronJob", "Job")),
        ("", "Pod"),
        ("", "ReplicationController"),
    }
)


class Scope(NamedTuple):
    """Objects of one kind in one namespace that a label selector matches."""

    kind: ObjectType
    namespace: str
    selector: str


@dataclass
class Found:
    """The workloads as they are on the member, and the objects that they may own. `scopes` are the places in which a
    new pod or Job of theirs would appear. `problems` are sentences about what could not be listed."""

    workloads: dict[Key, Object] = field(default_factory=dict)
    owned: list[tuple[ObjectType, Object]] = field(default_factory=list)
    scopes: set[Scope] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def has_pods(group: str, kind: str) -> bool:
    return (group, kind) in _WITH_PODS


async def find_owned(member: Member, workloads: Iterable[tuple[Key, ObjectType]], *, only_pods: bool = False) -> Found:
    """Reads the first `MOST_WORKLOADS` workloads and what they own. With `only_pods`, ReplicaSets are read only if the
    pods belong to them.

    Raises:
        ActionError: if the member cannot be read at all.
    """
    asked = list(workloads)
    found = Found()
    if len(asked) > MOST_WORKLOADS:
        found.problems.append(f"The pods of the first {MOST_WORKLOADS} of {len(asked)} workloads are shown.")
    failures: list[ActionError] = []

    async def look(workload: tuple[Key, ObjectType]) -> None:
        key, kind = workload
        try:
            live = await get_object(member, kind, key.namespace, key.name, whole=True)
            if live is not None:
                found.workloads[key] = live
                await _look_below(member, found, key, live)
        except ActionError as error:
            failures.append(error)
            found.problems.append(f"{key.kind} {key.name}: {error.message}")

    await for_each(asked[:MOST_WORKLOADS], look, at_once=_AT_ONCE)
    if failures and not found.workloads:
        raise failures[0]
    return found


async def _look_below(member: Member, found: Found, key: Key, live: Object) -> None:
    if key.kind == "Pod":
        if selector := equal_labels(live["metadata"].get("labels")):
            found.scopes.add(Scope(POD, key.namespace, selector))
        return
    if key.kind == "CronJob":
        for job in await _listed(member, found, key, JOB, labels_of_jobs(live)):
            found.owned.append((JOB, job))
            if (owner := owner_of(job)) is not None and owner.uid == text(live, "metadata", "uid"):
                job_key = Key("batch", "Job", key.namespace, job["metadata"]["name"])
                pods = await _listed(member, found, job_key, POD, pod_selector(job))
                found.owned += ((POD, pod) for pod in pods)
                if not number(job, "status", "active", default=0):
                    found.scopes.discard(Scope(POD, key.namespace, pod_selector(job) or ""))
        return
    selector = pod_selector(live)
    if key.kind == "Deployment":
        found.owned += ((REPLICA_SET, each) for each in await _listed(member, found, key, REPLICA_SET, selector))
    found.owned += ((POD, pod) for pod in await _listed(member, found, key, POD, selector))


async def _listed(member: Member, found: Found, key: Key, kind: ObjectType, selector: str | None) -> list[Object]:
    if selector is None:
        found.problems.append(f"{key.kind} {key.name}: its {kind.plural} cannot be selected by labels alone.")
        return []
    pages = list_objects(member, kind, selector, whole=True, namespace=key.namespace, most=_MOST_OWNED)
    async with aclosing(pages) as stream:
        items = [item async for page in stream for item in page.items][:_MOST_OWNED]
    if kind != REPLICA_SET:
        found.scopes.add(Scope(kind, key.namespace, selector))
    if len(items) == _MOST_OWNED:
        found.problems.append(f"{key.kind} {key.name}: the first {_MOST_OWNED} of its {kind.plural} are shown.")
    return items


def pod_selector(live: Mapping[str, Any]) -> str | None:
    """Selects the pods of a workload; None if labels alone do not select them."""
    spec = live.get("spec")
    selector = spec.get("selector") if isinstance(spec, Mapping) else None
    if not isinstance(selector, Mapping):
        return None
    if selector.get("matchExpressions"):
        return None
    return equal_labels(selector.get("matchLabels", selector))


def labels_of_jobs(live: Mapping[str, Any]) -> str | None:
    """Selects the Jobs that a CronJob creates."""
    found: Any = live
    for step in ("spec", "jobTemplate", "metadata", "labels"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return equal_labels(found)
