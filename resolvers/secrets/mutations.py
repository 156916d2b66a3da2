"""Creates, changes and deletes secrets."""

import strawberry

from app.fleet import secret_changes as secrets
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.secrets import inputs, payloads
from schema.secrets.types import Secret


@strawberry.type
class Mutations:
    @mutation("Stores a secret, encrypted. Deployments use its values by reference.", Permission.SECRETS_WRITE)
    async def create_secret(
        self,
        info: Info,
        input: inputs.CreateSecretInput,  # noqa: A002
    ) -> payloads.CreateSecretResult:
        given = {name: value for name, value in vars(input).items() if value is not None}  # null is the default
        row = await secrets.create_secret(
            info.context.services, info.context.viewer, secrets.CreateSecret(**{"data": None, **given})
        )
        return payloads.SecretPayload(secret=Secret.of(row))

    @mutation(
        "Changes values of a secret. Targets with the previous values are STALE until they are reconciled.",
        Permission.SECRETS_WRITE,
    )
    async def update_secret(
        self,
        info: Info,
        input: inputs.UpdateSecretInput,  # noqa: A002
    ) -> payloads.UpdateSecretResult:
        row = await secrets.update_secret(
            info.context.services,
            info.context.viewer,
            row_id(input.id, "Secret"),
            {} if input.data is None else input.data,
            description=input.description,
        )
        return payloads.SecretPayload(secret=Secret.of(row))

    @mutation("Deletes a secret that no deployment uses.", Permission.SECRETS_WRITE)
    async def delete_secret(
        self,
        info: Info,
        input: inputs.DeleteSecretInput,  # noqa: A002
    ) -> payloads.DeleteSecretResult:
        await secrets.delete_secret(info.context.services, info.context.viewer, row_id(input.id, "Secret"))
        return payloads.DeleteSecretPayload(id=input.id)
