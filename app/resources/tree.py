"""The tree of a target: the resources of its release, the objects that these own, and their pods. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.clusters.objects import Object, ObjectType
from app.health.fields import flag, items, number, text
from app.health.health import Health
from app.releases.texts import without_nul
from app.resources.containers import Container, containers_of
from app.resources.seen import Key, key_of, read_seen

POD = ObjectType("", "v1", "Pod", "pods", namespaced=True)
REPLICA_SET = ObjectType("apps", "v1", "ReplicaSet", "replicasets", namespaced=True)
JOB = ObjectType("batch", "v1", "Job", "jobs", namespaced=True)
OWNED = {(kind.group, kind.kind): kind for kind in (POD, REPLICA_SET, JOB)}
"""The kinds of objects that are shown below the resources of a release."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object in a tree. `parent` is the key of the object that owns it, None for a resource of the release."""

    key: Key
    parent: Key | None
    api_version: str
    health: Health
    reason: str | None
    message: str | None
    uid: str = ""
    created_at: datetime | None = None
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class Owner:
    """The object that controls another one."""

    group: str
    kind: str
    name: str
    uid: str


def owner_of(live: Mapping[str, Any]) -> Owner | None:
    for each in items(live, "metadata", "ownerReferences"):
        if flag(each, "controller"):
            group, slash, _ = text(each, "apiVersion").partition("/")
            return Owner(group if slash else "", text(each, "kind"), text(each, "name"), text(each, "uid"))
    return None


def node_of(live: Object, kind: ObjectType, parent: Key | None, moment: datetime) -> Node:
    """The node of an object that was read from the member."""
    seen = read_seen(live, kind, moment)
    return Node(
        key_of(live, kind),
        parent,
        f"{kind.group}/{kind.version}" if kind.group else kind.version,
        seen.verdict.health,
        seen.verdict.reason,
        seen.verdict.message,
        seen.uid,
        created_at(live),
        tuple(containers_of(live)) if kind == POD else (),
    )


def created_at(live: Mapping[str, Any]) -> datetime | None:
    try:
        found = datetime.fromisoformat(text(live, "metadata", "creationTimestamp"))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def build(
    resources: Iterable[Node], owned: Iterable[tuple[ObjectType, Object]], uids: Mapping[str, Key], moment: datetime
) -> list[Node]:
    """The nodes of a tree, each after its parent.

    An object belongs to it if the chain of its owners leads to one of the `uids`, which are those of resources. A
    ReplicaSet without pods is one of an earlier revision, and is left out.
    """
    found = {uid: (kind, live) for kind, live in owned if (uid := without_nul(text(live, "metadata", "uid")))}
    keys = dict(uids)
    left, children = dict(found), list[Node]()
    while True:
        below = {
            uid: owner.uid
            for uid, (_, live) in left.items()
            if (owner := owner_of(live)) is not None and owner.uid in keys
        }
        if not below:
            break
        for uid, owner_uid in sorted(below.items(), key=lambda pair: key_of(left[pair[0]][1], left[pair[0]][0])):
            kind, live = left.pop(uid)
            keys.setdefault(uid, key_of(live, kind))
            children.append(node_of(live, kind, keys[owner_uid], moment))
    parents = {node.parent for node in children}
    return [*resources, *(node for node in children if not _is_past(node, found, parents))]


def _is_past(node: Node, found: Mapping[str, tuple[ObjectType, Object]], parents: set[Key | None]) -> bool:
    if node.key.kind != REPLICA_SET.kind or node.key in parents:
        return False
    _, live = found[node.uid]
    return number(live, "spec", "replicas", default=1) == 0 and number(live, "status", "replicas", default=0) == 0
