"""Compares two targets."""

import strawberry

from schema.context import Info
from schema.targets.types import DeploymentTarget, TargetComparison


@strawberry.type
class Queries:
    @strawberry.field(
        description="Compares two targets, of one deployment or of two. Null if the caller cannot see both of them."
    )
    async def compare_targets(self, info: Info, a: strawberry.ID, b: strawberry.ID) -> TargetComparison | None:
        one, other = await info.context.node(a), await info.context.node(b)
        if not isinstance(one, DeploymentTarget) or not isinstance(other, DeploymentTarget):
            return None
        return TargetComparison(a=one, b=other)
