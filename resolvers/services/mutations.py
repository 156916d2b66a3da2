"""Service definitions: saved and deleted."""

import strawberry

from app.catalog.lists import offer_of
from app.catalog.saving import delete_service, save_service
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.services import inputs, payloads
from schema.services.types import Service


@strawberry.type
class Mutations:
    @mutation(
        "Checks a service definition, and saves it as a new revision of the service with its name. The check finds"
        " versions and ranges that are not valid, edges that lead nowhere or twice from one version to another, and"
        " expressions and steps that do not fit the spec; each problem has its place in the definition. Versions that"
        " are stranded are warnings of the service.",
        Permission.SERVICES_DEFINE,
    )
    async def save_service_definition(
        self,
        info: Info,
        input: inputs.SaveServiceDefinitionInput,  # noqa: A002
    ) -> payloads.SaveServiceDefinitionResult:
        services, viewer = info.context.services, info.context.viewer
        row = await save_service(services, viewer, input.organization, input.definition, input.revision)
        return payloads.ServicePayload(service=Service.of(await offer_of(row)))

    @mutation(
        "Deletes an organization's definition of a service with all its revisions. A shipped definition with the same"
        " name applies again.",
        Permission.SERVICES_DEFINE,
    )
    async def delete_service_definition(
        self,
        info: Info,
        input: inputs.DeleteServiceDefinitionInput,  # noqa: A002
    ) -> payloads.DeleteServiceDefinitionResult:
        await delete_service(info.context.services, info.context.viewer, row_id(input.id, "ServiceDefinition"))
        return payloads.DeleteServiceDefinitionPayload(id=input.id)
