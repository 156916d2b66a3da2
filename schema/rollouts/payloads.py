"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.deployments.types import Deployment
from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.rollouts.types import Rollout


@strawberry.type
class RolloutPayload:
    rollout: Rollout


@strawberry.type
class LiftHoldPayload:
    deployment: Deployment


ApproveWaveResult = Annotated[
    RolloutPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("ApproveWaveResult")
]
RejectWaveResult = Annotated[
    RolloutPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("RejectWaveResult")
]
PauseRolloutResult = Annotated[RolloutPayload | NotFound | Conflict | Forbidden, strawberry.union("PauseRolloutResult")]
ResumeRolloutResult = Annotated[
    RolloutPayload | NotFound | Conflict | Forbidden, strawberry.union("ResumeRolloutResult")
]
AbortRolloutResult = Annotated[RolloutPayload | NotFound | Conflict | Forbidden, strawberry.union("AbortRolloutResult")]
ExpediteRolloutResult = Annotated[
    RolloutPayload | ValidationFailed | NotFound | Conflict | Forbidden, strawberry.union("ExpediteRolloutResult")
]
DeferTargetResult = Annotated[RolloutPayload | NotFound | Conflict | Forbidden, strawberry.union("DeferTargetResult")]
RetryTargetResult = Annotated[RolloutPayload | NotFound | Conflict | Forbidden, strawberry.union("RetryTargetResult")]
RetryCheckResult = Annotated[RolloutPayload | NotFound | Conflict | Forbidden, strawberry.union("RetryCheckResult")]
LiftHoldResult = Annotated[LiftHoldPayload | NotFound | Forbidden, strawberry.union("LiftHoldResult")]
