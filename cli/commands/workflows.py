"""`polyhelm workflow`: definitions of workflows, and their runs."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.definitions import Definitions, Files, Revision
from cli.failure import Failure, usage
from cli.files import content
from cli.live import looks
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

workflow = typer.Typer(help="Workflows: definitions of steps, and their runs.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A workflow's name.", autocompletion=names.workflows, metavar="NAME")]

_WORKFLOWS = Definitions("workflow", "workflow", "workflow", "workflows")
_TYPES = "{ workflowStepTypes { name description inputs outputs example } }"


@remote(workflow, "ls")
def ls(session: Session) -> None:
    """List the workflows by name."""
    _WORKFLOWS.ls(session)


@remote(workflow, "show")
def show(session: Session, name: Name, revision: Revision = None) -> None:
    """Print the definition of a workflow."""
    _WORKFLOWS.show(session, name, revision)


@remote(workflow, "history")
def history(session: Session, name: Name) -> None:
    """List the latest 100 revisions of a workflow, newest first."""
    _WORKFLOWS.history(session, name)


@remote(workflow, "apply")
def apply(session: Session, file: Files) -> None:
    """Check and save the definitions in files. All files are read before any workflow is saved. Workflows that are in
    no file stay."""
    _WORKFLOWS.apply(session, file, "saveWorkflow", "WorkflowPayload")


@remote(workflow, "types")
def types(session: Session) -> None:
    """List the types that steps can have. With -o json or -o yaml, also their inputs and outputs."""
    columns = {"TYPE": lambda row: row["name"], "DESCRIPTION": lambda row: row["description"]}
    session.output.listing(session.ask(_TYPES)["workflowStepTypes"], columns, name=lambda row: str(row["name"]))


@remote(workflow, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a workflow with all its revisions and schedules."""
    found = _WORKFLOWS.find(session, "id", name)
    confirm_name(f"The workflow {name} will be deleted with all its revisions and schedules.", name, yes=yes)
    session.mutate("deleteWorkflow", "... on DeleteWorkflowPayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


Run = Annotated[str, typer.Argument(help="The id of a run, from `polyhelm workflow runs`.", metavar="RUN")]
Step = Annotated[
    str | None,
    typer.Option("--step", help="The path of the step. Default: the one that waits.", metavar="PATH"),
]
Comment = Annotated[str | None, typer.Option(help="A comment.", metavar="TEXT")]

_RUN = """id workflow workflowId revision state isCancelling reason starter createdAt endedAt error { message path }
waiting { path waitsFor signal waitsUntil }"""
_STEPS = "steps(first: 200) { nodes { path type state attempts startedAt endedAt error { message } } }"
_RUNS = f"""query ($organization: String, $workflow: String, $workflowId: String, $state: [WorkflowRunState!],
  $first: Int, $after: String) {{
  workflowRuns(organization: $organization, workflow: $workflow, workflowId: $workflowId, state: $state,
    first: $first, after: $after) {{ nodes {{ {_RUN} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""
_ONE_RUN = f"query ($id: ID!) {{ workflowRun(id: $id) {{ {_RUN} parameters outputs {_STEPS} }} }}"
_LOGS = """query ($id: ID!, $path: String, $after: String) { workflowRun(id: $id) {
  logs(path: $path, first: 200, after: $after) {
    nodes { path attempt at message } pageInfo { hasNextPage endCursor } }
} }"""
_CHANGED = "subscription ($id: ID!) { workflowRunChanged(id: $id) { id } }"
_RUN_PAYLOAD = f"... on WorkflowRunPayload {{ run {{ {_RUN} }} }}"


class OnConflict(StrEnum):
    """What happens if a run with the same id is in progress."""

    REFUSE = "refuse"
    ATTACH = "attach"
    CANCEL_OLD = "cancel-old"


@remote(workflow, "start")
def start(
    session: Session,
    name: Name,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="A parameter; the value is JSON or a string.", metavar="NAME=VALUE"),
    ] = None,
    workflow_id: Annotated[
        str | None, typer.Option("--id", help="What the run is about. Default: an id of its own.", metavar="ID")
    ] = None,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="What happens if a run with this id is in progress.")
    ] = OnConflict.REFUSE,
    wait: Annotated[bool, typer.Option("--watch", help="Follow the run until it ends.")] = False,
) -> None:
    """Start a run of a workflow."""
    answer = session.mutate(
        "startWorkflow",
        _RUN_PAYLOAD,
        organization=session.organization,
        workflow=name,
        parameters=dict(map(parameter_of, parameter or [])),
        workflowId=workflow_id,
        onConflict=on_conflict.name,
    )
    run = answer["run"]
    if session.output.is_table:
        session.output.text(run["id"])
        session.tell(
            f"The run {run['workflowId']} of {name} has started. Follow it: polyhelm workflow watch {run['id']}"
        )
    else:
        session.output.data(run, [run["id"]])
    if wait:
        _watch(session, run["id"])


@remote(workflow, "runs")
def runs(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(help="Only runs of this workflow.", autocompletion=names.workflows, metavar="NAME")
    ] = None,
    workflow_id: Annotated[str | None, typer.Option("--id", help="Only runs with this id.", metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also runs that have ended.")] = False,
) -> None:
    """List runs of workflows, newest first."""
    state = None if every else ["RUNNING"]
    rows = list(session.pages(_RUNS, workflow=name, workflowId=workflow_id, state=state))
    if not rows:
        session.tell_none("No runs in progress. List all: polyhelm workflow runs --all", name)
    columns = {
        "RUN": lambda row: row["id"],
        "WORKFLOW": lambda row: row["workflow"],
        "ID": lambda row: row["workflowId"],
        "STATE": lambda row: row["state"],
        "STARTED BY": lambda row: row["starter"],
        "AGE": lambda row: ago(row["createdAt"]),
        "WAITING FOR": lambda row: "; ".join(map(_waiting, row["waiting"])),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["id"]))


@remote(workflow, "watch")
def watch(session: Session, run: Run) -> None:
    """Follow a run until it ends. The exit code is 1 if it does not succeed."""
    _watch(session, run)


@remote(workflow, "logs")
def logs(
    session: Session,
    run: Run,
    step: Annotated[str | None, typer.Option("--step", help="Only the log of this step.", metavar="PATH")] = None,
) -> None:
    """Print the logs of a run's steps."""
    after, rows = None, []
    while True:
        page = _run(session, _LOGS, run, path=step, after=after)["logs"]
        rows += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    if session.output.is_table:
        for row in rows:
            session.output.text(f"{row['path']}: {row['message']}")
    else:
        session.output.data(rows, [row["message"] for row in rows])


@remote(workflow, "signal")
def signal(
    session: Session,
    run: Run,
    signal_name: Annotated[str, typer.Argument(help="The name of the signal.", metavar="SIGNAL")],
    payload: Annotated[str | None, typer.Option(help="The payload: JSON or a string.", metavar="VALUE")] = None,
) -> None:
    """Send a signal to a run."""
    given = None if payload is None else _value(payload)
    session.mutate("signalWorkflow", _RUN_PAYLOAD, run=run, signal=signal_name, payload=given)
    session.tell(f"Signal {signal_name} sent.")


@remote(workflow, "complete")
def complete(
    session: Session,
    result_token: Annotated[
        str, typer.Argument(help="The token that the step has sent; `-` reads it from standard input.", metavar="TOKEN")
    ],
    result: Annotated[str | None, typer.Option(help="The result: JSON or a string.", metavar="VALUE")] = None,
    error: Annotated[str | None, typer.Option(help="Why there is no result: the step fails.", metavar="TEXT")] = None,
) -> None:
    """Complete a step that waits for a result from outside."""
    answer = session.mutate(
        "completePendingResult",
        "... on CompletePendingResultPayload { isRepeated }",
        token=content("-")[0].strip() if result_token == "-" else result_token,  # noqa: S105 - it stands for none
        result=None if result is None else _value(result),
        error=error,
    )
    session.tell("The step had this result already." if answer["isRepeated"] else "The step has its result.")


@remote(workflow, "approve")
def approve(session: Session, run: Run, step: Step = None, comment: Comment = None) -> None:
    """Approve a step of a run that another user has started."""
    path = step or _waiting_step(session, run)
    session.mutate("approveStep", _RUN_PAYLOAD, run=run, step=path, comment=comment)
    session.tell(f"{path} approved.")


@remote(workflow, "reject")
def reject(session: Session, run: Run, step: Step = None, comment: Comment = None) -> None:
    """Reject a step of a run: the step fails."""
    path = step or _waiting_step(session, run)
    session.mutate("rejectStep", _RUN_PAYLOAD, run=run, step=path, comment=comment)
    session.tell(f"{path} rejected.")


@remote(workflow, "cancel")
def cancel(session: Session, run: Run) -> None:
    """Cancel a run: the steps that run are stopped, and no other begins."""
    session.mutate("cancelRun", _RUN_PAYLOAD, run=run)
    session.tell("The run is being cancelled.")


@remote(workflow, "rerun")
def rerun(
    session: Session,
    run: Run,
    step: Annotated[
        str | None,
        typer.Option("--from", help="The path of the first step. Default: the steps that have failed.", metavar="PATH"),
    ] = None,
    same_run: Annotated[
        bool, typer.Option("--same-run", help="Continue the run instead of starting a new one.")
    ] = False,
    wait: Annotated[bool, typer.Option("--watch", help="Follow the run until it ends.")] = False,
) -> None:
    """Repeat a run that has ended, from a step on or where it has failed."""
    mode = "SAME_RUN" if same_run else "NEW_RUN"
    if step is None:
        answer = session.mutate("retryFailed", _RUN_PAYLOAD, run=run, mode=mode)
    else:
        answer = session.mutate("rerunFrom", _RUN_PAYLOAD, run=run, step=step, mode=mode)
    repeated = answer["run"]
    if session.output.is_table:
        session.output.text(repeated["id"])
    else:
        session.output.data(repeated, [repeated["id"]])
    if wait:
        _watch(session, repeated["id"])


@remote(workflow, "terminate")
def terminate(
    session: Session,
    run: Run,
    reason: Annotated[str, typer.Option(help="Why the run is ended.", metavar="TEXT")],
) -> None:
    """End a run at once, even if no worker is there."""
    session.mutate("terminateRun", _RUN_PAYLOAD, run=run, reason=reason)
    session.tell("The run was terminated.")


def _watch(session: Session, run_id: str) -> None:
    told = ""
    for found in looks(session.client, _CHANGED, {"id": run_id}, lambda: _run(session, _ONE_RUN, run_id)):
        text = _text(found)
        if text != told:
            session.output.text(text + "\n")
        told = text
        if found["state"] != "RUNNING":
            if found["state"] != "SUCCEEDED":
                raise Failure(f"The run {found['workflowId']} of {found['workflow']} is {found['state']}.")
            return


def _text(run: Any) -> str:
    lines = [f"{run['workflow']} {run['workflowId']}: {run['state']}"]
    for step in run["steps"]["nodes"]:
        error = f": {step['error']['message']}" if step["error"] else ""
        lines.append(f"  {step['path']} {step['state']}{error}")
    lines += [f"  waiting: {_waiting(step)}" for step in run["waiting"]]
    return "\n".join(lines)


def _waiting(step: Any) -> str:
    named = {
        "SLEEP": "time",
        "SIGNAL": f"signal {step['signal']}",
        "APPROVAL": "approval",
        "RESULT": "result from outside",
        "RUN": "run",
    }
    return f"{step['path']}: {named.get(step['waitsFor'], step['waitsFor'])}"


def _waiting_step(session: Session, run_id: str) -> str:
    """The only step that waits for an approval."""
    found = [step["path"] for step in _run(session, _ONE_RUN, run_id)["waiting"] if step["waitsFor"] == "APPROVAL"]
    if len(found) != 1:
        problem = (
            "No step of the run waits for an approval." if not found else f"{len(found)} steps wait for an approval."
        )
        raise usage(problem, f"Look at its steps: polyhelm workflow watch {run_id}")
    return str(found[0])


def _run(session: Session, query: str, run_id: str, **given: Any) -> Any:
    found = session.ask(query, id=run_id, **given)["workflowRun"]
    if found is None:
        raise usage(f"There is no run {run_id!r}.", "List runs: polyhelm workflow runs --all")
    return found


def parameter_of(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise usage(f"{text!r} is not of the form NAME=VALUE.", "Such as: -p image=shop -p 'regions=[\"eu\"]'")
    return name, _value(value)


def _value(text: str) -> Any:
    """What JSON means, or else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
