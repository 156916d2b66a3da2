"""`polyhelm deploy`: deployments and the status of their targets."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.command import DeploymentName, NoWait, Timeout, Yes, remote
from cli.counts import COUNT_FIELDS, drift_counts, health_counts, status_counts
from cli.failure import Failure, usage
from cli.names import deployment_name
from cli.options import OPTION_FIELDS, OPTIONS
from cli.outcomes import ABANDONED_FIELDS, abandoned_by, tell_abandoned
from cli.output import Columns, Format, ago, fields, one_line
from cli.session import Session
from cli.summary import named, summarized, summary_lines
from cli.terminal import confirm_name

deploy = typer.Typer(help="Deployments: Helm releases on the clusters of a group.", no_args_is_help=True)


class Status(StrEnum):
    """The statuses of a target, most urgent first."""

    UNKNOWN = "UNKNOWN"
    NOT_INSTALLED = "NOT_INSTALLED"
    STALE = "STALE"
    FAILED = "FAILED"
    DELETED = "DELETED"
    SUPERSEDED = "SUPERSEDED"
    DELETING = "DELETING"
    PENDING_INSTALL = "PENDING_INSTALL"
    PENDING_UPGRADE = "PENDING_UPGRADE"
    PENDING_ROLLBACK = "PENDING_ROLLBACK"
    DEPLOYED = "DEPLOYED"


Statuses = Annotated[
    list[Status] | None,
    typer.Option("--status", help="Only deployments with a target in this status; repeatable.", case_sensitive=False),
]

TARGET_FIELDS = """
clusterName status statusSince revision version generation valuesRenewed observedAt
reasons { code message path desired actual } error { code message output at attempts advice } activity { message }
hold { generation remedy message }
"""
_SELECTOR = "labels cloud region distribution kubernetesVersion"
_VALUES = f"""
values valuesFrom {{ secret key path }} valueOverrides {{ cluster values valuesFrom {{ secret key path }} }}
selectorOverrides {{ select {{ {_SELECTOR} }} values valuesFrom {{ secret key path }} }}
"""
_TARGETS = f"targets targetSelector {{ {_SELECTOR} }} listedTargets"
_SUMMARY = f"id releaseName namespace chart chartVersion generation updatedAt {COUNT_FIELDS} group {{ name }}"
_LIST = f"""query ($organization: String, $first: Int, $after: String, $group: String, $status: [TargetStatus!],
                   $search: String) {{
  deployments(organization: $organization, first: $first, after: $after, group: $group, status: $status,
              search: $search) {{ nodes {{ {_SUMMARY} }} pageInfo {{ hasNextPage endCursor }} }}
}}"""
_ONE = f"""query ($organization: String, $group: String!, $release: String!) {{
  deployment(organization: $organization, group: $group, releaseName: $release) {{
    {_SUMMARY} chartDigest {OPTION_FIELDS} dependents {{ releaseName }} deleting createdAt {_VALUES}
    desired {{ {_TARGETS} }} pendingMembership {{ joining leaving }} targets {{ {TARGET_FIELDS} }}
  }}
}}"""
_BRIEF = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) {
    id chart namespace generation desired { targets }
  }
}"""
_HISTORY = f"""query ($id: ID!, $first: Int, $after: String) {{ node(id: $id) {{ ... on Deployment {{
  history(first: $first, after: $after) {{ nodes {{
    generation author chartVersion createdAt promotedFrom {{ name generation }} {_TARGETS} {_VALUES}
  }} pageInfo {{ hasNextPage endCursor }} }}
}} }} }}"""


@remote(deploy, "ls")
def ls(
    session: Session,
    group: Annotated[str | None, typer.Option(help="Only deployments of this group.")] = None,
    status: Statuses = None,
    search: Annotated[
        str | None, typer.Option(help="Only deployments with this text in release name or chart.")
    ] = None,
) -> None:
    """List deployments, newest first."""
    rows = list(session.pages(_LIST, group=group, status=status, search=search))
    if not rows:
        session.tell_none("There are no deployments. Create one: polyhelm deploy apply -f FILE", group, status, search)
    columns: Columns = {
        "DEPLOYMENT": deployment_name,
        "CHART": lambda row: f"{row['chart']} {row['chartVersion']}",
        "NAMESPACE": lambda row: row["namespace"],
        "GENERATION": lambda row: row["generation"],
        "CHANGED": lambda row: ago(row["updatedAt"]),
        "STATUS": status_counts,
        "HEALTH": health_counts,
    }
    session.output.listing(rows, columns, name=deployment_name)


@remote(deploy, "get")
def get(session: Session, name: DeploymentName) -> None:
    """Show a deployment, and the status of each target with the reasons. With -o yaml, print only the desired
    state, as a file for `polyhelm deploy apply`."""
    from cli.manifest import document

    found = find_deployment(session, name, _ONE)
    if session.output.format is Format.YAML:
        return session.output.data(document(found), [])
    if not session.output.is_table:
        return session.output.data(found, [name])
    facts = {
        "Deployment": name + (" (being deleted)" if found["deleting"] else ""),
        "Chart": f"{found['chart']} {found['chartVersion']}",
        "Namespace": found["namespace"],
        "Description": found["description"],
        "Generation": f"{found['generation']}, {ago(found['updatedAt'])} old",
        "Options": ", ".join(f"{key}: {_written(found[OPTIONS[key]])}" for key in OPTIONS if key not in _OWN_LINE),
        "Failures": _remediation(found["remediation"]),
        "Rollout": ", ".join(f"{wave['name']} ({wave['size']})" for wave in (found["strategy"] or {}).get("waves", ())),
        "Depends on": ", ".join(map(_dependency, found["dependsOn"])),
        "Needed by": ", ".join(one["releaseName"] for one in found["dependents"]),
        "Status": status_counts(found),
        "Health": health_counts(found),
        "Drift": drift_counts(found),
    }
    rows = [{**target, "wanted": found["generation"]} for target in found["targets"]]
    targets = summary_lines(rows, TARGET_COLUMNS, verbose=session.verbose)
    facts |= _pending(found["pendingMembership"])
    advice = {each["clusterName"]: each["error"]["advice"] for each in rows if each["error"]}
    lines = summarized({name: text for name, text in advice.items() if text}, verbose=session.verbose)
    advised = ["", "Next steps:", *(f"  {line}" for line in lines)] if lines else []
    return session.output.text("\n".join([fields(facts), "", *targets, *advised]))


@remote(deploy, "history")
def history(session: Session, name: DeploymentName) -> None:
    """List the generations of a deployment, newest first."""
    found = find_deployment(session, name)
    rows = generations(session, found["id"])
    columns: Columns = {
        "GENERATION": lambda row: row["generation"],
        "AGE": lambda row: ago(row["createdAt"]),
        "AUTHOR": lambda row: row["author"],
        "VERSION": lambda row: row["chartVersion"],
        "TARGETS": lambda row: named(row["targets"]),
    }
    if any(row["promotedFrom"] for row in rows):
        columns["PROMOTED FROM"] = _promoted_from
    session.output.listing(rows, columns, name=lambda row: str(row["generation"]))


def _promoted_from(row: Any) -> str:
    found = row["promotedFrom"]
    return f"{found['name']}, generation {found['generation']}" if found else "-"


@remote(deploy, "rm")
def rm(
    session: Session,
    name: DeploymentName,
    force: Annotated[bool, typer.Option("--force", help="Leave releases behind that cannot be uninstalled.")] = False,
    skip_hooks: Annotated[bool, typer.Option("--skip-hooks", help="Do not run the chart's hooks.")] = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Uninstall the release from every cluster and delete the deployment."""
    from cli.progress import finish

    found = find_deployment(session, name, _ONE)
    clusters = named([target["clusterName"] for target in found["targets"]]) or "no cluster"
    confirm_name(f"{name} will be uninstalled from {clusters}.", name, yes=yes)
    payload = f"... on DeploymentPayload {{ operation {{ id }} {ABANDONED_FIELDS} }}"
    answer = session.mutate("deleteDeployment", payload, id=found["id"], force=force, skipHooks=skip_hooks)
    left = {each["clusterName"]: each for each in answer["abandoned"]}
    if not no_wait:
        operation = finish(session, answer["operation"], timeout)
        left |= {each["clusterName"]: each for each in abandoned_by(operation)}
    session.tell(f"{name} {'is being removed' if no_wait else 'removed'}.")
    tell_abandoned(left.values())


TARGET_COLUMNS: Columns = {
    "CLUSTER": lambda row: row["clusterName"],
    "STATUS": lambda row: row["status"],
    "SINCE": lambda row: ago(row["statusSince"]),
    "VERSION": lambda row: row["version"],
    "REVISION": lambda row: row["revision"],
    "WHY": lambda row: why(row, row["wanted"]),
}
"""The fields of a target, with the current generation of its deployment as `wanted`."""


def _pending(membership: Any) -> dict[str, str]:
    """Returns the targets that the next generation adds and removes, because the selector matches other clusters."""
    joining, leaving = named(membership["joining"]), named(membership["leaving"])
    return {"Joining": joining, "Leaving": leaving}


_OF_THE_RELEASE = ("VALUES", "CHART_NAME", "CHART_VERSION")


def why(target: Any, wanted: int | None = None) -> str:
    """Returns what is being done on a target and everything that is known about the cause of its status, in one line.

    With `wanted`, it also states the cause of differences: a target that had reached that generation was changed
    outside of Polyhelm, unless its cluster or an endpoint has changed since; another one is still being updated.
    """
    differences = [reason["message"] for reason in target["reasons"] if reason["code"] in _OF_THE_RELEASE]
    others = [reason["message"] for reason in target["reasons"] if reason["code"] not in _OF_THE_RELEASE]
    if differences and wanted is not None:
        origin = f"changed by hand at revision {target['revision']}"
        if target["generation"] != wanted and not target.get("hold"):
            origin = f"generation {wanted} is not rolled out yet"
        elif target["valuesRenewed"]:
            origin = "the cluster or an endpoint that it uses has changed"
        differences = [*(text.removesuffix(".") for text in differences), origin]
    activity = [target["activity"]["message"]] if target.get("activity") else []  # the targets of a plan have none
    others = [message for message in others if not any(message in text for text in activity)]
    error = [target["error"]["message"]] if target["error"] else []
    if hold := target.get("hold"):
        error.append(f"generation {hold['generation']} is held, because it failed: {hold['message']}")
    return one_line([*activity, *differences, *others, *error])


_OWN_LINE = ("description", "remediation", "dependsOn", "strategy")
"""Options that have a line of their own."""


def _remediation(found: Any) -> str:
    retries, remedy = found["retries"], found["remedy"]
    return (
        f"{retries} {'retry' if retries == 1 else 'retries'}, then {remedy}" if retries or remedy != "NOTHING" else ""
    )


def _dependency(one: Any) -> str:
    return f"{one['releaseName']} ({one['condition']})" if one["condition"] else str(one["releaseName"])


def _written(value: Any) -> str:
    """Returns the deployment as a document of a deployment file."""
    return value if isinstance(value, str) else json.dumps(value)


def find_deployment(session: Session, name: str, query: str = _BRIEF) -> Any:
    group, release = split_name(name)
    missing, look = f"There is no deployment {name!r}.", "List deployments: polyhelm deploy ls"
    return session.find(query, missing, look, group=group, release=release)


def split_name(name: str) -> tuple[str, str]:
    group, slash, release = name.partition("/")
    if not slash or not group or not release:
        raise usage(f"{name!r} is not a valid deployment name.", "Use GROUP/RELEASE.")
    return group, release


def revisions(session: Session, name: str, deployment: Any, numbers: list[int]) -> list[Any]:
    """Returns the desired state of the deployment in these generations."""
    kept = {each["generation"]: each for each in generations(session, deployment["id"])}
    if missing := [number for number in numbers if number not in kept]:
        raise Failure(f"{name} has no generation {missing[0]}.", f"List generations: polyhelm deploy history {name}")
    return [kept[number] for number in numbers]


def generations(session: Session, deployment_id: str) -> list[Any]:
    """Returns all revisions of a deployment, newest first."""
    return list(session.pages(_HISTORY, id=deployment_id, size=200, at=["history"]))
