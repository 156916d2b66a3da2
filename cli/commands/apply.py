"""`polyhelm deploy apply` and `rollback`: plan and apply deployment files, or an earlier generation."""

from typing import Annotated, Any

import typer

from cli.command import (
    AllowVersionRemoval,
    AtOnce,
    ConfirmRemoval,
    DeploymentName,
    ExitCode,
    NoWait,
    Timeout,
    Yes,
    remote,
    report,
)
from cli.commands.deployments import deploy, find_deployment, revisions, split_name
from cli.commands.plans import apply_plan
from cli.failure import DIFFERS, Failure, usage
from cli.manifest import restored
from cli.planning import Change, Once, applied, change_of, changes, check_errors, errors_of, plan_lines
from cli.removal import confirm_removal
from cli.session import Session
from cli.summary import named
from cli.terminal import confirm

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        "-f",
        help="A file with deployments, or a directory of such files; - reads standard input. Repeatable.",
        metavar="FILE",
    ),
]
StoredPlan = Annotated[
    str | None, typer.Option("--plan", help="Apply a stored plan, as `polyhelm plans ls` prints its ID.", metavar="ID")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan without changing anything.")]
DespiteErrors = Annotated[
    bool, typer.Option("--despite-errors", help="Apply even if the plan has errors on some clusters.")
]


@remote(deploy, "apply")
def apply(
    session: Session,
    file: Files = None,
    plan: StoredPlan = None,
    dry_run: DryRun = False,
    exit_code: ExitCode = False,
    yes: Yes = False,
    despite_errors: DespiteErrors = False,
    confirm_removal: ConfirmRemoval = None,
    allow_version_removal: AllowVersionRemoval = None,
    at_once: AtOnce = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Apply deployment files: show the plan, ask for confirmation, apply, and wait until every cluster is up to
    date. All files are read before anything is planned, and everything is planned before anything is applied.
    With --plan, a stored plan is applied instead, exactly as it is."""
    if (plan is None) == (not file):
        raise usage("Give either --file or --plan.", "polyhelm plan -f FILE stores a plan.")
    if plan is not None:
        if dry_run or exit_code or despite_errors or allow_version_removal or at_once:
            raise usage(
                "--dry-run, --exit-code, --despite-errors, --allow-crd-version-removal and --at-once do not apply to a"
                " stored plan."
            )
        apply_plan(session, plan, yes=yes, confirmed=confirm_removal, no_wait=no_wait, timeout=timeout)
        return None
    assert file
    _check(dry_run, exit_code)
    once = Once(allow_version_removal or (), at_once)
    planned = [_shown(session, change, yes) for change in changes(session, file, once)]
    if dry_run:
        return _end_dry_run(session, planned, exit_code)
    return _apply(session, planned, yes, despite_errors, confirm_removal, no_wait, timeout)


@remote(deploy, "rollback")
def rollback(
    session: Session,
    name: DeploymentName,
    generation: Annotated[
        int | None,
        typer.Argument(help="The generation to return to.", show_default="the one before", metavar="GENERATION"),
    ] = None,
    dry_run: DryRun = False,
    exit_code: ExitCode = False,
    yes: Yes = False,
    despite_errors: DespiteErrors = False,
    confirm_removal: ConfirmRemoval = None,
    allow_version_removal: AllowVersionRemoval = None,
    at_once: AtOnce = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Return to an earlier generation: show the plan, ask for confirmation, apply, and wait until every cluster is
    up to date. Restores the version, values, overrides and targets of that generation; options stay. Creates a new
    generation."""
    _check(dry_run, exit_code)
    found = find_deployment(session, name)
    if generation is None and found["generation"] == 1:
        raise Failure(f"{name} is at its first generation. There is no earlier one.")
    (revision,) = revisions(session, name, found, [found["generation"] - 1 if generation is None else generation])
    once = Once(allow_version_removal or (), at_once)
    manifest = restored(*split_name(name), found, revision)
    planned = [_shown(session, change_of(session, manifest, once), yes)]
    if dry_run:
        return _end_dry_run(session, planned, exit_code)
    return _apply(session, planned, yes, despite_errors, confirm_removal, no_wait, timeout)


def _check(dry_run: bool, exit_code: bool) -> None:
    if exit_code and not dry_run:
        raise usage("--exit-code requires a dry run.", "Add --dry-run, which changes nothing.")


def _shown(session: Session, change: Change, yes: bool) -> Change:
    """Applies the changes after they have been shown."""
    on_output = session.output.is_table and not (session.quiet and yes)
    (session.output.text if on_output else session.tell)(_plan_text(session, change))
    return change


def _end_dry_run(session: Session, planned: list[Change], exit_code: bool) -> None:
    _answer(session, [_result(change, None) for change in planned])
    if errors := errors_of(planned):
        raise Failure("The plan has errors.", None, tuple(errors))
    if exit_code and any(change.differs for change in planned):
        raise typer.Exit(DIFFERS)


def _apply(
    session: Session,
    planned: list[Change],
    yes: bool,
    despite_errors: bool,
    confirmed: int | None,
    no_wait: bool,
    timeout: float,
) -> None:
    wanted = [change for change in planned if not change.is_nothing]
    if not despite_errors:
        check_errors(session, wanted)
    if wanted:
        removed = [cluster for change in wanted for cluster in change.removed]
        confirm_removal(removed, confirmed, is_needed=any(change.needs_confirmation for change in wanted))
        confirm("Apply?", yes=yes)
    results = {change.manifest.name: applied(session, change) for change in wanted}
    failures = [] if no_wait else _wait(session, results, timeout)
    _answer(session, [_result(change, results.get(change.manifest.name)) for change in planned])
    if failures:
        first, *others = sorted(failures, key=lambda failure: failure.code)  # failures take precedence over timeouts
        for failure in others:
            report(failure)
        raise first


def _wait(session: Session, results: dict[str, Any], timeout: float) -> list[Failure]:
    from cli.progress import finish

    failures = []
    for name, result in results.items():
        try:
            finish(session, result["operation"], timeout)
        except Failure as failure:
            failure.message = f"{name}: {failure.message}"
            failures.append(failure)
        else:
            session.tell(f"{name} is up to date: generation {result['deployment']['generation']}.")
    return failures


def _plan_text(session: Session, change: Change) -> str:
    name = change.manifest.name
    if change.is_nothing:
        differing = (
            f" Differs on {named(change.differing)}; to fix it: polyhelm reconcile {name}" if change.differing else ""
        )
        return f"{name}: nothing differs.{differing}"
    made = change.existing is None
    verb = "would be created" if made else f"would change, from generation {change.existing['generation']}"  # type: ignore[index]
    lines = [*change.options, *plan_lines(change.plan, verbose=session.verbose)]
    return "\n".join([f"{name} {verb}:", *(f"  {line}" for line in lines)])


def _result(change: Change, done: Any | None) -> dict[str, Any]:
    action = "NONE" if change.is_nothing else "CREATE" if change.existing is None else "UPDATE"
    return {
        "deployment": change.manifest.name,
        "action": action,
        "generation": done["deployment"]["generation"] if done else change.existing and change.existing["generation"],
        "operation": done["operation"] and done["operation"]["id"] if done else None,
        "removal": change.plan["removal"],
        "notices": change.notices,
        "targets": change.plan["targets"],
    }


def _answer(session: Session, results: list[dict[str, Any]]) -> None:
    if not session.output.is_table:
        session.output.data(results, [result["deployment"] for result in results])
