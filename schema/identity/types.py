"""Users, members of organizations, API tokens and sessions. No field has a secret."""

from datetime import datetime

import strawberry

from app.identity import roles
from app.identity.permissions import Permission
from app.identity.viewer import OrganizationRoles, Viewer
from app.tables import identity as tables
from schema.context import Info
from schema.groups.loaders import group_by_id
from schema.identity.enums import Role, SignInMethod, Source
from schema.identity.loaders import user_by_id
from schema.list_length import usually
from schema.relay.ids import encode_id
from schema.relay.node import Node


@strawberry.type
class User(Node):
    row_id: strawberry.Private[int]
    name: str
    admin: bool = strawberry.field(description="Whether the user administers the installation.")

    @strawberry.field(description="Where the user was created. Users can only sign in through their source.")
    async def source(self, info: Info) -> Source:
        return (await self._row(info)).source

    @strawberry.field(description="Whether the user has a password in Polyhelm.")
    async def has_password(self, info: Info) -> bool:
        return (await self._row(info)).password is not None

    @strawberry.field
    async def created_at(self, info: Info) -> datetime:
        return (await self._row(info)).created_at

    @strawberry.field(description="When the user was disabled; null if the user is enabled.")
    async def disabled_at(self, info: Info) -> datetime | None:
        return (await self._row(info)).disabled_at

    async def _row(self, info: Info) -> tables.User:
        row = await info.context.load[user_by_id].load(self.row_id)
        assert row is not None  # users are never deleted
        return row

    @classmethod
    def of(cls, row: tables.User) -> "User":
        return cls(id=encode_id("User", row.id), row_id=row.id, name=row.name, admin=row.admin)

    @classmethod
    def of_viewer(cls, viewer: Viewer) -> "User":
        return cls(id=encode_id("User", viewer.user_id), row_id=viewer.user_id, name=viewer.name, admin=viewer.admin)


@strawberry.type(description="One of the caller's API tokens. The token itself is shown only once and not stored.")
class ApiToken:
    name: str
    organization: str | None = strawberry.field(
        description="The only organization that the token works in; null for all of its user's."
    )
    role: Role | None = strawberry.field(description="The highest role of the token; null for the same as its user's.")
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = strawberry.field(
        description="Rounded to the hour; null if the token was never used."
    )

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


@strawberry.type(description="A role in one group, in addition to the role in the organization.")
class GroupRole:
    group: str
    role: Role


@strawberry.type(description="A session of the caller in a browser.")
class Session:
    id: strawberry.ID
    method: SignInMethod = strawberry.field(description="How the session was started.")
    current: bool = strawberry.field(description="Whether this is the session of the request.")
    user_agent: str = strawberry.field(description="The User-Agent header of the browser.")
    created_at: datetime
    last_used_at: datetime = strawberry.field(
        description="When the session was last used, with a precision of a twentieth of POLYHELM_SESSION_IDLE."
    )
    expires_at: datetime = strawberry.field(description="When the session ends, regardless of activity.")

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


@strawberry.type(description="An identity provider that browsers can be redirected to for signing in.")
class SignInProvider:
    label: str
    path: str = strawberry.field(
        description="The path on this server. The query parameter `to` can name a path of the app to return to."
    )


@strawberry.type(description="The ways to sign in to this server.")
class SignInOptions:
    registration: bool = strawberry.field(description="Whether anyone can register with `register`.")
    setup_code: bool = strawberry.field(
        description="Whether `register` needs the setup code, because the next user is the first one."
    )
    providers: list[SignInProvider]


@strawberry.type(description="An organization of the caller, with their role.")
class Membership:
    membership: strawberry.Private[OrganizationRoles]
    organization: str
    role: Role

    @strawberry.field
    async def group_roles(self, info: Info) -> list[GroupRole]:
        groups = await info.context.load[group_by_id].load_many(self.membership.groups)
        return [
            GroupRole(group=found.name, role=role)
            for found in groups
            if found is not None
            for role in self.membership.shown_roles(found.id)
        ]

    @strawberry.field(
        metadata=usually(10),
        description="The caller's permissions in the whole organization, for example `windows.write`.",
    )
    def permissions(self) -> list[str]:
        return [each for each in Permission if self.membership.allows(each, None)]

    @classmethod
    def of(cls, membership: OrganizationRoles) -> "Membership":
        return cls(membership=membership, organization=membership.organization, role=membership.shown_role)


@strawberry.type(description="A user of an organization, with their roles.")
class Member:
    user: str
    role: Role
    group_roles: list[GroupRole] = strawberry.field(description="The roles in groups, by group name.")

    @classmethod
    def of(cls, member: roles.Member) -> "Member":
        groups = [GroupRole(group=name, role=role) for name, roles in member.groups.items() for role in roles]
        return cls(user=member.user.name, role=member.role, group_roles=groups)
