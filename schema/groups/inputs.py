"""The inputs of mutations about groups. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry

from schema.previews.removal import CONFIRM_REMOVAL
from schema.scalars import JSON


@strawberry.input
class CreateClusterGroupInput:
    name: str
    members: list[str]
    organization: str | None = None
    allowed_namespaces: list[str] | None = strawberry.field(
        default=None, description="Namespaces that deployments of the group may use. Null or empty: any."
    )
    service_account: str | None = strawberry.field(
        default=None,
        description="As `namespace/name`: the service account that deployments of the group use on each member. The"
        " cluster's credentials must be allowed to impersonate it. Null or empty: these credentials are used.",
    )


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateClusterGroupInput:
    id: strawberry.ID
    name: str | None = None
    members: list[str] | None = strawberry.field(
        default=None, description="Replaces the members. The group's releases are uninstalled from removed members."
    )
    allowed_namespaces: list[str] | None = strawberry.field(
        default=None,
        description="Replaces the namespaces that deployments of the group may use. An empty list allows any.",
    )
    service_account: str | None = strawberry.field(
        default=None,
        description="As `namespace/name`: the service account that deployments of the group use on each member. An"
        " empty one removes it: the clusters' credentials are used then.",
    )
    confirm_removal: int | None = strawberry.field(default=None, description=CONFIRM_REMOVAL.format("members"))
    dry_run: bool | None = strawberry.field(default=False, description="Nothing is changed; `removal` is answered.")


@strawberry.input
class DeleteClusterGroupInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(default=False, description="Leave the releases on the clusters unchanged.")


@strawberry.input
class SetGroupFeatureInput:
    group: strawberry.ID
    feature: str
    enabled: bool
    properties: JSON | None = None
