"""The pods of a target, with their containers."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.clusters.member import Member
from app.clusters.objects import ObjectType, equal_labels
from app.health.fields import text
from app.resources.containers import Container, containers_of
from app.resources.live import key_of_row, type_of
from app.resources.queries import rows_of
from app.resources.seen import Key
from app.resources.services import ResourceServices
from app.resources.tree import POD, build, node_of
from app.resources.workloads import Scope, find_owned, has_pods
from app.tables.columns import now

Workloads = Mapping[Key, ObjectType]


@dataclass(frozen=True)
class Pod:
    """`is_over` is True for a pod whose containers are never started again. `scope` has the pods with its labels."""

    namespace: str
    name: str
    uid: str
    is_over: bool
    containers: tuple[Container, ...]
    scope: Scope | None = None


@dataclass(frozen=True)
class Listed:
    """Pods by namespace and name, and the scopes in which further ones would appear."""

    pods: list[Pod]
    scopes: frozenset[Scope]

    def only(self, pod: str | None) -> "Listed":
        """Only the pods of this name; all if there is no name."""
        if pod is None:
            return self
        pods = [each for each in self.pods if each.name == pod]
        return Listed(pods, frozenset(each.scope for each in pods if each.scope is not None))


async def workloads_of(services: ResourceServices, target_id: int) -> Workloads:
    """The resources of a target that can have pods. No member is asked."""
    rows = await rows_of(services, target_id)
    return {key_of_row(row): type_of(row) for row in rows if row.plural and has_pods(row.api_group, row.kind)}


async def pods_of(member: Member, workloads: Workloads) -> Listed:
    """The pods of workloads. The number of requests and of pods is bounded.

    Raises:
        ActionError: if the member cannot be read.
    """
    found = await find_owned(member, workloads.items())
    moment = now()
    roots = [node_of(live, workloads[key], None, moment) for key, live in found.workloads.items()]
    nodes = build(roots, found.owned, {node.uid: node.key for node in roots if node.uid}, moment)
    live = {text(each, "metadata", "uid"): each for kind, each in found.owned if kind == POD}
    live |= {node.uid: found.workloads[node.key] for node in roots}
    pods = []
    for node in sorted(nodes, key=lambda node: node.key):
        if node.key.kind != POD.kind or node.uid not in live:
            continue
        pod, namespace = live[node.uid], node.key.namespace
        selector = equal_labels(pod["metadata"].get("labels"))
        pods.append(
            Pod(
                namespace,
                node.key.name,
                node.uid,
                text(pod, "status", "phase") in ("Succeeded", "Failed"),
                tuple(containers_of(pod)),
                Scope(POD, namespace, selector) if selector else None,
            )
        )
    return Listed(pods, frozenset(found.scopes))
