"""Plans of deployment files, requested for one document after another."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from cli.failure import Failure, usage
from cli.files import contents
from cli.manifest import Manifest, dependencies, read
from cli.object_changes import CHANGE_FIELDS, change_lines
from cli.options import OPTION_FIELDS, OPTIONS
from cli.outcomes import plan_error, plan_why
from cli.output import Columns
from cli.plans import planned
from cli.removal import REMOVAL_FIELDS
from cli.session import Session
from cli.strategy import from_api
from cli.summary import named, summarized, summary_lines

PLAN = f"""plan {{ changed {REMOVAL_FIELDS} targets {{
  clusterName action status reasons {{ code message path desired actual }} manifestDiff warnings {CHANGE_FIELDS}
  error {{ code message output }}
}} warnings {{ code message path }} }}"""
_COLUMNS: Columns = {
    "CLUSTER": lambda row: row["clusterName"],
    "ACTION": lambda row: row["action"],
    "WHY": lambda row: plan_why(row),
}
_DONE = "... on DeploymentPayload { deployment { id generation chartVersion } operation { id } }"
_EXISTING = f"""query ($organization: String, $group: String!, $release: String!) {{
  deployment(organization: $organization, group: $group, releaseName: $release) {{
    id chart namespace generation {OPTION_FIELDS} desired {{ targets }}
  }}
  clusterGroup(organization: $organization, name: $group) {{ members {{ name }} }}
}}"""


@dataclass(frozen=True)
class Once:
    """What applies to one change only, and is not in the file: the CustomResourceDefinitions from which it may remove
    versions in use, and whether it reaches all targets at once in spite of the strategy."""

    removable: Sequence[str] = ()
    at_once: bool = False

    def given(self) -> dict[str, Any]:
        consent = {"allowCrdVersionRemoval": list(self.removable)} if self.removable else {}
        return consent | ({"strategyOverride": {"waves": []}} if self.at_once else {})


ORDINARY = Once()


@dataclass(frozen=True)
class Change:
    """The change that applying one document would make. `existing` is None if the deployment would be created."""

    manifest: Manifest
    existing: Any | None
    plan: Any
    notices: list[Any]
    once: Once = ORDINARY

    @property
    def is_nothing(self) -> bool:
        """Whether applying it would change nothing. Clusters may still differ from the desired state."""
        return self.existing is not None and not self.plan["changed"] and not self.options

    @property
    def differing(self) -> list[str]:
        """The clusters on which an action is planned."""
        return [target["clusterName"] for target in self.plan["targets"] if target["action"] != "NONE"]

    @property
    def differs(self) -> bool:
        return not self.is_nothing or bool(self.differing)

    @property
    def options(self) -> list[str]:
        """Returns the options that would change. They create no generation."""
        return [
            line
            for key, wanted in self.manifest.options.items()
            if self.existing is not None
            for line in _differences(key, _present(self.existing, key), wanted)
        ]

    @property
    def removed(self) -> list[str]:
        """The clusters that would be removed from the targets."""
        removal = self.plan["removal"]
        return [] if removal is None else list(removal["clusters"])

    @property
    def needs_confirmation(self) -> bool:
        removal = self.plan["removal"]
        return removal is not None and bool(removal["needsConfirmation"])


def _present(existing: Any, key: str) -> Any:
    """Returns an option of a deployment, by its key in the file."""
    if key == "strategy":
        return from_api(existing["strategy"])
    return dependencies(existing) if key == "dependsOn" else existing[OPTIONS[key]]


def _differences(path: str, present: Any, wanted: Any) -> Iterator[str]:
    """Returns a line for each difference, at the depth where it is. Entries with a name are matched by it."""
    before, after = _parts(present), _parts(wanted)
    if before and after:
        for name in {**before, **after}:
            yield from _differences(f"{path}.{name}", before.get(name), after.get(name))
        if list(before) != list(after) and before.keys() == after.keys() and isinstance(wanted, list):
            yield f"{path}: {_word(list(before))} -> {_word(list(after))}"
    elif present != wanted:
        yield f"{path}: {_word(present)} -> {_word(wanted)}"


def _parts(value: Any) -> dict[str, Any]:
    """Returns what a map contains, or a list of maps with names."""
    if isinstance(value, list):
        is_named = all(isinstance(each, dict) and "name" in each for each in value)
        return {each["name"]: each for each in value} if is_named else {}
    return value if isinstance(value, dict) else {}


def changes(session: Session, files: Sequence[str], once: Once = ORDINARY) -> Iterator[Change]:
    """Returns the change of each document in these files, planned one after another. All files are read first.

    Raises:
        Failure: A file cannot be read or is not valid. It lists all problems of all files.
    """
    return (change_of(session, manifest, once) for manifest in _manifests(files))


def requests(session: Session, files: Sequence[str], once: Once = ORDINARY) -> Iterator[tuple[str, dict[str, Any]]]:
    """Returns the name of each document in these files, and the request of a plan for it. All files are read first."""
    for manifest in _manifests(files):
        existing = _known(session, manifest)["deployment"]
        verb = "create" if existing is None else "update"
        yield manifest.name, {verb: _given(session, manifest, existing, once)}


def change_of(session: Session, manifest: Manifest, once: Once = ORDINARY) -> Change:
    known = _known(session, manifest)
    session.tell_wait(f"Planning {manifest.name}", len(_targets(manifest, known)))
    existing = known["deployment"]
    plan = partial(planned, session, manifest.name)
    answer = _mutate(plan, session, manifest, existing, PLAN, once)
    for notice in answer["notices"]:
        session.tell(f"Note: {notice['message']}")
    return Change(manifest, existing, answer["plan"], answer["notices"], once)


def _known(session: Session, manifest: Manifest) -> Any:
    """Returns the deployment of a document, if it exists, and the members of its group."""
    known = session.ask(_EXISTING, group=manifest.group, release=manifest.release)
    existing = known["deployment"]
    if existing is not None and existing["chart"] != manifest.chart:
        raise Failure(
            f"{manifest.name} is the chart {existing['chart']}; a deployment's chart cannot be changed.",
            f"Choose another release name, or delete the deployment first: polyhelm deploy rm {manifest.name}",
        )
    return known


def applied(session: Session, change: Change) -> Any:
    """Applies a planned change and returns the answer. It fails if the deployment was changed since the plan."""
    confirmed = len(change.removed) or None
    sent = (session.mutate, session, change.manifest, change.existing, _DONE, change.once)
    return _mutate(*sent, confirmRemoval=confirmed)


def errors_of(planned: Iterable[Change], *, verbose: bool = False) -> list[str]:
    """Returns the errors of plans, a line for each cluster or, for many, a line for each error."""
    return [
        f"{change.manifest.name} on {line}"
        for change in planned
        for line in summarized(plan_errors(change.plan["targets"]), verbose=verbose)
    ]


def plan_lines(plan: Any, *, verbose: bool) -> list[str]:
    """Returns what a plan does on each cluster, and its warnings."""
    lines = summary_lines(plan["targets"], _COLUMNS, verbose=verbose)
    lines += change_lines(plan["targets"], verbose=verbose)
    if plan["removal"] and plan["removal"]["clusters"]:
        lines.append(f"Removed from the targets: {named(plan['removal']['clusters'])} ({plan['removal']['count']})")
    return [*lines, *(f"Warning: {warning['message']}" for warning in plan["warnings"])]


def plan_errors(targets: Iterable[Any]) -> dict[str, str]:
    return {target["clusterName"]: plan_error(target) for target in targets if target["error"]}


def check_errors(session: Session, planned: Sequence[Change]) -> None:
    """Refuses to apply plans that have errors."""
    if errors := errors_of(planned, verbose=session.verbose):
        raise Failure(
            "The plan has errors; nothing was applied.",
            "Fix them, or apply to the other clusters anyway: --despite-errors",
            tuple(errors),
        )


def _manifests(files: Sequence[str]) -> list[Manifest]:
    found: dict[str, tuple[Manifest, str]] = {}
    failures: list[Failure] = []
    repeated: list[str] = []
    for text, source in contents(files):
        try:
            for manifest in read(text, source):
                if manifest.name in found:
                    other = found[manifest.name][1]
                    again = "is in it twice, or the file is given twice" if other == source else f"is also in {other}"
                    repeated.append(f"{source}: {manifest.name} {again}")
                else:
                    found[manifest.name] = (manifest, source)
        except Failure as failure:
            failures.append(failure)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        lines = [line for failure in failures for line in failure.details or (failure.message,)]
        raise usage(f"{len(failures)} files are not valid.", failures[0].next_step, *lines)
    if repeated:
        raise usage("A deployment is given twice.", "Give it only once.", *repeated)
    return [manifest for manifest, _ in found.values()]


def _mutate(
    mutate: Callable[..., Any],
    session: Session,
    manifest: Manifest,
    existing: Any | None,
    payload: str,
    once: Once,
    **more: Any,
) -> Any:
    """Sends a document. An existing deployment is only changed if it was not changed in the meantime."""
    try:
        mutation = "createDeployment" if existing is None else "updateDeployment"
        return mutate(mutation, payload, **_given(session, manifest, existing, once), **more)
    except Failure as failure:
        failure.message = f"{manifest.name}: {failure.message}"
        raise


def _given(session: Session, manifest: Manifest, existing: Any | None, once: Once) -> dict[str, Any]:
    """Returns the input that creates the deployment of a document or changes the existing one."""
    wish = {**manifest.wish(), **once.given()}
    if existing is not None:
        return {"id": existing["id"], "expectedGeneration": existing["generation"], **wish}
    place = {"organization": session.organization, "group": manifest.group, "chart": manifest.chart}
    return {**place, **wish}


def _targets(manifest: Manifest, known: Any) -> Sequence[Any]:
    if manifest.targets is not None and manifest.target_selector is None:
        return manifest.targets
    existing, group = known["deployment"], known["clusterGroup"]
    targets: Sequence[Any] = existing["desired"]["targets"] if existing else group["members"] if group else ()
    return targets


def _word(value: Any) -> str:
    """Formats a value as in the file. Text is quoted."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
