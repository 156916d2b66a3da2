from datetime import datetime

import strawberry

from app.identity import tables
from app.identity.viewer import Viewer
from schema.enums import Role
from schema.ids import encode_id
from schema.node import Node


@strawberry.type
class User(Node):
    name: str
    admin: bool = strawberry.field(description="Administers the installation.")

    @classmethod
    def of(cls, row: tables.User) -> "User":
        return cls(id=encode_id("User", row.id), name=row.name, admin=row.admin)

    @classmethod
    def of_viewer(cls, viewer: Viewer) -> "User":
        return cls(id=encode_id("User", viewer.user_id), name=viewer.name, admin=viewer.admin)


@strawberry.type(description="One of the caller's API tokens; the token itself was told once and is kept nowhere.")
class ApiToken:
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = strawberry.field(description="To the hour; null where it was never used.")

    @classmethod
    def of(cls, row: tables.ApiToken) -> "ApiToken":
        return cls(name=row.name, created_at=row.created_at, expires_at=row.expires_at, last_used_at=row.last_used_at)


@strawberry.type(description="An organization that the caller belongs to, and their role there.")
class Membership:
    organization: str
    role: Role
