"""The subject's enums, as those of the API."""

import strawberry

from app.health.health import Health
from app.releases.inventory import ResourceOrigin

strawberry.enum(
    Health,
    description=(
        "The health of a resource, or of a target: the worst health of its resources. MISSING is an object that the"
        " release has and the cluster does not."
    ),
)
strawberry.enum(ResourceOrigin, description="Where a release has an object from.")

__all__ = ["Health", "ResourceOrigin"]
