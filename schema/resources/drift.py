"""The drift of live objects from the manifests of their releases."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from app.resources.drift import SharedDifference, TargetDifference
from schema.scalars import JSON

CONTESTED = (
    "With `liveDrift: CORRECT`: the object differs again after corrections, or the last one failed, and the next one is"
    " at this time. Null if none waits."
)


@strawberry.type(description="A field of an object that differs from the release's manifest.")
class FieldDifference:
    path: str = strawberry.field(description="A JSON pointer.")
    wanted: JSON | None = strawberry.field(
        description="What applying the manifest would set; null if it would remove the field. The data of Secrets is"
        " hidden."
    )
    live: JSON | None = strawberry.field(description="The value on the cluster; null if there is none.")
    changed_by: str | None = strawberry.field(
        description="The field manager that set the value, for example kubectl-edit; null if none is known."
    )
    changed_at: datetime | None
    ignored_by: str | None = strawberry.field(
        description="The rule by which the difference is ignored; null if it counts as drift."
    )

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "FieldDifference":
        at = stored["changed_at"]
        return cls(**{**stored, "changed_at": datetime.fromisoformat(at) if at else None})


@strawberry.type(description="An object that differs from the release's manifest, and one of its fields that do.")
class ObjectDifference:
    kind: str
    namespace: str | None
    name: str
    is_missing: bool = strawberry.field(description="The release has the object, and the cluster does not.")
    contested_until: datetime | None = strawberry.field(description=CONTESTED)
    field: FieldDifference | None = strawberry.field(description="Null if the object is missing.")

    @classmethod
    def of(cls, found: TargetDifference) -> "ObjectDifference":
        return cls(
            kind=found.kind,
            namespace=found.namespace or None,
            name=found.name,
            is_missing=found.difference is None,
            contested_until=found.contested_until,
            field=FieldDifference.of(found.difference) if found.difference is not None else None,
        )


@strawberry.type(description="A difference that many targets of a deployment share, as a rule that ignores it.")
class SuggestedIgnoreRule:
    kind: str
    group: str = strawberry.field(description="The API group of the kind; empty for the core group.")
    path: str
    targets: int = strawberry.field(description="The number of targets that have the difference.")
    changed_by: str | None = strawberry.field(description="The field manager that set the value on most of them.")

    @classmethod
    def of(cls, shared: SharedDifference) -> "SuggestedIgnoreRule":
        return cls(
            kind=shared.kind,
            group=shared.group,
            path=shared.path,
            targets=shared.targets,
            changed_by=shared.changed_by,
        )
