"""`polyhelm resources`: the objects of releases on their clusters, and their health."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import names
from cli.output import Columns, ago, one_line
from cli.session import Session

_LIST = """query ($organization: String, $first: Int, $after: String, $filter: ResourceFilter!) {
  resources(organization: $organization, first: $first, after: $after, filter: $filter) {
    nodes {
      clusterName apiVersion kind namespace name origin health reason message since observedAt images addresses
    }
    pageInfo { hasNextPage endCursor }
  }
}"""


class Health(StrEnum):
    """What a resource can be, the worst first."""

    DEGRADED = "DEGRADED"
    MISSING = "MISSING"
    UNKNOWN = "UNKNOWN"
    TERMINATING = "TERMINATING"
    PROGRESSING = "PROGRESSING"
    SUSPENDED = "SUSPENDED"
    HEALTHY = "HEALTHY"


class Drift(StrEnum):
    """How a resource compares with the manifest of its release."""

    DRIFTED = "DRIFTED"
    MISSING = "MISSING"
    NOT_CHECKED = "NOT_CHECKED"
    UNKNOWN = "UNKNOWN"
    NONE = "NONE"


def resources(
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
    kind: Annotated[str | None, typer.Option(help="Only objects of this kind, such as Deployment.")] = None,
    name: Annotated[str | None, typer.Option(help="Only objects with this name; * matches any text.")] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Only objects in this namespace.")] = None,
    image: Annotated[
        str | None, typer.Option(help="Only objects with this image; * matches any text, as in '*:1.2.3'.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Only objects with this host or address; * matches any text.")
    ] = None,
    health: Annotated[
        list[Health] | None,
        typer.Option("--health", help="Only objects with this health; repeatable.", case_sensitive=False),
    ] = None,
    drift: Annotated[
        list[Drift] | None,
        typer.Option("--drift", help="Only objects with this state of drift; repeatable.", case_sensitive=False),
    ] = None,
) -> None:
    """List the objects of releases on their clusters, with their health."""
    group, _, release = (deployment or "").partition("/")
    chosen = {
        "group": group or None,
        "release": release or None,
        "cluster": cluster,
        "kind": kind,
        "name": name,
        "namespace": namespace,
        "image": image,
        "host": host,
        "health": health,
        "drift": drift,
    }
    rows = list(session.pages(_LIST, filter=chosen))
    if not rows:
        session.tell_none("There are no resources.", *chosen.values())
    columns: Columns = {
        "CLUSTER": lambda row: row["clusterName"],
        "KIND": lambda row: row["kind"],
        "NAME": _name,
        "HEALTH": lambda row: row["health"],
        "SINCE": lambda row: ago(row["since"]),
        "WHY": _why,
    }
    session.output.listing(rows, columns, name=lambda row: f"{row['clusterName']}/{row['kind']}/{_name(row)}")


def _name(row: Any) -> str:
    return f"{row['namespace']}/{row['name']}" if row["namespace"] else str(row["name"])


def _why(row: Any) -> str:
    is_fine = row["health"] == Health.HEALTHY
    return "" if is_fine else one_line([text for text in (row["reason"], row["message"]) if text])
