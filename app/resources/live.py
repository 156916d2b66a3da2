"""Reads live objects of a target from its member: its tree, and one object with its events and its YAML.

Only objects of the target can be read: its resources, and objects whose owners lead to one of them. Nothing is written
to the member.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import col, select

from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, get_object, list_by_fields
from app.core.errors import invalid
from app.core.threads import in_thread
from app.health.kinds import Kind
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.releases.references import texts_at
from app.releases.scrubbing import NOTHING, Scrubber
from app.resources.custom_rules import judge
from app.resources.health_rules import rule_for
from app.resources.object_events import ObjectEvent, Subject, events_about
from app.resources.place import Place, place_of, reading_from
from app.resources.queries import rows_of
from app.resources.seen import Key
from app.resources.services import ResourceServices
from app.resources.shown import as_shown
from app.resources.tree import OWNED, Node, build, node_of, owner_of
from app.resources.workloads import find_owned, has_pods
from app.tables.columns import now
from app.tables.resources import LiveResource
from app.targets.sightings import look_at_release

MOST_EVENTS = 100
_EVENTS_READ = 500
EVENTS = ObjectType("", "v1", "Event", "events", namespaced=True)
_LONGEST_CHAIN = 4
"""A pod of a CronJob has two owners: the Job, and its CronJob."""


@dataclass(frozen=True)
class Tree:
    nodes: list[Node]
    problems: list[str]


@dataclass(frozen=True)
class LiveObject:
    """An object of a target. `live` is None if the cluster does not have it."""

    place: Place
    node: Node
    kind: ObjectType
    live: Object | None


async def read_tree(services: ResourceServices, viewer: Viewer, target_id: int) -> Tree:
    """The resources of a target, with the objects that they own on the member."""
    place = await place_of(services, viewer, target_id, Permission.RESOURCES_READ)
    rows = await rows_of(services, target_id)
    nodes = {key_of_row(row): resource_node(place, row) for row in rows}
    workloads = [(key_of_row(row), type_of(row)) for row in rows if row.plural and has_pods(row.api_group, row.kind)]
    if not workloads:
        return Tree(list(nodes.values()), [])
    async with reading_from(services, place) as member:
        found = await find_owned(member, workloads)
    moment = now()
    for key, live in found.workloads.items():
        seen = node_of(live, dict(workloads)[key], None, moment)
        # The stored verdict also knows about failed pods.
        stored = nodes[key]
        nodes[key] = Node(
            key, None, seen.api_version, stored.health, stored.reason, stored.message, seen.uid, seen.created_at,
            seen.containers,
        )  # fmt: skip
    uids = {node.uid: key for key, node in nodes.items() if node.uid}
    return Tree(build(nodes.values(), found.owned, uids, moment), found.problems)


async def read_object(
    services: ResourceServices, viewer: Viewer, target_id: int, kind: str, namespace: str, name: str, group: str | None
) -> LiveObject | None:
    """One object of a target; None if the target has none of this name. Without a `group`, any object of the kind."""
    place = await place_of(services, viewer, target_id, Permission.RESOURCES_READ)
    found = await find_object(services, place, kind, namespace, name, group)
    if found is None:
        return None
    type_, live, row = found
    if row is None:
        assert live is not None
        return LiveObject(place, node_of(live, type_, None, now()), type_, live)
    node = resource_node(place, row) if live is None else await _judged(services, place, type_, live)
    return LiveObject(place, node, type_, live)


async def find_object(
    services: ResourceServices, place: Place, kind: str, namespace: str, name: str, group: str | None
) -> tuple[ObjectType, Object | None, LiveResource | None] | None:
    """The type of an object of a target, the object if the cluster has it, and what is stored of it if it is a resource
    of the release, and not one that such a resource owns. None if the target has no such object."""
    row = await _row(services, place.facts.id, kind, namespace, name, group)
    if row is not None:
        if not row.plural:
            return type_of(row), None, row
        async with reading_from(services, place) as member:
            return type_of(row), await get_object(member, type_of(row), row.namespace, row.name, whole=True), row
    owned = next((each for each in OWNED.values() if each.kind == kind and group in (None, each.group)), None)
    if owned is None or not namespace:
        return None
    async with reading_from(services, place) as member:
        live = await get_object(member, owned, namespace, name, whole=True)
        if live is None or not await _is_owned(services, place, member, live, namespace):
            return None
    return owned, live, None


async def read_events(services: ResourceServices, found: LiveObject, most: int) -> list[ObjectEvent]:
    """The newest events about an object."""
    if not 1 <= most <= MOST_EVENTS:
        raise invalid(CommonCode.PAGE_SIZE, f"`first` must be between 1 and {MOST_EVENTS}.", "first")
    key = found.node.key
    subject = Subject(key.kind, key.namespace, key.name, found.node.uid if found.live is not None else "")
    namespace = key.namespace or "default"
    async with reading_from(services, found.place) as member:
        events = await list_by_fields(member, EVENTS, subject.selector, namespace=namespace, most=_EVENTS_READ)
    return events_about(subject, events, most)


async def read_yaml(services: ResourceServices, found: LiveObject) -> str | None:
    """The object as YAML, without the data of Secrets and the values of Polyhelm's secrets; None if it is not there."""
    if found.live is None:
        return None
    kind = found.kind
    api_version = f"{kind.group}/{kind.version}" if kind.group else kind.version
    live = {"apiVersion": api_version, "kind": kind.kind, **found.live}
    scrubber = await scrubber_of(services, found.place)
    return await in_thread(as_shown, live, scrubber)


async def scrubber_of(services: ResourceServices, place: Place) -> Scrubber:
    """Knows the values of secrets in the installed release, which its record holds."""
    deployment = place.deployment
    if not deployment.secret_paths:
        return NOTHING
    async with reading_from(services, place) as member:
        names = deployment.namespace, deployment.release_name
        seen = await look_at_release(member.acting_as(None), place.facts.cluster_id, *names)
    texts = list(texts_at(seen.release.values, deployment.secret_paths)) if seen.release else []
    return await in_thread(Scrubber, texts)


async def _judged(services: ResourceServices, place: Place, kind: ObjectType, live: Object) -> Node:
    """The node of a resource, judged by the health rule of the organization if there is one."""
    node = node_of(live, kind, None, now())
    organization_id = place.deployment.organization_id
    rule = await rule_for(services, organization_id, Kind(kind.group, kind.kind))
    if rule is None:
        return node
    verdict = await judge(services.health_rules, organization_id, rule, kind.named(live), now())
    return replace(node, health=verdict.health, reason=verdict.reason, message=verdict.message)


async def _is_owned(services: ResourceServices, place: Place, member: Member, live: Object, namespace: str) -> bool:
    """Whether the owners of an object lead to a resource of the target. Each owner is read: a name can be reused."""
    for _ in range(_LONGEST_CHAIN):
        owner = owner_of(live)
        if owner is None:
            return False
        row = await _row(services, place.facts.id, owner.kind, namespace, owner.name, owner.group)
        kind = OWNED.get((owner.group, owner.kind)) if row is None else type_of(row)
        above = kind and kind.plural and await get_object(member, kind, namespace, owner.name, whole=False)
        if not above or above["metadata"].get("uid") != owner.uid:
            return False
        if row is not None:
            return True
        live = above
    return False


async def _row(
    services: ResourceServices, target_id: int, kind: str, namespace: str, name: str, group: str | None
) -> LiveResource | None:
    row = LiveResource
    statement = select(row).where(
        col(row.target_id) == target_id,
        col(row.kind) == kind,
        col(row.namespace) == namespace,
        col(row.name) == name,
    )
    if group is not None:
        statement = statement.where(col(row.api_group) == group)
    async with services.database.reading() as session:
        found: Sequence[LiveResource] = (await session.exec(statement.order_by(col(row.id)).limit(1))).all()
    return found[0] if found else None


def key_of_row(row: LiveResource) -> Key:
    return Key(row.api_group, row.kind, row.namespace, row.name)


def type_of(row: LiveResource) -> ObjectType:
    return ObjectType(row.api_group, row.api_version, row.kind, row.plural, namespaced=bool(row.namespace))


def resource_node(place: Place, row: LiveResource) -> Node:
    """The node of a resource by what is stored of it."""
    api_version = f"{row.api_group}/{row.api_version}" if row.api_group else row.api_version
    return Node(key_of_row(row), None, api_version, row.health, row.reason, row.message, row.uid)
