from datetime import datetime

import strawberry

from app.identity import roles, tables
from app.identity.viewer import Belonging, Viewer
from schema.context import Info
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
    organization: str | None = strawberry.field(description="The only one that it is good for; null: all.")
    role: Role | None = strawberry.field(description="The most that it may do; null for all that its user may.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = strawberry.field(description="To the hour; null where it was never used.")

    @classmethod
    def of(cls, row: tables.ApiToken, organization: str | None) -> "ApiToken":
        return cls(
            name=row.name,
            organization=organization,
            role=row.role,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
        )


@strawberry.type(description="What somebody may do in one group, beyond their role in the organization.")
class GroupRole:
    group: str
    role: Role


@strawberry.type(description="An organization that the caller belongs to, and their role there.")
class Membership:
    belonging: strawberry.Private[Belonging]
    organization: str
    role: Role

    @strawberry.field
    async def group_roles(self, info: Info) -> list[GroupRole]:
        roles = self.belonging.groups
        groups = await info.context.load.group_by_id.load_many(roles)
        return [GroupRole(group=found.name, role=roles[found.id]) for found in groups if found is not None]

    @classmethod
    def of(cls, belonging: Belonging) -> "Membership":
        return cls(belonging=belonging, organization=belonging.organization, role=belonging.role)


@strawberry.type(description="A user who belongs to an organization, and what they may do there.")
class Member:
    user: str
    role: Role
    group_roles: list[GroupRole] = strawberry.field(description="By the groups' names.")

    @classmethod
    def of(cls, member: roles.Member) -> "Member":
        groups = [GroupRole(group=name, role=role) for name, role in member.groups.items()]
        return cls(user=member.user.name, role=member.role, group_roles=groups)
