"""The inputs of mutations about clusters. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry

from schema.scalars import JSON


@strawberry.input
class RegisterClusterInput:
    name: str
    cloud: str
    distribution: str
    kubeconfig: str
    organization: str | None = None
    region: str | None = None
    labels: JSON | None = None
    context: str | None = strawberry.field(
        default=None, description="The context of the kubeconfig. Default: its current context."
    )


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateClusterInput:
    id: strawberry.ID
    name: str | None = strawberry.field(
        default=None, description="A new name. Targets and overrides of all generations follow it."
    )
    cloud: str | None = None
    distribution: str | None = None
    kubeconfig: str | None = strawberry.field(
        default=None, description="New credentials or another address. It must lead to the same cluster."
    )
    context: str | None = strawberry.field(
        default=None, description="The context of the kubeconfig. Default: its current context."
    )
    region: str | None = strawberry.field(default=None, description="The region. An empty text removes it.")
    labels: JSON | None = strawberry.field(default=None, description="The labels. They replace all present labels.")


@strawberry.input
class ConfirmClusterInput:
    id: strawberry.ID
    uid: str = strawberry.field(
        description="The `answeringUid` to confirm. The request fails if yet another cluster answers."
    )


@strawberry.input
class RemoveClusterInput:
    id: strawberry.ID
    force: bool | None = strawberry.field(default=False, description="Leave managed releases on the cluster unchanged.")
