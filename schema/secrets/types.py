"""Secrets: their names, keys and users. No field has a value."""

from datetime import datetime

import strawberry

from app.tables import secrets as tables
from schema.context import Info
from schema.deployments.types import Deployment
from schema.groups.loaders import group_by_id
from schema.groups.types import ClusterGroup
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.secrets.enums import SecretKind
from schema.secrets.loaders import deployments_by_secret


@strawberry.type(
    description=("Values that deployments use by reference. They are stored encrypted and can never be read back.")
)
class Secret(Node):
    row: strawberry.Private[tables.Secret]
    name: str
    kind: SecretKind
    description: str | None
    keys: list[str] = strawberry.field(description="The keys of the secret.")
    version: int = strawberry.field(description="Increases by one with every change of a value.")
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="The only group whose deployments may use the secret; null for all groups.")
    async def group(self, info: Info) -> ClusterGroup | None:
        row = await info.context.load[group_by_id].load(self.row.group_id) if self.row.group_id else None
        return ClusterGroup.of(row) if row else None

    @strawberry.field(description="The deployments that use the secret.")
    async def used_by(self, info: Info) -> list[Deployment]:
        return [Deployment.of(row) for row in await info.context.load[deployments_by_secret].load(self.row.id)]

    @classmethod
    def of(cls, row: tables.Secret) -> "Secret":
        return cls(
            row=row,
            id=encode_id("Secret", row.id),
            name=row.name,
            kind=row.kind,
            description=row.description,
            keys=sorted(row.marks),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
