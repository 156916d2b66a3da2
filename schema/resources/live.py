"""Live objects of a target, read from its cluster on request."""

from datetime import datetime

import strawberry

from app.resources import live
from app.resources.containers import Container as ContainerFacts
from app.resources.live import LiveObject as Found
from app.resources.live import read_events, read_yaml
from app.resources.object_events import ObjectEvent as EventFacts
from app.resources.tree import Node
from schema.context import Info
from schema.list_length import usually
from schema.resources.enums import ContainerState, Health


@strawberry.type(description="A container of a pod.")
class Container:
    name: str
    image: str
    init: bool
    state: ContainerState
    ready: bool
    restarts: int
    reason: str | None = strawberry.field(description="Why it waits or has ended, for example CrashLoopBackOff.")
    message: str | None
    exit_code: int | None = strawberry.field(description="The exit code of a container that has terminated.")
    previous_exit_code: int | None = strawberry.field(description="The exit code of its last run, if it was restarted.")

    @classmethod
    def of(cls, found: ContainerFacts) -> "Container":
        return cls(
            name=found.name,
            image=found.image,
            init=found.is_init,
            state=found.state,
            ready=found.is_ready,
            restarts=found.restarts,
            reason=found.reason,
            message=found.message,
            exit_code=found.exit_code,
            previous_exit_code=found.previous_exit_code,
        )


@strawberry.type(description="An event that Kubernetes reports about an object.")
class ObjectEvent:
    type: str = strawberry.field(description="Usually Normal or Warning.")
    reason: str
    message: str
    source: str = strawberry.field(description="The component that reports it, for example kubelet.")
    count: int = strawberry.field(description="How often it happened between `firstAt` and `lastAt`.")
    first_at: datetime | None
    last_at: datetime | None

    @classmethod
    def of(cls, found: EventFacts) -> "ObjectEvent":
        return cls(
            type=found.type,
            reason=found.reason,
            message=found.message,
            source=found.source,
            count=found.count,
            first_at=found.first_at,
            last_at=found.last_at,
        )


@strawberry.type(description="A resource of a target, or an object that one owns.")
class TreeNode:
    node: strawberry.Private[Node]
    key: str = strawberry.field(description="Identifies the object in the tree.")
    parent: str | None = strawberry.field(
        description="The `key` of the object that owns it; null for a resource of the release."
    )
    api_version: str
    kind: str
    namespace: str | None
    name: str
    health: Health
    reason: str | None
    message: str | None
    created_at: datetime | None
    containers: list[Container] = strawberry.field(metadata=usually(1), description="The containers of a pod.")

    @classmethod
    def of(cls, node: Node) -> "TreeNode":
        return cls(
            node=node,
            key="/".join(node.key),
            parent=None if node.parent is None else "/".join(node.parent),
            api_version=node.api_version,
            kind=node.key.kind,
            namespace=node.key.namespace or None,
            name=node.key.name,
            health=node.health,
            reason=node.reason,
            message=node.message,
            created_at=node.created_at,
            containers=[Container.of(each) for each in node.containers],
        )


@strawberry.type(description="The resources of a target, the ReplicaSets and Jobs that they own, and their pods.")
class ResourceTree:
    nodes: list[TreeNode] = strawberry.field(metadata=usually(20), description="Each node comes after its parent.")
    problems: list[str] = strawberry.field(
        metadata=usually(1), description="What could not be read, or was left out because there is too much of it."
    )

    @classmethod
    def of(cls, found: live.Tree) -> "ResourceTree":
        return cls(nodes=[TreeNode.of(node) for node in found.nodes], problems=found.problems)


@strawberry.type(description="An object of a target, as it is on the cluster.")
class LiveObject:
    found: strawberry.Private[Found]
    api_version: str
    kind: str
    namespace: str | None
    name: str
    exists: bool = strawberry.field(description="Whether the cluster has the object.")
    health: Health
    reason: str | None
    message: str | None
    created_at: datetime | None
    containers: list[Container] = strawberry.field(metadata=usually(1), description="The containers of a pod.")

    @strawberry.field(
        description="Kubernetes' events about the object, newest first. A cluster keeps them for about an hour."
    )
    async def events(self, info: Info, first: int = 20) -> list[ObjectEvent]:
        return [ObjectEvent.of(each) for each in await read_events(info.context.services, self.found, first)]

    @strawberry.field(
        description=(
            "The object as YAML, without `managedFields`. The data of Secrets, and values that come from secrets, are"
            " hidden; all else is shown, environment variables included. Null if the cluster does not have the object."
        )
    )
    async def live_yaml(self, info: Info) -> str | None:
        return await read_yaml(info.context.services, self.found)

    @classmethod
    def of(cls, found: Found) -> "LiveObject":
        node = found.node
        return cls(
            found=found,
            api_version=node.api_version,
            kind=node.key.kind,
            namespace=node.key.namespace or None,
            name=node.key.name,
            exists=found.live is not None,
            health=node.health,
            reason=node.reason,
            message=node.message,
            created_at=node.created_at,
            containers=[Container.of(each) for each in node.containers],
        )
