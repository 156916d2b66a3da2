"""Registers the enums of resources with the API, with their descriptions. The subject defines them."""

import strawberry

from app.drift.states import DriftState
from app.health.health import Health
from app.releases.inventory import ResourceOrigin
from app.resources.containers import ContainerState

strawberry.enum(
    Health,
    description=(
        "The health of a resource, or of a target: the worst health of its resources. MISSING is an object that the"
        " release has and the cluster does not."
    ),
)
strawberry.enum(
    ResourceOrigin,
    description="The part of a release that contains an object. What its objects own, such as ReplicaSets and pods, is"
    " in `tree`.",
)
strawberry.enum(ContainerState, description="The state of a container. UNKNOWN: its node has not reported it yet.")

strawberry.enum(
    DriftState,
    description=(
        "What comparing live objects with the release's manifest has found. OFF: they are not compared. UNKNOWN: not"
        " compared yet, or the cluster is unreachable. NOT_CHECKED: none differs, and some cannot be compared; the"
        " reason is given with the object."
    ),
)

__all__ = ["ContainerState", "DriftState", "Health", "ResourceOrigin"]
