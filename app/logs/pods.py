"""The pods of a target, with their containers."""

from dataclasses import dataclass

from app.clusters.member import Member
from app.health.fields import text
from app.resources.containers import Container, containers_of
from app.resources.live import key_of_row, type_of
from app.resources.place import Place
from app.resources.queries import rows_of
from app.resources.services import ResourceServices
from app.resources.tree import POD, build, node_of
from app.resources.workloads import find_owned, has_pods
from app.tables.columns import now


@dataclass(frozen=True)
class Pod:
    """`is_over` is True for a pod whose containers are never started again."""

    namespace: str
    name: str
    uid: str
    is_over: bool
    containers: tuple[Container, ...]


async def pods_of(services: ResourceServices, place: Place, member: Member) -> list[Pod]:
    """The pods of a target, by namespace and name. The number of requests and of pods is bounded.

    Raises:
        ActionError: if the member cannot be read.
    """
    rows = await rows_of(services, place.facts.id)
    workloads = {key_of_row(row): type_of(row) for row in rows if row.plural and has_pods(row.api_group, row.kind)}
    found = await find_owned(member, workloads.items())
    moment = now()
    roots = [node_of(live, workloads[key], None, moment) for key, live in found.workloads.items()]
    nodes = build(roots, found.owned, {node.uid: node.key for node in roots if node.uid}, moment)
    live = {text(each, "metadata", "uid"): each for kind, each in found.owned if kind == POD}
    live |= {node.uid: found.workloads[node.key] for node in roots}
    return [
        Pod(
            node.key.namespace,
            node.key.name,
            node.uid,
            text(live[node.uid], "status", "phase") in ("Succeeded", "Failed"),
            tuple(containers_of(live[node.uid])),
        )
        for node in sorted(nodes, key=lambda node: node.key)
        if node.key.kind == POD.kind and node.uid in live
    ]
