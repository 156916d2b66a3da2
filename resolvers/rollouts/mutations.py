"""Deciding on waves, and steering rollouts."""

import strawberry

from app.delivery.deciding import decide_on_wave
from app.delivery.holds import lift_hold
from app.delivery.steering import (
    abort_rollout,
    defer_target,
    expedite_rollout,
    pause_rollout,
    resume_rollout,
    retry_check,
    retry_target,
)
from app.identity.permissions import Permission
from app.tables.states import PlanVerdict
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.deployments.types import Deployment
from schema.relay.ids import row_id
from schema.rollouts import inputs, payloads
from schema.rollouts.types import Rollout


@strawberry.type
class Mutations:
    @mutation(
        "Approves a wave that needs approvals. The approval counts for this digest only, and the author of the change"
        " cannot approve.",
        Permission.ROLLOUTS_APPROVE,
    )
    async def approve_wave(
        self,
        info: Info,
        input: inputs.ApproveWaveInput,  # noqa: A002
    ) -> payloads.ApproveWaveResult:
        return await _decided(info, input, PlanVerdict.APPROVED)

    @mutation(
        "Rejects a wave that needs approvals: the rollout is aborted.",
        Permission.ROLLOUTS_APPROVE,
    )
    async def reject_wave(
        self,
        info: Info,
        input: inputs.RejectWaveInput,  # noqa: A002
    ) -> payloads.RejectWaveResult:
        return await _decided(info, input, PlanVerdict.REJECTED)

    @mutation(
        "Pauses a rollout: no more targets move. Those in flight continue.",
        Permission.ROLLOUTS_STEER,
    )
    async def pause_rollout(
        self,
        info: Info,
        input: inputs.PauseRolloutInput,  # noqa: A002
    ) -> payloads.PauseRolloutResult:
        context = info.context
        row = await pause_rollout(context.services, context.viewer, row_id(input.id, "Rollout"))
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Resumes a paused rollout.",
        Permission.ROLLOUTS_STEER,
    )
    async def resume_rollout(
        self,
        info: Info,
        input: inputs.ResumeRolloutInput,  # noqa: A002
    ) -> payloads.ResumeRolloutResult:
        context = info.context
        row = await resume_rollout(context.services, context.viewer, row_id(input.id, "Rollout"))
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Aborts a rollout. Targets that have moved stay, or return to their last verified generation.",
        Permission.ROLLOUTS_STEER,
    )
    async def abort_rollout(
        self,
        info: Info,
        input: inputs.AbortRolloutInput,  # noqa: A002
    ) -> payloads.AbortRolloutResult:
        context = info.context
        row = await abort_rollout(context.services, context.viewer, row_id(input.id, "Rollout"), input.targets)
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Skips the soak times and approvals of a rollout; not its checks, its budget or change windows.",
        Permission.ROLLOUTS_EXPEDITE,
    )
    async def expedite_rollout(
        self,
        info: Info,
        input: inputs.ExpediteRolloutInput,  # noqa: A002
    ) -> payloads.ExpediteRolloutResult:
        context = info.context
        row = await expedite_rollout(context.services, context.viewer, row_id(input.id, "Rollout"), input.reason)
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Puts off a target of a rollout that has not moved, until it is retried.",
        Permission.ROLLOUTS_STEER,
    )
    async def defer_target(
        self,
        info: Info,
        input: inputs.DeferTargetInput,  # noqa: A002
    ) -> payloads.DeferTargetResult:
        context = info.context
        row = await defer_target(context.services, context.viewer, row_id(input.rollout, "Rollout"), input.cluster)
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Moves a target of a rollout again that has failed, is inconclusive or was put off. A rollout that has failed"
        " continues.",
        Permission.ROLLOUTS_STEER,
    )
    async def retry_target(
        self,
        info: Info,
        input: inputs.RetryTargetInput,  # noqa: A002
    ) -> payloads.RetryTargetResult:
        context = info.context
        row = await retry_target(context.services, context.viewer, row_id(input.rollout, "Rollout"), input.cluster)
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Runs a check of a rollout again that has ended and has not passed. A rollout that has failed because of it"
        " continues.",
        Permission.ROLLOUTS_STEER,
    )
    async def retry_check(
        self,
        info: Info,
        input: inputs.RetryCheckInput,  # noqa: A002
    ) -> payloads.RetryCheckResult:
        context, number = info.context, row_id(input.rollout, "Rollout")
        row = await retry_check(context.services, context.viewer, number, input.wave, input.check)
        return payloads.RolloutPayload(rollout=Rollout.of(row))

    @mutation(
        "Lifts the hold of a generation that was rolled back. If it is the present one, a new rollout begins. With a"
        " cluster, lifts the hold on one target, which failed to get the generation: if it is the present one, it is"
        " installed or upgraded again.",
        Permission.ROLLOUTS_STEER,
    )
    async def lift_hold(
        self,
        info: Info,
        input: inputs.LiftHoldInput,  # noqa: A002
    ) -> payloads.LiftHoldResult:
        context = info.context
        row = await lift_hold(
            *(context.services, context.viewer, row_id(input.deployment, "Deployment"), input.generation),
            cluster=input.cluster,
        )
        return payloads.LiftHoldPayload(deployment=Deployment.of(row))


async def _decided(
    info: Info, given: inputs.ApproveWaveInput | inputs.RejectWaveInput, verdict: PlanVerdict
) -> payloads.RolloutPayload:
    context = info.context
    number = row_id(given.rollout, "Rollout")
    row = await decide_on_wave(
        *(context.services, context.viewer, number), given.wave, verdict, given.digest, given.comment
    )
    return payloads.RolloutPayload(rollout=Rollout.of(row))
