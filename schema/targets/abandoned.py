"""Releases that were left behind on clusters and are no longer managed, with the objects that may still exist."""

from typing import Any

import strawberry

from app.releases.manifest import ManifestObject
from app.targets import abandonment
from schema.list_length import usually


@strawberry.type(description="An object of a release.")
class AbandonedObject:
    kind: str
    name: str
    namespace: str


@strawberry.type(description="A release that may still be on a cluster and is no longer managed.")
class AbandonedRelease:
    cluster_name: str
    namespace: str
    release_name: str
    reason: str
    objects: list[AbandonedObject] = strawberry.field(
        metadata=usually(1),
        description="The objects in the release's manifest, if its record was readable. Each may still exist.",
    )


def abandoned_of(releases: list[abandonment.AbandonedRelease]) -> list[AbandonedRelease]:
    return [
        AbandonedRelease(
            cluster_name=left.cluster_name,
            namespace=left.namespace,
            release_name=left.release_name,
            reason=left.reason,
            objects=[AbandonedObject(kind=one.kind, name=one.name, namespace=one.namespace) for one in left.objects],
        )
        for left in releases
    ]


def abandoned_by(error: dict[str, Any] | None) -> AbandonedRelease | None:
    """The release that an operation's result has left behind, as its error has it."""
    if error is None or (left := error.get("abandoned")) is None:
        return None
    objects = tuple(ManifestObject(**one) for one in left["objects"])
    return abandoned_of([abandonment.AbandonedRelease(**{**left, "objects": objects})])[0]
