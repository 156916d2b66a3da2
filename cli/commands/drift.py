"""`polyhelm drift`: objects on clusters that differ from the manifests of their releases."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import names
from cli.command import ExitCode
from cli.commands.deployments import find_deployment, split_name
from cli.commands.ignore_rules import rule_name
from cli.failure import DIFFERS, usage
from cli.output import Columns, ago, minute
from cli.session import Session

_OBJECTS = """query ($organization: String, $first: Int, $after: String, $filter: ResourceFilter!) {
  resources(organization: $organization, first: $first, after: $after, filter: $filter) {
    nodes {
      clusterName kind namespace name drift driftReason differencesLeftOut contestedUntil
      target { deployment { group { name } releaseName } }
      differences { path wanted live changedBy changedAt ignoredBy }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
_RULES = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) {
    liveDrift suggestedIgnoreRules { kind group path targets changedBy }
  }
}"""
_SETTING = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) { liveDrift }
}"""
_STATES = ("DRIFTED", "MISSING", "NOT_CHECKED")

_COLUMNS: Columns = {
    "CLUSTER": lambda row: row["cluster"],
    "DEPLOYMENT": lambda row: row["deployment"],
    "OBJECT": lambda row: _object(row),
    "PATH": lambda row: row["path"],
    "WANTED": lambda row: _value(row, "wanted"),
    "LIVE": lambda row: _value(row, "live"),
    "BY": lambda row: row["changedBy"],
    "CHANGED": lambda row: ago(row["changedAt"]) if row["changedAt"] else None,
}
_RULE_COLUMNS: Columns = {
    "KIND": lambda rule: rule["kind"],
    "GROUP": lambda rule: rule["group"],
    "PATH": lambda rule: rule["path"],
    "TARGETS": lambda rule: rule["targets"],
    "BY": lambda rule: rule["changedBy"],
}


def drift(
    session: Session,
    deployment: Annotated[
        str | None,
        typer.Argument(
            help="Only objects of this deployment.", autocompletion=names.deployments, metavar="[GROUP/RELEASE]"
        ),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Only objects on this cluster.", autocompletion=names.clusters)
    ] = None,
    suggest: Annotated[
        bool,
        typer.Option("--suggest", help="List ignore rules for differences that at least half of the targets share."),
    ] = False,
    exit_code: ExitCode = False,
) -> None:
    """List how objects on the clusters differ from the manifests of their releases, and who changed them. Deployments
    with `liveDrift: OFF` are not compared."""
    if suggest:
        if deployment is None:
            raise usage("Ignore rules belong to a deployment.", "Use polyhelm drift GROUP/RELEASE --suggest")
        return _suggest(session, deployment)
    group, release = split_name(deployment) if deployment else (None, None)
    chosen = {"group": group, "release": release, "cluster": cluster, "drift": list(_STATES)}
    rows = [row for found in session.pages(_OBJECTS, filter=chosen) for row in _rows(found)]
    differing = [row for row in rows if row["drift"] != "NOT_CHECKED"]
    if not rows:
        session.tell(_none(session, deployment))
    for held in {f"{_object(row)} on {row['cluster']}": row for row in rows if row["contestedUntil"]}.items():
        session.tell(_waiting(*held))
    session.output.listing(rows, _COLUMNS, name=lambda row: f"{row['cluster']}/{_object(row)}{row['path'] or ''}")
    if exit_code and differing:
        raise typer.Exit(DIFFERS)
    return None


def _none(session: Session, deployment: str | None) -> str:
    """What it means that no object is listed."""
    if deployment is None:
        return "No object of a deployment with liveDrift REPORT or CORRECT differs."
    if find_deployment(session, deployment, _SETTING)["liveDrift"] == "OFF":
        return f"The objects of {deployment} are not compared: its liveDrift is OFF."
    return f"No object of {deployment} differs from the manifest of its release."


def _waiting(name: str, row: Any) -> str:
    why = "differs again after a correction, or the last one failed"
    return f"{name} {why}. The next correction is at {minute(row['contestedUntil'])}."


def _suggest(session: Session, name: str) -> None:
    found = find_deployment(session, name, _RULES)
    rules = found["suggestedIgnoreRules"]
    if not rules:
        session.tell("No difference is shared by at least half of the targets.")
    session.output.listing(rules, _RULE_COLUMNS, name=rule_name)


def _rows(found: Any) -> Iterator[dict[str, Any]]:
    """A row for each field that differs, or for an object that is missing or cannot be compared."""
    deployment = (found["target"] or {}).get("deployment")
    row = {
        "cluster": found["clusterName"],
        "deployment": deployment and f"{deployment['group']['name']}/{deployment['releaseName']}",
        **{key: found[key] for key in ("kind", "namespace", "name", "drift", "driftReason", "contestedUntil")},
        **dict.fromkeys(("path", "wanted", "live", "changedBy", "changedAt")),
    }
    if found["drift"] != "DRIFTED":
        yield row
        return
    for difference in found["differences"]:
        if difference.pop("ignoredBy") is None:
            yield row | difference


def _object(row: Any) -> str:
    name = f"{row['namespace']}/{row['name']}" if row["namespace"] else row["name"]
    return f"{row['kind']}/{name}"


def _value(row: Any, side: str) -> str | None:
    """The value as text. For an object without fields that differ, the live side says what is wrong with it."""
    if row["drift"] != "DRIFTED":
        return (row["driftReason"] or "missing") if side == "live" else None
    value = row[side]
    return value if value is None or isinstance(value, str) else json.dumps(value)
