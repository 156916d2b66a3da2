"""Creates organizations and their users, and sets the roles of members."""

import strawberry

from app.fleet.role_changes import set_role
from app.identity import accounts
from app.identity.permissions import Access, Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.identity import inputs, payloads
from schema.identity.types import Member, User


@strawberry.type
class Organizations:
    @mutation("Creates an organization. The caller becomes its first admin.", Access.INSTALLATION)
    async def create_organization(
        self,
        info: Info,
        input: inputs.CreateOrganizationInput,  # noqa: A002
    ) -> payloads.CreateOrganizationResult:
        row = await accounts.create_organization(info.context.services, info.context.viewer, input.name)
        return payloads.OrganizationPayload(name=row.name)

    @mutation("Creates a user with a role in an organization and a first API token.", Access.INSTALLATION)
    async def create_user(
        self,
        info: Info,
        input: inputs.CreateUserInput,  # noqa: A002
    ) -> payloads.CreateUserResult:
        made = await accounts.create_user(
            info.context.services, info.context.viewer, input.organization, input.name, input.role, input.password
        )
        return payloads.UserPayload(user=User.of(made.user), token=made.token)

    @mutation(
        "Grants a user a role in an organization or in one of its groups, or revokes it.", Permission.MEMBERS_WRITE
    )
    async def set_role(
        self,
        info: Info,
        input: inputs.SetRoleInput,  # noqa: A002
    ) -> payloads.SetRoleResult:
        member = await set_role(
            info.context.services, info.context.viewer, input.organization, input.user, input.role, input.group
        )
        return payloads.RolePayload(member=Member.of(member) if member else None)
