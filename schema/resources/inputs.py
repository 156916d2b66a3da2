"""The inputs of the subject's queries and mutations."""

import strawberry

from schema.resources.enums import DriftState, Health


@strawberry.input(
    description="A filter. Omitted fields match everything. In `name`, `image` and `host`, `*` matches any text."
)
class ResourceFilter:
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    image: str | None = strawberry.field(default=None, description='An image of a container, for example "*:1.2.3".')
    host: str | None = strawberry.field(default=None, description="A host or an address, for example of an Ingress.")
    cluster: str | None = None
    group: str | None = None
    release: str | None = strawberry.field(default=None, description="The name of a release.")
    health: list[Health] | None = None
    drift: list[DriftState] | None = None


@strawberry.input(description="The expressions of a health rule. See `HealthRule`.")
class HealthExpressionsInput:
    current: str
    in_progress: str | None = None
    failed: str | None = None
    suspended: str | None = None
    reason: str | None = None
    message: str | None = None


@strawberry.input(description="The whole rule: expressions that are left out are removed.")
class SetHealthRuleInput:
    kind: str
    current: str = strawberry.field(description="At most 4,096 characters, as all expressions.")
    group: str = strawberry.field(default="", description="The API group; empty for the core API.")
    in_progress: str | None = None
    failed: str | None = None
    suspended: str | None = None
    reason: str | None = None
    message: str | None = None
    version: int | None = strawberry.field(
        default=None, description="The version that the rule must have; 0 if there must be none. Default: any."
    )
    organization: str | None = None


@strawberry.input
class DeleteHealthRuleInput:
    id: strawberry.ID
