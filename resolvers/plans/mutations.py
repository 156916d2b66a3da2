"""Makes, approves, rejects, applies and discards plans."""

from functools import partial

import strawberry

from app.core.errors import invalid
from app.deployments.planning import plan_in_time
from app.deployments.rollback import RollBackDeployment
from app.identity.permissions import Permission
from app.plans.applying import apply_plan
from app.plans.codes import PlanCode
from app.plans.making import PlanDeployment, make_plan
from app.plans.remarks import comment_on_plan, decide_on_plan, discard_plan
from app.plans.requests import Request
from app.tables.states import PlanVerdict
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.deployments import requests
from schema.deployments.types import Deployment
from schema.operations.types import Operation
from schema.plans import inputs, payloads
from schema.plans.loaders import plan_by_id
from schema.plans.types import Plan
from schema.previews.types import PlanProgress, notices_of
from schema.relay.ids import row_id
from schema.targets.abandoned import abandoned_of


def _request(given: inputs.PlanDeploymentInput) -> Request:
    found: list[Request] = []
    if given.create is not None:
        found.append(requests.create(given.create))
    if given.update is not None:
        found.append(requests.update(given.update))
    if given.reconcile is not None:
        found.append(requests.reconcile(given.reconcile))
    if given.delete is not None:
        found.append(requests.delete(given.delete))
    if (back := given.roll_back) is not None:
        number, removal = row_id(back.id, "Deployment"), back.allow_crd_version_removal
        expected = back.expected_generation
        found.append(RollBackDeployment(number, back.generation, expected, allow_crd_version_removal=removal))
    if given.promote is not None:
        found.append(requests.promote(given.promote))
    if len(found) != 1:
        message = "Give exactly one of create, update, reconcile, delete, rollBack and promote."
        raise invalid(PlanCode.PLAN_REQUEST, message)
    return found[0]


@strawberry.type
class Mutations:
    @mutation(
        "Plans a change and stores the plan. Nothing is changed until it is applied.", Permission.DEPLOYMENTS_WRITE
    )
    async def plan_deployment(
        self,
        info: Info,
        input: inputs.PlanDeploymentInput,  # noqa: A002
    ) -> payloads.PlanDeploymentResult:
        context = info.context
        asked = PlanDeployment(_request(input), input.required_approvals or 0, input.expires_at, input.comment)
        act = partial(make_plan, context.services, context.viewer, asked)
        answer = await plan_in_time(context.services, context.viewer, act)
        row = await context.load[plan_by_id].load(answer.stored_id) if answer.stored_id is not None else None
        return payloads.PlanDeploymentPayload(
            plan=Plan.of(row) if row else None,
            plan_progress=await PlanProgress.of(answer.progress) if answer.progress else None,
            notices=notices_of(answer),
        )

    @mutation(
        "Applies a plan: does exactly what it shows, or nothing if something has changed since it was made. A plan is"
        " applied once; applying it again gives the same operation.",
        Permission.DEPLOYMENTS_WRITE,
    )
    async def apply_plan(
        self,
        info: Info,
        input: inputs.ApplyPlanInput,  # noqa: A002
    ) -> payloads.ApplyPlanResult:
        found = await apply_plan(
            info.context.services,
            info.context.viewer,
            row_id(input.id, "Plan"),
            digest=input.digest,
            confirm_removal=input.confirm_removal,
        )
        answer = found.answer
        return payloads.ApplyPlanPayload(
            plan=Plan.of(found.plan),
            deployment=Deployment.of(answer.deployment) if answer.deployment else None,
            operation=Operation.of(answer.operation) if answer.operation else None,
            was_applied=found.was_applied,
            abandoned=abandoned_of(answer.abandoned),
        )

    @mutation(
        "Approves a plan of another user. The approval counts for this digest only, and as long as the caller may"
        " approve.",
        Permission.PLANS_APPROVE,
    )
    async def approve_plan(
        self,
        info: Info,
        input: inputs.ApprovePlanInput,  # noqa: A002
    ) -> payloads.ApprovePlanResult:
        return await _decided(info, input, PlanVerdict.APPROVED)

    @mutation(
        "Rejects a plan of another user: it cannot be applied unless the caller approves it later.",
        Permission.PLANS_APPROVE,
    )
    async def reject_plan(
        self,
        info: Info,
        input: inputs.RejectPlanInput,  # noqa: A002
    ) -> payloads.RejectPlanResult:
        return await _decided(info, input, PlanVerdict.REJECTED)

    @mutation("Adds a comment to a plan.", Permission.DEPLOYMENTS_WRITE)
    async def comment_on_plan(
        self,
        info: Info,
        input: inputs.CommentOnPlanInput,  # noqa: A002
    ) -> payloads.CommentOnPlanResult:
        context = info.context
        row = await comment_on_plan(context.services, context.viewer, row_id(input.id, "Plan"), input.comment)
        return payloads.PlanPayload(plan=Plan.of(row))

    @mutation("Discards an open plan: it can no longer be applied.", Permission.DEPLOYMENTS_WRITE)
    async def discard_plan(
        self,
        info: Info,
        input: inputs.DiscardPlanInput,  # noqa: A002
    ) -> payloads.DiscardPlanResult:
        row = await discard_plan(info.context.services, info.context.viewer, row_id(input.id, "Plan"))
        return payloads.PlanPayload(plan=Plan.of(row))


async def _decided(
    info: Info, given: inputs.ApprovePlanInput | inputs.RejectPlanInput, verdict: PlanVerdict
) -> payloads.PlanPayload:
    context = info.context
    number = row_id(given.id, "Plan")
    row = await decide_on_plan(context.services, context.viewer, number, verdict, given.digest, given.comment)
    return payloads.PlanPayload(plan=Plan.of(row))
