"""The inputs of mutations about identity. Their texts are masked in the audit log unless the subject lists them as
plain."""

from datetime import datetime

import strawberry

from schema.identity.enums import Role


@strawberry.input
class CreateOrganizationInput:
    name: str


@strawberry.input
class CreateUserInput:
    name: str
    role: Role
    organization: str | None = None
    password: str | None = strawberry.field(
        default=None, description="The password. Without one, the user can only use API tokens."
    )


@strawberry.input
class RegisterInput:
    name: str
    password: str
    setup_code: str | None = strawberry.field(
        default=None, description="Required for the first user: the code that the server printed when it started."
    )


@strawberry.input
class SignInInput:
    name: str
    password: str


@strawberry.input
class SignOutInput:
    everywhere: bool | None = strawberry.field(
        default=False, description="End all sessions of the caller, not only this one."
    )


@strawberry.input
class RevokeSessionInput:
    id: strawberry.ID


@strawberry.input
class SetPasswordInput:
    password: str = strawberry.field(description="The new password.")
    current_password: str | None = strawberry.field(
        default=None, description="The current password, required to change one's own."
    )
    user: str | None = strawberry.field(
        default=None, description="The name of another user, for admins. Default: the caller."
    )


@strawberry.input
class DisableUserInput:
    user: str = strawberry.field(description="Their name.")


@strawberry.input
class EnableUserInput:
    user: str = strawberry.field(description="Their name.")


@strawberry.input
class SetRoleInput:
    user: str = strawberry.field(description="Their name.")
    role: Role | None = strawberry.field(default=None, description="The role to grant; null revokes the role.")
    organization: str | None = None
    group: str | None = strawberry.field(
        default=None, description="The group for which the role is granted. Default: the whole organization."
    )


@strawberry.input
class CreateApiTokenInput:
    name: str
    organization: str | None = strawberry.field(
        default=None,
        description="The only organization that the token works in. Default: all organizations of its user.",
    )
    role: Role | None = strawberry.field(
        default=None, description="The highest role of the token. A token never exceeds the permissions of its user."
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When the token expires. Default: never, or as late as the server allows."
    )


@strawberry.input
class RevokeApiTokenInput:
    name: str
