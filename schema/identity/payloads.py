"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    ValidationFailed,
)
from schema.identity.types import Member, User


@strawberry.type
class OrganizationPayload:
    name: str


@strawberry.type
class UserPayload:
    user: User
    token: str = strawberry.field(description="The API token of the user. It is shown only once.")


@strawberry.type
class RolePayload:
    member: Member | None = strawberry.field(
        description="The member after the change; null if the user no longer belongs to the organization."
    )


@strawberry.type
class RegisterPayload:
    user: User


@strawberry.type
class SignInPayload:
    user: User
    expires_at: datetime = strawberry.field(description="When the session ends, regardless of activity.")


@strawberry.type
class SignOutPayload:
    user: User = strawberry.field(description="The user who was signed in.")


@strawberry.type
class RevokeSessionPayload:
    id: strawberry.ID


@strawberry.type
class AccountPayload:
    user: User


@strawberry.type
class ApiTokenPayload:
    token: str = strawberry.field(description="The token. It is shown only once.")
    expires_at: datetime | None


@strawberry.type
class RevokeApiTokenPayload:
    name: str


CreateOrganizationResult = Annotated[
    OrganizationPayload | ValidationFailed | Conflict | Forbidden, strawberry.union("CreateOrganizationResult")
]

CreateUserResult = Annotated[
    UserPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("CreateUserResult")
]

SetRoleResult = Annotated[
    RolePayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("SetRoleResult")
]

RegisterResult = Annotated[
    RegisterPayload | ValidationFailed | Conflict | Forbidden | RateLimited, strawberry.union("RegisterResult")
]

SignInResult = Annotated[SignInPayload | Conflict | Forbidden | RateLimited, strawberry.union("SignInResult")]

SignOutResult = Annotated[SignOutPayload | Forbidden, strawberry.union("SignOutResult")]

RevokeSessionResult = Annotated[RevokeSessionPayload | NotFound | Forbidden, strawberry.union("RevokeSessionResult")]

SetPasswordResult = Annotated[
    AccountPayload | ValidationFailed | NotFound | Conflict | Forbidden | RateLimited,
    strawberry.union("SetPasswordResult"),
]

DisableUserResult = Annotated[AccountPayload | NotFound | Conflict | Forbidden, strawberry.union("DisableUserResult")]

EnableUserResult = Annotated[AccountPayload | NotFound | Forbidden, strawberry.union("EnableUserResult")]

CreateApiTokenResult = Annotated[
    ApiTokenPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("CreateApiTokenResult")
]

RevokeApiTokenResult = Annotated[RevokeApiTokenPayload | NotFound | Forbidden, strawberry.union("RevokeApiTokenResult")]
