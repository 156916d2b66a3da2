"""Creates and revokes API tokens of the caller."""

import strawberry

from app.identity import tokens
from app.identity.permissions import Access
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.identity import inputs, payloads


@strawberry.type
class Tokens:
    @mutation("Creates an API token for the caller.", Access.OWN)
    async def create_api_token(
        self,
        info: Info,
        input: inputs.CreateApiTokenInput,  # noqa: A002
    ) -> payloads.CreateApiTokenResult:
        made = await tokens.create_api_token(info.context.services, info.context.viewer, **vars(input))
        return payloads.ApiTokenPayload(token=made.token, expires_at=made.row.expires_at)

    @mutation("Revokes one of the caller's API tokens.", Access.OWN)
    async def revoke_api_token(
        self,
        info: Info,
        input: inputs.RevokeApiTokenInput,  # noqa: A002
    ) -> payloads.RevokeApiTokenResult:
        await tokens.revoke_api_token(info.context.services, info.context.viewer, input.name)
        return payloads.RevokeApiTokenPayload(name=input.name)
