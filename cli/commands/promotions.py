"""`polyhelm deploy promote`: a generation of one deployment, copied to another one."""

from typing import Annotated, Any

import typer

from cli.command import AllowVersionRemoval, ConfirmRemoval, ExitCode, NoWait, Timeout, Yes, remote
from cli.commands.apply import DespiteErrors, DryRun
from cli.commands.deployments import deploy
from cli.failure import DIFFERS, Failure, usage
from cli.planning import PLAN, plan_errors, plan_lines
from cli.plans import planned
from cli.promoting import Unverified, promotion
from cli.removal import confirm_removal
from cli.session import Session
from cli.summary import summarized
from cli.terminal import confirm

_DONE = "... on DeploymentPayload { operation { id } }"


@remote(deploy, "promote")
def promote(
    session: Session,
    source: Annotated[str, typer.Argument(help="The deployment to copy from.", metavar="GROUP/RELEASE")],
    to: Annotated[str, typer.Option(help="The deployment to change.", metavar="GROUP/RELEASE")],
    generation: Annotated[
        int | None,
        typer.Option(help="The generation of the source.", show_default="the present one", metavar="NUMBER"),
    ] = None,
    unverified: Unverified = False,
    dry_run: DryRun = False,
    exit_code: ExitCode = False,
    yes: Yes = False,
    despite_errors: DespiteErrors = False,
    confirm_removal: ConfirmRemoval = None,
    allow_version_removal: AllowVersionRemoval = None,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Copy the chart version and the common values of a verified generation to another deployment: show the plan, ask
    for confirmation, apply, and wait until every cluster is up to date. Overrides, targets, options and the rollout
    strategy of the other deployment stay."""
    from cli.progress import finish

    if exit_code and not dry_run:
        raise usage("--exit-code requires a dry run.", "Add --dry-run, which changes nothing.")
    given = promotion(session, source, to, generation, unverified, allow_version_removal or ())
    plan = planned(session, to, "promoteDeployment", PLAN, **given)["plan"]
    on_output = session.output.is_table and not (session.quiet and yes)
    (session.output.text if on_output else session.tell)(_text(session, to, given["expectedGeneration"], plan))
    errors = tuple(f"{to} on {line}" for line in summarized(plan_errors(plan["targets"]), verbose=session.verbose))
    if errors and dry_run:
        raise Failure("The plan has errors.", None, errors)
    if errors and not despite_errors:
        next_step = "Fix them, or apply to the other clusters anyway: --despite-errors"
        raise Failure("The plan has errors; nothing was applied.", next_step, errors)
    operation = None
    if plan["changed"] and not dry_run:
        operation = _apply(session, given, plan["removal"], confirm_removal, yes)
        if not no_wait:
            finish(session, operation, timeout)
            session.tell(f"{to} is up to date: generation {given['expectedGeneration'] + 1}.")
    if not session.output.is_table:
        done = {"operation": operation and operation["id"], "targets": plan["targets"]}
        session.output.data({"deployment": to, "promotedFrom": source, "changed": plan["changed"], **done}, [to])
    if exit_code and plan["changed"]:
        raise typer.Exit(DIFFERS)


def _apply(session: Session, given: dict[str, Any], removal: Any, confirmed: int | None, yes: bool) -> Any:
    """Returns the operation that was started after the user has confirmed it."""
    removed = removal["clusters"] if removal else []
    confirm_removal(removed, confirmed, is_needed=bool(removal and removal["needsConfirmation"]))
    confirm("Promote?", yes=yes)
    return session.mutate("promoteDeployment", _DONE, **given, confirmRemoval=len(removed) or None)["operation"]


def _text(session: Session, name: str, generation: int, plan: Any) -> str:
    if not plan["changed"]:
        return f"{name}: nothing differs."
    lines = plan_lines(plan, verbose=session.verbose)
    return "\n".join([f"{name} would change, from generation {generation}:", *(f"  {line}" for line in lines)])
