"""`polyhelm compatibility`: what a version of Kubernetes breaks."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import names
from cli.command import ExitCode, NoWait, Timeout, Yes
from cli.failure import DIFFERS
from cli.output import Columns
from cli.progress import finish
from cli.session import Session
from cli.terminal import confirm

_OBJECTS = """query ($organization: String, $version: String!, $state: ApiState!, $cluster: String, $after: String) {
  apiCompatibility(organization: $organization, kubernetesVersion: $version) {
    kubernetesVersion completeThrough checkedOn
    objects(state: $state, cluster: $cluster, first: 100, after: $after) {
      nodes {
        apiVersion kind namespace name state deprecatedIn removedIn replacement replacementSince
        clusterName groupName releaseName releaseNamespace
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""

_RELEASES = """query (
  $organization: String, $version: String!, $cluster: String, $first: Int, $after: String
) {
  apiCompatibility(organization: $organization, kubernetesVersion: $version) {
    releases(state: REMOVED, cluster: $cluster, first: $first, after: $after) {
      nodes {
        clusterName groupName releaseName revision obstacle target { id }
        objects { kind name state origin apiVersion replacement }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
_STARTED = "... on ApiMigrationPayload { operations { id } }"
_MOST = 500
"""The maximum number of releases in one request."""

_COLUMNS: Columns = {
    "STATE": lambda row: f"{row['state']} in {row['removedIn'] if row['state'] == 'REMOVED' else row['deprecatedIn']}",
    "API": lambda row: row["apiVersion"],
    "OBJECT": lambda row: f"{row['kind']}/{row['name']}",
    "CLUSTER": lambda row: row["clusterName"],
    "DEPLOYMENT": lambda row: f"{row['groupName']}/{row['releaseName']}",
    "USE": lambda row: row["replacement"] or "no replacement",
}


def compatibility(
    session: Session,
    version: Annotated[str, typer.Argument(help="A version of Kubernetes, such as 1.32.", metavar="VERSION")],
    cluster: Annotated[
        str | None, typer.Option(help="Only objects on this cluster.", autocompletion=names.clusters)
    ] = None,
    exit_code: ExitCode = False,
    migrate: Annotated[
        bool,
        typer.Option(
            "--migrate",
            help="Replace removed API versions in the records of the releases: one new revision each. Objects stay as"
            " they are.",
        ),
    ] = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """List the objects of releases whose API version a version of Kubernetes removes or deprecates."""
    if migrate:
        _migrate(session, version, cluster, yes=yes, seconds=None if no_wait else timeout)
        return
    rows = [row for state in ("REMOVED", "DEPRECATED") for row in _objects(session, version, state, cluster)]
    if not rows:
        session.tell(f"No object uses an API version that Kubernetes {version} removes or deprecates.")
    session.output.listing(rows, _COLUMNS, name=lambda row: f"{row['kind']}/{row['name']}")
    if exit_code and any(row["state"] == "REMOVED" for row in rows):
        raise typer.Exit(DIFFERS)


def _objects(session: Session, version: str, state: str, cluster: str | None) -> Iterator[Any]:
    after = None
    while True:
        found = session.ask(_OBJECTS, version=version, state=state, cluster=cluster, after=after)["apiCompatibility"]
        if (
            state == "REMOVED"
            and after is None
            and _minor(found["kubernetesVersion"]) > _minor(found["completeThrough"])
        ):
            through, day = found["completeThrough"], found["checkedOn"]
            session.tell(f"Removals after Kubernetes {through} are not known yet. The table was last checked on {day}.")
        yield from found["objects"]["nodes"]
        if not found["objects"]["pageInfo"]["hasNextPage"]:
            return
        after = found["objects"]["pageInfo"]["endCursor"]


def _migrate(session: Session, version: str, cluster: str | None, *, yes: bool, seconds: float | None) -> None:
    """Shows which records would be migrated, asks, and migrates them. Waits until then, at most so many seconds."""
    releases = list(session.pages(_RELEASES, version=version, cluster=cluster, size=100, at=["releases"]))
    planned = [release for release in releases if release["obstacle"] is None and release["target"]]
    for release in releases:
        if release["obstacle"] is not None:
            session.tell(f"Not {_name(release)}: {release['obstacle']}")
    if not planned:
        session.tell(f"There is no record to migrate for Kubernetes {version}.")
        return
    if session.output.is_table:
        session.output.listing(planned, _PLAN, name=_name)
    confirm(f"Write a new revision of {_releases_of(planned)}? Objects stay as they are.", yes=yes)
    operations = []
    for start in range(0, len(planned), _MOST):
        chosen = [
            {"target": release["target"]["id"], "revision": release["revision"]}
            for release in planned[start : start + _MOST]
        ]
        given = {"kubernetesVersion": version, "releases": chosen}
        operations += session.mutate("migrateApiVersions", _STARTED, **given)["operations"]
    if seconds is not None:
        for operation in operations:
            finish(session, operation, seconds)
        session.tell(f"The records of {_releases_of(planned)} were migrated.")
    if not session.output.is_table:
        session.output.data({"operations": operations}, [operation["id"] for operation in operations])


def _releases_of(planned: list[Any]) -> str:
    return "1 release" if len(planned) == 1 else f"{len(planned)} releases"


def _name(release: Any) -> str:
    return f"{release['groupName']}/{release['releaseName']} on {release['clusterName']}"


def _changes(release: Any) -> str:
    return ", ".join(
        f"{each['kind']}/{each['name']}: {each['apiVersion']} -> {each['replacement'] or 'none'}"
        for each in release["objects"]
        if each["state"] == "REMOVED" and each["origin"] != "CRD"
    )


_PLAN: Columns = {
    "CLUSTER": lambda row: row["clusterName"],
    "DEPLOYMENT": lambda row: f"{row['groupName']}/{row['releaseName']}",
    "REVISION": lambda row: f"{row['revision']} -> {row['revision'] + 1}",
    "CHANGES": _changes,
}


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
