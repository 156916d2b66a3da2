"""`polyhelm deploy values` and `compare`: the values of a deployment on its clusters, and where they come from."""

import json
from typing import Annotated, Any

import typer

from cli import names
from cli.command import DeploymentName, ExitCode, remote
from cli.commands.deployments import deploy, find_deployment
from cli.failure import DIFFERS, Failure
from cli.output import Columns, Format, as_yaml
from cli.session import Session

_LAYER = "layer { kind index selector }"
_TARGETS = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) { targets { id clusterName } }
}"""
_VALUES = "query ($id: ID!) { node(id: $id) { ... on DeploymentTarget { desiredValues } } }"
_ORIGINS = f"""query ($id: ID!, $defaults: Boolean!) {{ node(id: $id) {{ ... on DeploymentTarget {{
  valueOrigins(defaults: $defaults) {{
    path value expression {_LAYER} hides {{ path value {_LAYER} }}
  }}
}} }} }}"""
_COMPARED = f"""query ($a: ID!, $b: ID!) {{ compareTargets(a: $a, b: $b) {{
  a {{ clusterName status version revision }} b {{ clusterName status version revision }}
  desired {{ path a {{ value {_LAYER} }} b {{ value {_LAYER} }} }}
  installed {{ path a {{ value }} b {{ value }} }}
}} }}"""

_LAYERS = {"DEFAULTS": "chart defaults", "COMMON": "values", "CLUSTER": "override"}
_CLUSTER = typer.Option("--cluster", help="A cluster.", autocompletion=names.clusters)


@remote(deploy, "values")
def values(
    session: Session,
    name: DeploymentName,
    cluster: Annotated[str, _CLUSTER],
    origins: Annotated[
        bool, typer.Option("--origins", help="Show for each value the layer that it comes from, and what it hides.")
    ] = False,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="With --origins, also show the values that only the chart has.")
    ] = False,
) -> None:
    """Show the values of a deployment on a cluster, with the results of expressions. Values from secrets are hidden."""
    target = _target(name, _targets(session, name), cluster)
    if not origins:
        found = session.ask(_VALUES, id=target)["node"]["desiredValues"]
        form = session.output.format
        return session.output.text(json.dumps(found, indent=2) if form is Format.JSON else as_yaml(found).rstrip("\n"))
    rows = session.ask(_ORIGINS, id=target, defaults=defaults)["node"]["valueOrigins"]
    columns: Columns = {
        "PATH": lambda row: row["path"],
        "VALUE": lambda row: _written(row["value"]),
        "LAYER": lambda row: _layer(row["layer"]),
        "HIDES": lambda row: ", ".join(_hidden(row, each) for each in row["hides"]),
    }
    return session.output.listing(rows, columns, name=lambda row: row["path"])


@remote(deploy, "compare")
def compare(
    session: Session,
    name: DeploymentName,
    a: Annotated[str, typer.Argument(help="A cluster.", autocompletion=names.clusters, metavar="CLUSTER")],
    b: Annotated[str, typer.Argument(help="Another cluster.", autocompletion=names.clusters, metavar="CLUSTER")],
    exit_code: ExitCode = False,
) -> None:
    """Show how two clusters of a deployment differ: status, chart version and revision, and the values that are wanted
    on each. Values from secrets are hidden."""
    targets = _targets(session, name)
    found = session.ask(_COMPARED, a=_target(name, targets, a), b=_target(name, targets, b))["compareTargets"]
    if found is None:
        raise Failure("A cluster was removed from the targets in the meantime.", "Try again.")
    if session.output.is_table:
        sides = ("a", "b")
        rows = [{"what": f"({word})", **{side: found[side][word] for side in sides}} for word in _FACTS]
        rows += [{"what": each["path"], **{side: _compared(each[side]) for side in sides}} for each in found["desired"]]
        columns: Columns = {
            "PATH": lambda row: row["what"],
            a.upper(): lambda row: row["a"],
            b.upper(): lambda row: row["b"],
        }
        session.output.listing(rows, columns, name=lambda row: row["what"])
    else:
        session.output.data(found, [each["path"] for each in found["desired"]])
    differs = found["desired"] or found["installed"] or any(found["a"][word] != found["b"][word] for word in _FACTS[:2])
    if exit_code and differs:
        raise typer.Exit(DIFFERS)


_FACTS = ("status", "version", "revision")


def _targets(session: Session, name: str) -> dict[str, str]:
    """Returns the id of each target by its cluster's name."""
    return {target["clusterName"]: target["id"] for target in find_deployment(session, name, _TARGETS)["targets"]}


def _target(name: str, targets: dict[str, str], cluster: str) -> str:
    if cluster not in targets:
        raise Failure(f"{cluster} is not a target of {name}.", f"List the targets: polyhelm deploy get {name}")
    return targets[cluster]


def _layer(layer: Any) -> str:
    if layer["kind"] == "SELECTOR":
        return f"select {layer['selector']}"
    return _LAYERS[layer["kind"]]


def _hidden(row: Any, hidden: Any) -> str:
    where = "" if hidden["path"] == row["path"] else f"{hidden['path']}: "
    return f"{where}{_written(hidden['value'])} ({_layer(hidden['layer'])})"


def _compared(side: Any) -> str:
    return "" if side is None else f"{_written(side['value'])} ({_layer(side['layer'])})"


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
