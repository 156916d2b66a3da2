"""Organizations, users, their roles, and the tokens and sessions with which they sign in. Secrets are stored as
digests."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, UniqueConstraint, and_
from sqlmodel import Field, SQLModel, col

from app.tables.columns import Bytes, Choice, Id, Ref, Timestamp, now


class Role(StrEnum):
    """The roles of a user in an organization. `app.identity.permissions` says what each allows."""

    VIEWER = "VIEWER"
    APPROVER = "APPROVER"
    DEPLOYER = "DEPLOYER"
    ADMIN = "ADMIN"


class Source(StrEnum):
    """The source of a user, which never changes. A user signs in only through their source."""

    LOCAL = "LOCAL"
    OIDC = "OIDC"
    LDAP = "LDAP"


class Method(StrEnum):
    """How a caller signed in."""

    TOKEN = "TOKEN"  # noqa: S105 - a word
    PASSWORD = "PASSWORD"  # noqa: S105
    OIDC = "OIDC"
    LDAP = "LDAP"


class Organization(SQLModel, table=True):
    __tablename__ = "organization"

    id: int = Id()
    name: str = Field(unique=True)
    created_at: datetime = Timestamp(default_factory=now)


class User(SQLModel, table=True):
    """`subject` identifies the user at their source: an issuer's `sub`, or a directory's DN. `password` is a hash."""

    __tablename__ = "user_account"  # `user` is a reserved word of SQL
    __table_args__ = (UniqueConstraint("source", "issuer", "subject"),)

    id: int = Id()
    name: str = Field(unique=True)
    admin: bool = False  # of the installation: may create organizations and users
    password: str | None = None
    source: Source = Choice(Source, default=Source.LOCAL)
    issuer: str = ""  # the OpenID Connect issuer; empty for other sources
    subject: str | None = None
    created_at: datetime = Timestamp(default_factory=now)
    disabled_at: datetime | None = Timestamp(default=None)


class SetupCode(SQLModel, table=True):
    """The digest of the code with which the first admin registers. There is at most one row, and none once there is
    a user."""

    __tablename__ = "setup_code"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: int = Field(default=1, primary_key=True)
    digest: bytes = Bytes()
    created_at: datetime = Timestamp(default_factory=now)


class Membership(SQLModel, table=True):
    __tablename__ = "membership"

    user_id: int = Ref("user_account.id", primary_key=True)
    organization_id: int = Ref("organization.id", primary_key=True, index=True)
    role: Role = Choice(Role)


class GroupRole(SQLModel, table=True):
    """A role of a member in one group of the organization, in addition to the role in the organization. A member may
    have several. Deleted with the membership, and with the group."""

    __tablename__ = "group_role"
    __table_args__ = (
        ForeignKeyConstraint(
            ["user_id", "organization_id"],
            ["membership.user_id", "membership.organization_id"],
            ondelete="CASCADE",
        ),
    )

    user_id: int = Field(primary_key=True, sa_type=BigInteger)
    group_id: int = Ref("cluster_group.id", primary_key=True, index=True)
    organization_id: int = Field(sa_type=BigInteger)
    role: Role = Choice(Role, primary_key=True)


GROUP_ROLES = and_(
    col(GroupRole.user_id) == Membership.user_id, col(GroupRole.organization_id) == Membership.organization_id
)
"""Joins group roles to the membership that they depend on."""


class ApiToken(SQLModel, table=True):
    """`digest` is the SHA-256 of the token. The token is shown once and not stored.

    With an `organization_id`, it is valid only in that organization. With a `role`, its permissions are limited to that
    role.
    """

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: int = Id()
    user_id: int = Ref("user_account.id")
    name: str
    digest: bytes = Bytes(unique=True)
    organization_id: int | None = Ref("organization.id", default=None, nullable=True)
    role: Role | None = Choice(Role, default=None, nullable=True)
    created_at: datetime = Timestamp(default_factory=now)
    expires_at: datetime | None = Timestamp(default=None)
    last_used_at: datetime | None = Timestamp(default=None)  # to the hour


class AppSession(SQLModel, table=True):
    """A session of a user in a browser. `digest` is the SHA-256 of the cookie's secret, which is not stored."""

    __tablename__ = "app_session"

    id: int = Id()
    user_id: int = Ref("user_account.id", index=True)
    method: Method = Choice(Method)
    digest: bytes = Bytes(unique=True)
    user_agent: str = ""
    created_at: datetime = Timestamp(default_factory=now)
    last_used_at: datetime = Timestamp(default_factory=now)
    expires_at: datetime = Timestamp(index=True)  # however often it is used
