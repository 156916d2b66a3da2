"""`polyhelm deploy diff`: changes that would be made on the clusters, or differences between two generations."""

import difflib
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import names
from cli.command import ExitCode, remote
from cli.commands.deployments import deploy, find_deployment, revisions
from cli.failure import DIFFERS, Failure, usage
from cli.manifest import layers, membership
from cli.outcomes import plan_why
from cli.output import as_yaml
from cli.planning import PLAN, changes, plan_errors
from cli.plans import planned
from cli.session import Session
from cli.summary import MANY, grouped, named, summarized, unnamed

_MOST = 100_000
"""The maximum length of manifest differences in a summary."""


@remote(deploy, "diff")
def diff(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(help="A deployment.", autocompletion=names.deployments, metavar="GROUP/RELEASE"),
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            help="A file with deployments, or a directory of such files; - reads standard input. Repeatable.",
            metavar="FILE",
        ),
    ] = None,
    since: Annotated[int | None, typer.Option("--from", help="The generation to compare from.")] = None,
    until: Annotated[
        int | None, typer.Option("--to", help="The generation to compare to.", show_default="the newest")
    ] = None,
    exit_code: ExitCode = False,
) -> None:
    """Show differences in manifests: with files, what applying them would change; with a name, what reconciling
    would change. With --from, compare two generations."""
    if (name is None) == (not file):
        raise usage("Give either a deployment or files.", "Use polyhelm deploy diff GROUP/RELEASE, or -f FILE")
    if name is not None and since is not None:
        text = _between(session, name, since, until)
        session.output.diff(text)
        return _end(bool(text), exit_code)
    differs = False
    plans: dict[str, Any] = {}
    for each, plan, is_changed in _plans(session, name, file or []):
        plans[each] = plan
        differs = differs or is_changed
        if session.output.is_table:
            for text in _texts(each, plan["targets"], verbose=session.verbose):
                session.output.diff(text)
    if not session.output.is_table:
        session.output.data([{"deployment": each, **plan} for each, plan in plans.items()], plans)
    errors = [
        f"{each} on {line}"
        for each, plan in plans.items()
        for line in summarized(plan_errors(plan["targets"]), verbose=session.verbose)
    ]
    if errors:
        raise Failure("The plan has errors.", None, tuple(errors))
    return _end(differs, exit_code)


def _end(differs: bool, exit_code: bool) -> None:
    if exit_code and differs:
        raise typer.Exit(DIFFERS)


def _plans(session: Session, name: str | None, files: list[str]) -> Iterator[tuple[str, Any, bool]]:
    """Returns each deployment's plan, and whether anything would change."""
    if name is None:
        for change in changes(session, files):
            yield change.manifest.name, change.plan, change.differs
        return
    deployment = find_deployment(session, name)
    session.tell_wait(f"Comparing {name}", len(deployment["desired"]["targets"]))
    plan = planned(session, name, "reconcileDeployment", PLAN, id=deployment["id"])["plan"]
    yield name, plan, any(target["action"] != "NONE" for target in plan["targets"])


def _texts(name: str, targets: list[Any], *, verbose: bool) -> Iterator[str]:
    """Prints the difference on each cluster. With many clusters, prints each difference once for all clusters that
    have it."""
    shown = [target for target in targets if target["action"] != "NONE" or target["error"]]
    if verbose or len(shown) <= MANY:
        for target in shown:
            yield _of_targets(name, [target])
        return
    left, size = 0, 0
    for group in sorted(grouped(shown, _outcome), key=len, reverse=True):
        text = _of_targets(name, group)
        if size + len(text) > _MOST:
            left += len(group)
            continue
        size += len(text)
        yield text
    if left:
        yield f"# {name} differs on {left} other clusters. -v shows all."


def _outcome(target: Any) -> tuple[str, str]:
    text = f"{target['manifestDiff'] or ''}\n{plan_why(target) if target['error'] else ''}"
    return target["action"], unnamed(text, target["clusterName"])


def _of_targets(name: str, targets: list[Any]) -> str:
    """Prints the difference of clusters with the same difference."""
    first = targets[0]
    head = f"# {name} on {named([target['clusterName'] for target in targets])}: {first['action']}"
    trouble = f"# {plan_why(first)}" if first["error"] else None
    return "\n".join(filter(None, [head, trouble, first["manifestDiff"]]))


def _between(session: Session, name: str, since: int, until: int | None) -> str:
    found = find_deployment(session, name)
    until = found["generation"] if until is None else until
    before, after = (as_yaml(_wanted(each)).splitlines() for each in revisions(session, name, found, [since, until]))
    return "\n".join(
        difflib.unified_diff(before, after, f"generation {since}", f"generation {until}", n=1000, lineterm="")
    )


def _wanted(revision: Any) -> dict[str, Any]:
    chosen = {key: found for key, found in membership(revision).items() if key != "targets"}
    targets = {"targets": sorted(revision["targets"])}
    return {"version": revision["chartVersion"], **layers(revision), **chosen, **targets}
