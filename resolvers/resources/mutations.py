"""Sets and deletes health rules."""

import strawberry

from app.health.rules import HealthRule as Expressions
from app.identity.permissions import Permission
from app.resources import health_rules
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.resources import inputs, payloads
from schema.resources.health_rules import HealthRule


@strawberry.type
class Mutations:
    @mutation(
        "Sets the rule by which the objects of a kind are judged on all clusters, in place of a shipped one. It takes"
        " effect within seconds.",
        Permission.HEALTH_RULES_WRITE,
    )
    async def set_health_rule(
        self,
        info: Info,
        input: inputs.SetHealthRuleInput,  # noqa: A002
    ) -> payloads.SetHealthRuleResult:
        given = dict(vars(input))
        about = {name: given.pop(name) for name in ("group", "kind", "version", "organization")}
        request = health_rules.SetHealthRule(**about, expressions=Expressions(**given))
        row = await health_rules.set_health_rule(info.context.services, info.context.viewer, request)
        return payloads.HealthRulePayload(health_rule=HealthRule.of(row))

    @mutation("Deletes a health rule. The kind is then judged by the shipped rules.", Permission.HEALTH_RULES_WRITE)
    async def delete_health_rule(
        self,
        info: Info,
        input: inputs.DeleteHealthRuleInput,  # noqa: A002
    ) -> payloads.DeleteHealthRuleResult:
        await health_rules.delete_health_rule(
            info.context.services, info.context.viewer, row_id(input.id, "HealthRule")
        )
        return payloads.DeleteHealthRulePayload(id=input.id)
