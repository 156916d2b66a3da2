"""`polyhelm plan` and `polyhelm plans`: plans that are stored, discussed, approved and applied."""

from typing import Annotated, Any

import typer

from cli.command import AllowVersionRemoval, AtOnce, ExitCode, remote
from cli.commands.deployments import find_deployment
from cli.commands.tokens import moment
from cli.failure import DIFFERS, Failure, usage
from cli.outcomes import ABANDONED_FIELDS, tell_abandoned
from cli.output import Columns, Format, ago, minute
from cli.plan_text import SUMMARY, TARGETS, counts_of, link, markdown_of, name_of, text_of
from cli.planning import Once, requests
from cli.plans import stored
from cli.promoting import Unverified, promotion
from cli.removal import confirm_removal
from cli.session import Session
from cli.terminal import confirm

plans = typer.Typer(help="Stored plans.", no_args_is_help=True)

PlanId = Annotated[str, typer.Argument(help="An ID, as `polyhelm plans ls` prints it.", metavar="ID")]
Comment = Annotated[str | None, typer.Option(help="A comment for those who read the plan.", metavar="TEXT")]

_ONE = f"query ($id: ID!, $first: Int, $after: String) {{ plan(id: $id) {{ {SUMMARY} {TARGETS} }} }}"
_LIST = f"""query ($organization: String, $deployment: ID, $state: PlanState, $first: Int, $after: String) {{
  plans(organization: $organization, deployment: $deployment, state: $state, first: $first, after: $after) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ {SUMMARY} }} }} }}"""
_DONE = f"... on ApplyPlanPayload {{ wasApplied operation {{ id }} deployment {{ generation }} {ABANDONED_FIELDS} }}"
_NONE = "There is no plan {!r}."
_LOOK = "List plans: polyhelm plans ls"


def plan(
    session: Session,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", "-f", help="A file with deployments, or a directory of such files; repeatable.", metavar="FILE"
        ),
    ] = None,
    reconcile: Annotated[
        str | None, typer.Option(help="Plan to reconcile this deployment.", metavar="GROUP/RELEASE")
    ] = None,
    rollback: Annotated[
        str | None, typer.Option(help="Plan to roll back this deployment.", metavar="GROUP/RELEASE")
    ] = None,
    promote: Annotated[
        str | None, typer.Option(help="Plan to promote this deployment to the one of --to.", metavar="GROUP/RELEASE")
    ] = None,
    to: Annotated[str | None, typer.Option(help="The deployment to promote to.", metavar="GROUP/RELEASE")] = None,
    unverified: Unverified = False,
    generation: Annotated[
        int | None,
        typer.Option(
            help="The generation to roll back to, or to promote. Default: the one before, or the present one.",
            metavar="NUMBER",
        ),
    ] = None,
    delete: Annotated[str | None, typer.Option(help="Plan to delete this deployment.", metavar="GROUP/RELEASE")] = None,
    approvals: Annotated[
        int, typer.Option(help="The number of other users who must approve the plan.", min=0, max=10)
    ] = 0,
    expires: Annotated[
        str | None, typer.Option(help="When the plan expires: after 12h or 3d, or on a day such as 2030-01-31.")
    ] = None,
    comment: Comment = None,
    allow_version_removal: AllowVersionRemoval = None,
    at_once: AtOnce = False,
    exit_code: ExitCode = False,
) -> None:
    """Store a plan: show what a change would do, without changing anything. Apply it later with
    `polyhelm deploy apply --plan ID`: exactly this is done, or nothing if something has changed."""
    how = {
        "requiredApprovals": approvals,
        "expiresAt": moment(expires).isoformat() if expires else None,
        "comment": comment,
    }
    removable = allow_version_removal or []
    if at_once and not file:
        raise usage("--at-once is for --file.")
    wanted = [] if not file else list(requests(session, file, Once(removable, at_once)))
    if generation is not None and rollback is None and promote is None:
        raise usage("--generation is for --rollback and --promote.")
    wanted += _existing(session, reconcile, rollback, generation, delete, removable)
    if (promote is None) != (to is None):
        raise usage("Give both --promote and --to.")
    if unverified and promote is None:
        raise usage("--unverified is for --promote.")
    if promote is not None and to is not None:
        wanted.append((to, {"promote": promotion(session, promote, to, generation, unverified, removable)}))
    if not wanted:
        raise usage("Nothing to plan.", "Give --file, --reconcile, --rollback, --promote or --delete.")
    made = [stored(session, name, "id", **request, **how)["id"] for name, request in wanted]
    found = [_found(session, plan_id) for plan_id in made]
    _show(session, found)
    if exit_code and any(_differs(each) for each, _ in found):
        raise typer.Exit(DIFFERS)


@remote(plans, "ls")
def ls(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Only those of this deployment.", metavar="GROUP/RELEASE")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also plans that are no longer open.")] = False,
) -> None:
    """List plans, newest first."""
    deployment = find_deployment(session, name)["id"] if name else None
    rows = list(session.pages(_LIST, deployment=deployment, state=None if every else "OPEN"))
    if not rows:
        session.tell_none("No plans yet. To store one: polyhelm plan -f FILE", name)
    columns: Columns = {
        "ID": lambda row: row["id"],
        "DEPLOYMENT": name_of,
        "KIND": lambda row: row["kind"],
        "STATE": lambda row: row["state"],
        "TARGETS": counts_of,
        "APPROVALS": lambda row: f"{row['approvals']}/{row['requiredApprovals']}",
        "AUTHOR": lambda row: row["author"],
        "AGE": lambda row: ago(row["createdAt"]),
        "EXPIRES": lambda row: minute(row["expiresAt"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["id"]))


@remote(plans, "show", markdown=True)
def show(session: Session, plan_id: PlanId) -> None:
    """Show a plan with its targets, approvals and comments. `--output markdown` has the differences, too."""
    _show(session, [_found(session, plan_id)])


@remote(plans, "approve")
def approve(session: Session, plan_id: PlanId, comment: Comment = None) -> None:
    """Approve a plan of another user."""
    _decide(session, "approvePlan", plan_id, comment, "approved")


@remote(plans, "reject")
def reject(session: Session, plan_id: PlanId, comment: Comment = None) -> None:
    """Reject a plan of another user, so that it cannot be applied."""
    _decide(session, "rejectPlan", plan_id, comment, "rejected")


@remote(plans, "comment")
def comment(session: Session, plan_id: PlanId, text: Annotated[str, typer.Argument(metavar="TEXT")]) -> None:
    """Add a comment to a plan."""
    session.mutate("commentOnPlan", "... on PlanPayload { plan { id } }", id=plan_id, comment=text)
    session.tell(f"Comment added to {plan_id}.")


@remote(plans, "discard")
def discard(session: Session, plan_id: PlanId) -> None:
    """Discard a plan, so that it cannot be applied."""
    session.mutate("discardPlan", "... on PlanPayload { plan { id } }", id=plan_id)
    session.tell(f"{plan_id} discarded.")


def apply_plan(
    session: Session, plan_id: str, *, yes: bool, confirmed: int | None, no_wait: bool, timeout: float
) -> None:
    """Applies a stored plan after it was shown, and waits for the result."""
    from cli.progress import finish

    found, targets = _found(session, plan_id)
    if found["state"] != "APPLIED":
        (session.output.text if session.output.is_table else session.tell)(
            text_of(found, targets, link(session.context.server, found), verbose=session.verbose)
        )
        removed = found["removal"]["clusters"] if found["removal"] else []
        confirm_removal(removed, confirmed, is_needed=bool(found["removal"] and found["removal"]["needsConfirmation"]))
        confirm("Apply?", yes=yes)
    number = found["removal"]["count"] if found["removal"] else None
    done = session.mutate("applyPlan", _DONE, id=plan_id, digest=found["digest"], confirmRemoval=number)
    if done["wasApplied"]:
        session.tell(f"{plan_id} was already applied.")
    if done["operation"] and not no_wait:
        finish(session, done["operation"], timeout)
        session.tell(f"{name_of(found)} is up to date.")
    tell_abandoned(done["abandoned"])
    if not session.output.is_table:
        operation = done["operation"] and done["operation"]["id"]
        session.output.data({"plan": plan_id, "deployment": name_of(found), "operation": operation}, [plan_id])


def _existing(
    session: Session,
    reconcile: str | None,
    rollback: str | None,
    generation: int | None,
    delete: str | None,
    removable: list[str],
) -> list[tuple[str, dict[str, Any]]]:
    """The requests for deployments that exist."""
    found: list[tuple[str, dict[str, Any]]] = []
    consent = {"allowCrdVersionRemoval": removable} if removable else {}
    if reconcile is not None:
        found.append((reconcile, {"reconcile": {"id": find_deployment(session, reconcile)["id"], **consent}}))
    if rollback is not None:
        present = find_deployment(session, rollback)
        if generation is None and present["generation"] == 1:
            raise Failure(f"{rollback} is at its first generation. There is no earlier one.")
        back = {"id": present["id"], "generation": generation or present["generation"] - 1, **consent}
        found.append((rollback, {"rollBack": back}))
    if delete is not None:
        found.append((delete, {"delete": {"id": find_deployment(session, delete)["id"]}}))
    return found


def _found(session: Session, plan_id: str) -> tuple[Any, list[Any]]:
    """A plan, and all its targets."""
    targets: list[Any] = []
    after = None
    while True:
        plan = session.find(_ONE, _NONE.format(plan_id), _LOOK, id=plan_id, first=100, after=after)
        page = plan.pop("targets")
        targets += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return plan, targets
        after = page["pageInfo"]["endCursor"]


def _show(session: Session, found: list[tuple[Any, list[Any]]]) -> None:
    output, server = session.output, session.context.server
    if output.format is Format.MARKDOWN:
        output.text("\n\n".join(markdown_of(plan, targets, link(server, plan)) for plan, targets in found))
    elif output.is_table:
        texts = [text_of(plan, targets, link(server, plan), verbose=session.verbose) for plan, targets in found]
        output.text("\n\n".join(texts))
    else:
        answers = [{**plan, "link": link(server, plan), "targets": targets} for plan, targets in found]
        output.data(answers, [plan["id"] for plan, _ in found])


def _differs(plan: Any) -> bool:
    return bool(plan["changed"]) or any(each["action"] != "NONE" for each in plan["counts"])


def _decide(session: Session, mutation: str, plan_id: str, comment: str | None, done: str) -> None:
    query = "query ($id: ID!) { plan(id: $id) { digest } }"
    digest = session.find(query, _NONE.format(plan_id), _LOOK, id=plan_id)["digest"]
    session.mutate(mutation, "... on PlanPayload { plan { id } }", id=plan_id, digest=digest, comment=comment)
    session.tell(f"{plan_id} {done}.")
