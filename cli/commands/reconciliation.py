"""`polyhelm reconcile` and `polyhelm deploy wait`: until every cluster matches the desired state."""

from functools import partial
from typing import Annotated, Any

import typer

from cli import names
from cli.command import AllowVersionRemoval, DeploymentName, ExitCode, NoWait, Timeout, remote
from cli.commands.deployments import deploy, find_deployment, why
from cli.failure import DIFFERS, Failure, not_converged, usage
from cli.live import looks
from cli.outcomes import ENDED, abandoned_by, tell_abandoned
from cli.planning import plan_errors
from cli.plans import planned
from cli.progress import OPERATION_FIELDS, display_for, failure_of, finish
from cli.session import Session
from cli.summary import summarized, summary_lines

_PLAN = """plan { targets {
  clusterName action status reasons { code message path desired actual } error { code message output }
} }"""
_DONE = "... on DeploymentPayload { operation { id } }"
_STATE = f"""query ($organization: String, $group: String!, $release: String!) {{
  deployment(organization: $organization, group: $group, releaseName: $release) {{
    generation
    targets {{
      clusterName status generation revision valuesRenewed reasons {{ code message }} error {{ message }}
      activity {{ message }}
    }}
    operations(first: 1) {{ nodes {{ generation {OPERATION_FIELDS} }} }}
  }}
}}"""
CHANGES = "subscription ($organization: String) { events(organization: $organization) { cursor } }"
"""Reports every event, which includes every change of a status."""


@remote(deploy, "wait")
def wait(session: Session, name: DeploymentName, timeout: Timeout = 600) -> None:
    """Wait until every cluster matches the desired state."""
    shown = False
    with display_for(session) as display:
        look = partial(find_deployment, session, name, _STATE)
        for found in looks(session.client, CHANGES, changes_of(session), look, seconds=timeout):
            operation = next(iter(found["operations"]["nodes"]), None)
            if operation and (shown or operation["state"] not in ENDED):
                display.show(operation["results"])
                shown = True
            if _has_ended(found, operation):
                break
    lagging = _lagging(found)
    if not lagging:
        session.tell(f"{name} is up to date: generation {found['generation']}.")
    elif operation and operation["state"] == "FAILED":
        raise failure_of(operation, verbose=session.verbose)
    else:
        words = {
            target["clusterName"]: f"{target['status']} {why(target, found['generation'])}".rstrip()
            for target in lagging
        }
        lines = summarized(words, verbose=session.verbose)
        next_step = f"Show details: polyhelm deploy get {name}. To fix it: polyhelm reconcile {name}"
        raise not_converged(f"{name} is not up to date after {timeout:g} seconds.", next_step, *lines)


def changes_of(session: Session) -> dict[str, Any]:
    return {"organization": session.organization}


def reconcile(
    session: Session,
    name: DeploymentName,
    cluster: Annotated[
        list[str] | None,
        typer.Option(help="Only on this cluster; repeatable.", autocompletion=names.clusters, metavar="CLUSTER"),
    ] = None,
    skip_hooks: Annotated[bool, typer.Option("--skip-hooks", help="Do not run the chart's hooks.")] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="On clusters that are no longer targets, leave releases behind that cannot be uninstalled."
        ),
    ] = False,
    allow_version_removal: AllowVersionRemoval = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan without changing anything.")] = False,
    exit_code: ExitCode = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Make every cluster match the desired state, after a failure or a manual change. Clusters that match are
    not touched."""
    found = find_deployment(session, name)
    given = {"id": found["id"], "targets": cluster or None, "allowCrdVersionRemoval": allow_version_removal or None}
    if exit_code and not dry_run:
        raise usage("--exit-code requires a dry run.", "Add --dry-run, which changes nothing.")
    if dry_run:
        session.tell_wait(f"Planning {name}", len(cluster or found["desired"]["targets"]))
        targets = planned(session, name, "reconcileDeployment", _PLAN, **given)["plan"]["targets"]
        _show(session, targets)
        if errors := summarized(plan_errors(targets), verbose=session.verbose):
            raise Failure("The plan has errors.", None, tuple(errors))
        if exit_code and any(target["action"] != "NONE" for target in targets):
            raise typer.Exit(DIFFERS)
        return
    given |= {"skipHooks": skip_hooks, "force": force}
    operation = session.mutate("reconcileDeployment", _DONE, **given)["operation"]
    if not no_wait:
        operation = finish(session, operation, timeout)
        session.tell(f"{name} is up to date.")
        tell_abandoned(abandoned_by(operation))
    if not session.output.is_table:
        session.output.data({"deployment": name, "operation": operation}, [name])
    return


def _show(session: Session, targets: list[Any]) -> None:
    columns = {
        "CLUSTER": lambda row: row["clusterName"],
        "ACTION": lambda row: row["action"],
        "STATUS": lambda row: row["status"],
        "WHY": why,
    }
    if session.output.is_table:
        session.output.text("\n".join(summary_lines(targets, columns, verbose=session.verbose)))
    else:
        session.output.data(targets, [target["clusterName"] for target in targets])


def _has_ended(deployment: Any, operation: Any | None) -> bool:
    """Returns whether nothing more will happen by itself: every target matches, or the newest operation has failed."""
    if operation is not None and operation["state"] not in ENDED:
        return False
    return not _lagging(deployment) or bool(operation and operation["state"] == "FAILED")


def _lagging(deployment: Any) -> list[Any]:
    wanted = ("DEPLOYED", deployment["generation"])
    return [target for target in deployment["targets"] if (target["status"], target["generation"]) != wanted]
