"""What a plan changes on a cluster beside the release: CustomResourceDefinitions, and the live objects."""

from typing import Any

import strawberry

from app.clusters.definitions import DefinitionAction
from app.deployments import definitions, live_objects
from app.deployments.live_objects import ObjectAction
from schema.list_length import usually
from schema.resources.drift import FieldDifference

DEFINITION_CHANGES = "The CustomResourceDefinitions in `crds/` of the chart that are created or replaced."
OBJECT_CHANGES = (
    "The differences between the live objects and what the upgrade or the correction makes of them. Empty for other"
    " actions."
)

strawberry.enum(DefinitionAction, description="What a plan does with a CustomResourceDefinition.")
strawberry.enum(
    ObjectAction,
    description="What an upgrade or a correction does with a live object. UNKNOWN: the object could not be compared,"
    " and `reason` says why.",
)


@strawberry.type(description="A CustomResourceDefinition of the chart that a plan creates or replaces on one cluster.")
class DefinitionChange:
    name: str
    action: DefinitionAction
    served_versions: list[str] = strawberry.field(
        description="The versions that the cluster serves now; empty for a new definition."
    )
    stored_versions: list[str] = strawberry.field(description="The versions in which objects may be stored.")
    planned_versions: list[str] = strawberry.field(description="The versions that are served afterwards.")
    planned_storage_version: str | None = strawberry.field(
        description="The version in which objects are stored from then on."
    )
    removed_versions: list[str] = strawberry.field(
        description="The versions that are served or stored now and would vanish. The change is refused unless"
        " `allowCrdVersionRemoval` names the definition."
    )
    differences: list[FieldDifference] = strawberry.field(
        metadata=usually(5), description="The fields of the definition that are changed, at most 100."
    )
    differences_left_out: int

    @classmethod
    def of(cls, row: dict[str, Any]) -> "DefinitionChange":
        return cls(
            name=row["name"],
            action=DefinitionAction(row["action"]),
            served_versions=row["served"],
            stored_versions=row["stored"],
            planned_versions=row["planned_served"],
            planned_storage_version=row["planned_storage"],
            removed_versions=row["removed"],
            differences=[FieldDifference.of(each) for each in row["differences"]],
            differences_left_out=row["differences_left_out"],
        )


@strawberry.type(description="A live object of the release that an upgrade changes on one cluster.")
class ObjectChange:
    kind: str
    group: str = strawberry.field(description="The API group of the kind; empty for the core group.")
    namespace: str | None
    name: str
    action: ObjectAction
    reason: str | None = strawberry.field(description="Why the object could not be compared.")
    differences: list[FieldDifference] = strawberry.field(
        metadata=usually(5),
        description="The fields that are changed, at most 100: `live` is the value on the cluster, `wanted` the one"
        " afterwards. Differences in values of secrets are hidden.",
    )
    differences_left_out: int

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ObjectChange":
        return cls(
            kind=row["kind"],
            group=row["group"],
            namespace=row["namespace"] or None,
            name=row["name"],
            action=ObjectAction(row["action"]),
            reason=row["reason"],
            differences=[FieldDifference.of(each) for each in row["differences"]],
            differences_left_out=row["differences_left_out"],
        )


@strawberry.type(description="The live objects of the release that an upgrade changes on one cluster.")
class ObjectChanges:
    nodes: list[ObjectChange] = strawberry.field(metadata=usually(5))
    left_out: int = strawberry.field(
        description="The number of objects that were not compared: those beyond the first 200, custom resources whose"
        " definitions are replaced, and objects whose names contain values of secrets."
    )


def definition_changes_of(text: str | None) -> list[DefinitionChange]:
    return [DefinitionChange.of(row) for row in definitions.read(text)]


def object_changes_of(text: str | None) -> ObjectChanges:
    rows, left_out = live_objects.read(text)
    return ObjectChanges(nodes=[ObjectChange.of(row) for row in rows], left_out=left_out)
