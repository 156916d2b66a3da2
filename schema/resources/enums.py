"""The subject's enums, as those of the API."""

import strawberry

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
strawberry.enum(ResourceOrigin, description="Where a release has an object from.")
strawberry.enum(ContainerState, description="The state of a container. UNKNOWN: its node has not reported it yet.")

__all__ = ["ContainerState", "Health", "ResourceOrigin"]
