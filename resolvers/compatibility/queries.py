"""What a version of Kubernetes breaks."""

import strawberry

from app.resources.compatibility import version_of
from schema.compatibility.types import ApiCompatibility
from schema.context import Info


@strawberry.type
class Queries:
    @strawberry.field(
        description="What a version of Kubernetes, such as 1.32, breaks: the objects in manifests, hooks and CRDs of"
        " releases whose API version it deprecates or removes."
    )
    def api_compatibility(
        self, info: Info, kubernetes_version: str, organization: str | None = None
    ) -> ApiCompatibility:
        organization_id = info.context.viewer.organization(organization)
        return ApiCompatibility(organization_id=organization_id, version=version_of(kubernetes_version))
