"""Workflows: saved, deleted, started and steered."""

import strawberry

from app.automation.repeating import rerun_from, retry_failed
from app.automation.results import complete_pending_result
from app.automation.saving import delete_step_definition, delete_workflow, save_step_definition, save_workflow
from app.automation.starting import start_workflow
from app.automation.steering import cancel_run, decide_on_step, signal_workflow, terminate_run
from app.identity.permissions import Access, Permission
from app.tables.states import PlanVerdict
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.workflows import inputs, payloads
from schema.workflows.runs import WorkflowRun
from schema.workflows.types import StepDefinition, WorkflowDefinition


@strawberry.type
class Mutations:
    @mutation(
        "Checks a definition, and saves it as a new revision of the workflow with its name. The check finds unknown"
        " step types, cycles, steps that never run, outputs that nothing uses, and expressions and inputs of a wrong"
        " type; each problem has its place in the definition.",
        Permission.WORKFLOWS_DEFINE,
    )
    async def save_workflow(
        self,
        info: Info,
        input: inputs.SaveWorkflowInput,  # noqa: A002
    ) -> payloads.SaveWorkflowResult:
        services, viewer = info.context.services, info.context.viewer
        row = await save_workflow(services, viewer, input.organization, input.definition, input.revision)
        return payloads.WorkflowPayload(workflow=WorkflowDefinition.of(row))

    @mutation("Deletes a workflow with all its revisions and schedules.", Permission.WORKFLOWS_DEFINE)
    async def delete_workflow(
        self,
        info: Info,
        input: inputs.DeleteWorkflowInput,  # noqa: A002
    ) -> payloads.DeleteWorkflowResult:
        await delete_workflow(info.context.services, info.context.viewer, row_id(input.id, "WorkflowDefinition"))
        return payloads.DeleteWorkflowPayload(id=input.id)

    @mutation(
        "Checks a definition in the language of workflows, and saves it as a new revision of the step type with its"
        " name. Runs that were started keep the steps that they have.",
        Permission.WORKFLOWS_DEFINE,
    )
    async def save_step_definition(
        self,
        info: Info,
        input: inputs.SaveStepDefinitionInput,  # noqa: A002
    ) -> payloads.SaveStepDefinitionResult:
        services, viewer = info.context.services, info.context.viewer
        row = await save_step_definition(services, viewer, input.organization, input.definition, input.revision)
        return payloads.StepDefinitionPayload(step_definition=StepDefinition.of(row))

    @mutation(
        "Deletes a step definition with all its revisions. Workflows and other step definitions must not use it.",
        Permission.WORKFLOWS_DEFINE,
    )
    async def delete_step_definition(
        self,
        info: Info,
        input: inputs.DeleteStepDefinitionInput,  # noqa: A002
    ) -> payloads.DeleteStepDefinitionResult:
        await delete_step_definition(info.context.services, info.context.viewer, row_id(input.id, "StepDefinition"))
        return payloads.DeleteStepDefinitionPayload(id=input.id)

    @mutation(
        "Starts a run of a workflow. When the answer arrives, the run is stored, and a worker will run it.",
        Permission.WORKFLOWS_START,
    )
    async def start_workflow(
        self,
        info: Info,
        input: inputs.StartWorkflowInput,  # noqa: A002
    ) -> payloads.StartWorkflowResult:
        row = await start_workflow(
            info.context.services,
            info.context.viewer,
            input.organization,
            input.workflow,
            {} if input.parameters is None else input.parameters,
            workflow_id=input.workflow_id,
            on_conflict=input.on_conflict,
        )
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation(
        "Sends a signal to a run. The step that has waited for it longest takes it; if none waits, the next step that"
        " waits for it does.",
        Permission.WORKFLOWS_SIGNAL,
    )
    async def signal_workflow(
        self,
        info: Info,
        input: inputs.SignalWorkflowInput,  # noqa: A002
    ) -> payloads.SignalWorkflowResult:
        context, number = info.context, row_id(input.run, "WorkflowRun")
        row = await signal_workflow(context.services, context.viewer, number, input.signal, input.payload)
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation(
        "Completes the step `pending-result` that has this token, with a result or an error. The token is the"
        " credential, and works once: repeating the same call changes nothing, and another result is an error.",
        Access.EVERYONE,
    )
    async def complete_pending_result(
        self,
        info: Info,
        input: inputs.CompletePendingResultInput,  # noqa: A002
    ) -> payloads.CompletePendingResultResult:
        context = info.context
        is_new = await complete_pending_result(
            context.services, context.signed_in, input.token, input.result, input.error
        )
        return payloads.CompletePendingResultPayload(is_repeated=not is_new)

    @mutation(
        "Approves a step that waits for it. The user who started the run cannot approve its steps.",
        Permission.WORKFLOWS_APPROVE,
    )
    async def approve_step(
        self,
        info: Info,
        input: inputs.ApproveStepInput,  # noqa: A002
    ) -> payloads.ApproveStepResult:
        context, number = info.context, row_id(input.run, "WorkflowRun")
        row = await decide_on_step(
            context.services, context.viewer, number, input.step, PlanVerdict.APPROVED, input.comment
        )
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation("Rejects a step that waits for an approval: the step fails.", Permission.WORKFLOWS_APPROVE)
    async def reject_step(
        self,
        info: Info,
        input: inputs.RejectStepInput,  # noqa: A002
    ) -> payloads.RejectStepResult:
        context, number = info.context, row_id(input.run, "WorkflowRun")
        row = await decide_on_step(
            context.services, context.viewer, number, input.step, PlanVerdict.REJECTED, input.comment
        )
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation("Cancels a run: the steps that run are stopped, and those of `onCancel` run.", Permission.WORKFLOWS_START)
    async def cancel_run(
        self,
        info: Info,
        input: inputs.CancelRunInput,  # noqa: A002
    ) -> payloads.CancelRunResult:
        context = info.context
        row = await cancel_run(context.services, context.viewer, row_id(input.run, "WorkflowRun"))
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation(
        "Repeats a run that has ended from a step on: the step, and what comes after it. What a cancelled run did not"
        " finish is repeated, too. The caller becomes the starter.",
        Permission.WORKFLOWS_START,
    )
    async def rerun_from(
        self,
        info: Info,
        input: inputs.RerunFromInput,  # noqa: A002
    ) -> payloads.RerunFromResult:
        context, number = info.context, row_id(input.run, "WorkflowRun")
        row = await rerun_from(context.services, context.viewer, number, input.step, input.mode)
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation(
        "Repeats the steps of a run that have failed or were cancelled, and then runs what comes after them. The caller"
        " becomes the starter.",
        Permission.WORKFLOWS_START,
    )
    async def retry_failed(
        self,
        info: Info,
        input: inputs.RetryFailedInput,  # noqa: A002
    ) -> payloads.RetryFailedResult:
        context = info.context
        row = await retry_failed(context.services, context.viewer, row_id(input.run, "WorkflowRun"), input.mode)
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))

    @mutation(
        "Ends a run at once, even if no worker is there. Steps that run are stopped within seconds.",
        Permission.WORKFLOWS_START,
    )
    async def terminate_run(
        self,
        info: Info,
        input: inputs.TerminateRunInput,  # noqa: A002
    ) -> payloads.TerminateRunResult:
        context = info.context
        row = await terminate_run(context.services, context.viewer, row_id(input.run, "WorkflowRun"), input.reason)
        return payloads.WorkflowRunPayload(run=WorkflowRun.of(row))
