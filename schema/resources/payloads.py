"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.resources.health_rules import HealthRule


@strawberry.type
class HealthRulePayload:
    health_rule: HealthRule


@strawberry.type
class DeleteHealthRulePayload:
    id: strawberry.ID


SetHealthRuleResult = Annotated[
    HealthRulePayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("SetHealthRuleResult")
]

DeleteHealthRuleResult = Annotated[
    DeleteHealthRulePayload | NotFound | Forbidden, strawberry.union("DeleteHealthRuleResult")
]
