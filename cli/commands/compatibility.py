"""`polyhelm compatibility`: what a version of Kubernetes breaks."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli import names
from cli.command import ExitCode
from cli.failure import DIFFERS
from cli.output import Columns
from cli.session import Session

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
) -> None:
    """List the objects of releases whose API version a version of Kubernetes removes or deprecates."""
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


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
