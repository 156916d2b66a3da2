"""`polyhelm deploy apply`, `rollback` and `diff`: what a file or an earlier generation wants, compared with
what is there, and made true."""

import difflib
import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli import names
from cli.command import DeploymentName, NoWait, Timeout, Yes, remote, report
from cli.commands.deployments import deploy, find_deployment, generations, parted, seek_deployment
from cli.failure import Failure, usage
from cli.files import content
from cli.manifest import OPTIONS, Manifest, layers, read, restored
from cli.output import as_yaml, one_line, table_lines
from cli.session import Session
from cli.terminal import confirm

File = Annotated[
    str, typer.Option("--file", "-f", help="A file of deployments; - reads standard input.", metavar="FILE")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan, and change nothing.")]

_PLAN = """... on DeploymentPayload { plan { changed targets {
  clusterName action status reasons { code message path desired actual } manifestDiff error { code message output }
} } }"""
_DONE = "... on DeploymentPayload { deployment { id generation chartVersion } operation { id } }"


@dataclass(frozen=True)
class Change:
    """What applying one document would do. `existing` is None where the deployment would be made."""

    manifest: Manifest
    existing: Any | None
    plan: Any

    @property
    def is_nothing(self) -> bool:
        return self.existing is not None and not self.plan["changed"] and not self.options

    @property
    def options(self) -> list[str]:
        """Which of the options would change; they make no generation."""
        return [
            f"{key}: {_word(present)} -> {_word(wanted)}"
            for key, wanted in self.manifest.options.items()
            if self.existing is not None and wanted != (present := self.existing[OPTIONS[key]])
        ]

    @property
    def troubles(self) -> int:
        return sum(target["error"] is not None for target in self.plan["targets"])


@remote(deploy, "apply")
def apply(
    session: Session,
    file: File,
    dry_run: DryRun = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Make what a file says true: show the plan, ask, apply, and wait until every cluster has it."""
    _make_true(session, _changes(session, file), dry_run, yes, no_wait, timeout)


@remote(deploy, "rollback")
def rollback(
    session: Session,
    name: DeploymentName,
    generation: Annotated[
        int | None, typer.Argument(help="What was wanted then.", show_default="the one before", metavar="GENERATION")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Go back to what an earlier generation wanted: show the plan, ask, apply, and wait until every cluster has it.

    Version, values, overrides and targets are those of that generation; options stay. It makes a new one."""
    found = find_deployment(session, name)
    if generation is None and found["generation"] == 1:
        raise Failure(f"{name} is at its first generation: there is none to go back to.")
    (revision,) = _revisions(session, name, found, [found["generation"] - 1 if generation is None else generation])
    manifest = restored(*parted(name), found, revision)
    _make_true(session, [_change(session, manifest)], dry_run, yes, no_wait, timeout)


def _make_true(
    session: Session, changes: list[Change], dry_run: bool, yes: bool, no_wait: bool, timeout: float
) -> None:
    on_output = session.output.is_table and not (session.quiet and yes)
    show = session.output.text if on_output else session.tell
    for change in changes:
        show(_told(change))
    wanted = [change for change in changes if not change.is_nothing]
    if dry_run:
        return _answer(session, [_result(change, None) for change in changes])
    if wanted:
        troubles = sum(change.troubles for change in wanted)
        question = (
            f"Some clusters can't take it as it is ({troubles}). Apply it all the same?" if troubles else "Apply?"
        )
        confirm(question, yes=yes)
    results = {change.manifest.name: _apply(session, change) for change in wanted}
    failures = [] if no_wait else _wait(session, results, timeout)
    _answer(session, [_result(change, results.get(change.manifest.name)) for change in changes])
    if failures:
        first, *others = sorted(failures, key=lambda failure: failure.code)  # failed before not converged
        for failure in others:
            report(failure)
        raise first
    return None


@remote(deploy, "diff")
def diff(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(help="A deployment.", autocompletion=names.deployments, metavar="GROUP/RELEASE"),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", "-f", help="A file of deployments; - reads standard input.", metavar="FILE")
    ] = None,
    since: Annotated[int | None, typer.Option("--from", help="A generation, to compare what was wanted.")] = None,
    until: Annotated[int | None, typer.Option("--to", help="A generation.", show_default="the newest")] = None,
) -> None:
    """Show differences in manifests: with a file, what applying it would change; with a name, what reconciling would.

    With --from, compare what two generations want."""
    if (name is None) == (file is None):
        raise usage("Either a deployment or a file is compared.", "polyhelm deploy diff GROUP/RELEASE, or -f FILE")
    if name is not None and since is not None:
        return session.output.diff(_between(session, name, since, until))
    if file is not None:
        plans = {change.manifest.name: change.plan for change in _changes(session, file)}
    else:
        assert name is not None
        deployment = find_deployment(session, name)
        answer = session.mutate("reconcileDeployment", _PLAN, id=deployment["id"], dryRun=True)
        plans = {name: answer["plan"]}
    if not session.output.is_table:
        return session.output.data([{"deployment": each, **plan} for each, plan in plans.items()], plans)
    for each, plan in plans.items():
        for target in plan["targets"]:
            session.output.diff(_of_target(each, target))
    return None


def _changes(session: Session, file: str) -> list[Change]:
    return [_change(session, manifest) for manifest in read(*content(file))]


def _change(session: Session, manifest: Manifest) -> Change:
    existing = seek_deployment(session, manifest.name)
    if existing is not None and existing["chart"] != manifest.chart:
        raise Failure(
            f"{manifest.name} is the chart {existing['chart']}; a deployment never becomes another chart.",
            f"Choose another release name, or remove it first: polyhelm deploy rm {manifest.name}",
        )
    return Change(manifest, existing, _mutate(session, manifest, existing, _PLAN, dryRun=True)["plan"])


def _apply(session: Session, change: Change) -> Any:
    return _mutate(session, change.manifest, change.existing, _DONE)


def _mutate(session: Session, manifest: Manifest, existing: Any | None, payload: str, **more: Any) -> Any:
    """Asks for what the document says. What exists is changed only if nobody else has changed it meanwhile."""
    try:
        if existing is not None:
            guard = {"id": existing["id"], "expectedGeneration": existing["generation"]}
            return session.mutate("updateDeployment", payload, **guard, **manifest.wish(), **more)
        place = {"organization": session.organization, "group": manifest.group, "chart": manifest.chart}
        return session.mutate("createDeployment", payload, **place, **manifest.wish(), **more)
    except Failure as failure:
        failure.message = f"{manifest.name}: {failure.message}"
        raise


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
            session.tell(f"{name} is as wanted: generation {result['deployment']['generation']}.")
    return failures


def _told(change: Change) -> str:
    name, targets = change.manifest.name, change.plan["targets"]
    astray = [target["clusterName"] for target in targets if target["action"] != "NONE"]
    if change.is_nothing:
        mend = f" Not as wanted: {', '.join(astray)}; mend it: polyhelm reconcile {name}" if astray else ""
        return f"{name}: nothing differs.{mend}"
    verb = "is made" if change.existing is None else f"changes, from generation {change.existing['generation']}"
    columns = {
        "CLUSTER": lambda row: row["clusterName"],
        "ACTION": lambda row: row["action"],
        "WHY": lambda row: _why(row),
    }
    lines = [f"{name} {verb}:", *(f"  {line}" for line in [*change.options, *table_lines(targets, columns)])]
    return "\n".join(lines)


def _word(value: Any) -> str:
    """As one writes it in the file; a text is quoted."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)


def _why(target: Any) -> str:
    sentences = [reason["message"] for reason in target["reasons"]]
    if error := target["error"]:
        sentences.append(error["message"] + (f" ({error['output'].strip()})" if error["output"] else ""))
    return one_line(sentences)


def _result(change: Change, done: Any | None) -> dict[str, Any]:
    action = "NONE" if change.is_nothing else "CREATE" if change.existing is None else "UPDATE"
    return {
        "deployment": change.manifest.name,
        "action": action,
        "generation": done["deployment"]["generation"] if done else change.existing and change.existing["generation"],
        "operation": done["operation"] and done["operation"]["id"] if done else None,
        "targets": change.plan["targets"],
    }


def _answer(session: Session, results: list[dict[str, Any]]) -> None:
    if not session.output.is_table:
        session.output.data(results, [result["deployment"] for result in results])


def _of_target(name: str, target: Any) -> str:
    if target["action"] == "NONE" and not target["error"]:
        return ""
    head = f"# {name} on {target['clusterName']}: {target['action']}"
    trouble = f"# {_why(target)}" if target["error"] else None
    return "\n".join(filter(None, [head, trouble, target["manifestDiff"]]))


def _between(session: Session, name: str, since: int, until: int | None) -> str:
    found = find_deployment(session, name)
    until = found["generation"] if until is None else until
    before, after = (as_yaml(_wanted(each)).splitlines() for each in _revisions(session, name, found, [since, until]))
    return "\n".join(
        difflib.unified_diff(before, after, f"generation {since}", f"generation {until}", n=1000, lineterm="")
    )


def _revisions(session: Session, name: str, deployment: Any, numbers: list[int]) -> list[Any]:
    """What the deployment wanted in these generations."""
    kept = {each["generation"]: each for each in generations(session, deployment["id"])}
    if missing := [number for number in numbers if number not in kept]:
        raise Failure(f"{name} has no generation {missing[0]}.", f"See which it has: polyhelm deploy history {name}")
    return [kept[number] for number in numbers]


def _wanted(revision: Any) -> dict[str, Any]:
    return {"version": revision["chartVersion"], **layers(revision), "targets": sorted(revision["targets"])}
