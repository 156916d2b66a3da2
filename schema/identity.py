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


@strawberry.type(description="An organization that the caller belongs to, and their role there.")
class Membership:
    organization: str
    role: Role
