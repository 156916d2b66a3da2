"""The inputs of mutations about secrets. Their texts are masked in the audit log unless the subject lists them as
plain."""

import strawberry

from schema.scalars import JSON
from schema.secrets.enums import SecretKind


@strawberry.input
class CreateSecretInput:
    name: str
    data: JSON = strawberry.field(description="An object of keys and strings. The values can never be read back.")
    kind: SecretKind | None = strawberry.field(
        default=SecretKind.OPAQUE,
        description=("KUBECONFIG secrets have the key `kubeconfig`; REGISTRY secrets have `username` and `password`."),
    )
    organization: str | None = None
    group: str | None = strawberry.field(
        default=None,
        description=(
            "The only group whose deployments may use the secret. Default: all groups; the author of a"
            " deployment then needs the role for all groups."
        ),
    )
    description: str | None = None


@strawberry.input(description="Omitted and null fields stay unchanged.")
class UpdateSecretInput:
    id: strawberry.ID
    data: JSON | None = strawberry.field(
        default=None, description="Keys to change. They are merged into the stored keys; null removes a key."
    )
    description: str | None = strawberry.field(default=None, description="The description. An empty text removes it.")


@strawberry.input
class DeleteSecretInput:
    id: strawberry.ID
