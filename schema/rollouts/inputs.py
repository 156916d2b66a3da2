"""The inputs of the subject's mutations."""

import strawberry

from schema.rollouts.enums import Abort


@strawberry.input
class ApproveWaveInput:
    rollout: strawberry.ID
    wave: int = strawberry.field(description="The index of the wave.")
    digest: str = strawberry.field(description="The `planDigest` of the rollout that was read.")
    comment: str | None = None


@strawberry.input
class RejectWaveInput:
    rollout: strawberry.ID
    wave: int = strawberry.field(description="The index of the wave.")
    digest: str = strawberry.field(description="The `planDigest` of the rollout that was read.")
    comment: str | None = None


@strawberry.input
class PauseRolloutInput:
    id: strawberry.ID


@strawberry.input
class ResumeRolloutInput:
    id: strawberry.ID


@strawberry.input
class AbortRolloutInput:
    id: strawberry.ID
    targets: Abort = strawberry.field(default=Abort.LEAVE, description="What happens to targets that have moved.")


@strawberry.input
class ExpediteRolloutInput:
    id: strawberry.ID
    reason: str


@strawberry.input
class DeferTargetInput:
    rollout: strawberry.ID
    cluster: str


@strawberry.input
class RetryTargetInput:
    rollout: strawberry.ID
    cluster: str


@strawberry.input
class RetryCheckInput:
    rollout: strawberry.ID
    wave: int = strawberry.field(description="The index of the wave.")
    check: str = strawberry.field(description="The name of the check.")


@strawberry.input
class LiftHoldInput:
    deployment: strawberry.ID
    generation: int
    cluster: str | None = strawberry.field(
        default=None,
        description="The name of the cluster, to lift the hold on one target (`DeploymentTarget.hold`).",
    )
