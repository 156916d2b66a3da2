from datetime import datetime

import strawberry

from app.identity import roles
from app.identity.viewer import Belonging, Viewer
from app.tables import identity as tables
from schema.context import Info
from schema.enums import Role, SignInMethod, Source
from schema.ids import encode_id
from schema.node import Node


@strawberry.type
class User(Node):
    row_id: strawberry.Private[int]
    name: str
    admin: bool = strawberry.field(description="Administers the installation.")

    @strawberry.field(description="Where they come from: whoever is of one source never signs in by another.")
    async def source(self, info: Info) -> Source:
        return (await self._row(info)).source

    @strawberry.field(description="Whether they have a password here.")
    async def has_password(self, info: Info) -> bool:
        return (await self._row(info)).password is not None

    @strawberry.field
    async def created_at(self, info: Info) -> datetime:
        return (await self._row(info)).created_at

    @strawberry.field(description="Since when they may sign in no more; null while they may.")
    async def disabled_at(self, info: Info) -> datetime | None:
        return (await self._row(info)).disabled_at

    async def _row(self, info: Info) -> tables.User:
        row = await info.context.load.user_by_id.load(self.row_id)
        assert row is not None  # users are never deleted
        return row

    @classmethod
    def of(cls, row: tables.User) -> "User":
        return cls(id=encode_id("User", row.id), row_id=row.id, name=row.name, admin=row.admin)

    @classmethod
    def of_viewer(cls, viewer: Viewer) -> "User":
        return cls(id=encode_id("User", viewer.user_id), row_id=viewer.user_id, name=viewer.name, admin=viewer.admin)


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


@strawberry.type(description="One browser in which the caller is signed in.")
class Session:
    id: strawberry.ID
    method: SignInMethod = strawberry.field(description="How they signed in.")
    current: bool = strawberry.field(description="Whether it is the one that asks.")
    user_agent: str = strawberry.field(description="What the browser calls itself.")
    created_at: datetime
    last_used_at: datetime = strawberry.field(description="To a twentieth of the time after which it ends unused.")
    expires_at: datetime = strawberry.field(description="However much it is used.")

    @classmethod
    def of(cls, row: tables.AppSession, viewer: Viewer) -> "Session":
        return cls(
            id=encode_id("Session", row.id),
            method=row.method,
            current=viewer.via.method is not SignInMethod.TOKEN and viewer.via.credential == row.id,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
        )


@strawberry.type(description="Another system that knows people, where a browser can be sent to sign in.")
class SignInProvider:
    label: str
    path: str = strawberry.field(description="Of this server; `to`, a path of the app, can be added to its query.")


@strawberry.type(description="How one can sign in to this server.")
class SignInOptions:
    registration: bool = strawberry.field(description="Whether `register` is open to whoever asks.")
    setup_code: bool = strawberry.field(
        description="Whether `register` needs the setup code, because the next user is the first one."
    )
    providers: list[SignInProvider]


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
