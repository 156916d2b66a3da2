"""The inputs of the subject's queries."""

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
