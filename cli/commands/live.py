"""`polyhelm logs`, `tree` and `describe`: what runs on one cluster, read from it."""

import re
from typing import Annotated, Any

import typer

from cli import names
from cli.failure import Failure, usage
from cli.live import NoSubscriptionsError, results
from cli.output import ago, aligned
from cli.session import Session

_TARGETS = """query ($organization: String, $group: String!, $release: String!) {
  deployment(organization: $organization, group: $group, releaseName: $release) { targets { id clusterName } }
}"""
_ENTRIES = "entries { kind time pod container text }"
_LOGS = f"query ($target: ID!, $filter: LogFilter) {{ logs(target: $target, filter: $filter) {{ {_ENTRIES} }} }}"
_FOLLOW = _LOGS.replace("query", "subscription", 1)
_TREE = """query ($target: ID!) { node(id: $target) { ... on DeploymentTarget { tree {
  problems nodes { key parent kind namespace name health reason message createdAt
    containers { name image state ready restarts reason } }
} } } }"""
_OBJECT = """query ($target: ID!, $kind: String!, $name: String!, $namespace: String) {
  node(id: $target) { ... on DeploymentTarget {
    liveObject(kind: $kind, name: $name, namespace: $namespace) {
      apiVersion kind namespace name exists health reason message createdAt
      containers { name image state ready restarts reason message exitCode previousExitCode }
      events { type reason message source count firstAt lastAt }
    }
  } }
}"""
_YAML = """query ($target: ID!, $kind: String!, $name: String!, $namespace: String) {
  node(id: $target) { ... on DeploymentTarget {
    liveObject(kind: $kind, name: $name, namespace: $namespace) { liveYaml }
  } }
}"""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Name = Annotated[str, typer.Argument(help="A deployment.", autocompletion=names.deployments, metavar="GROUP/RELEASE")]
Cluster = Annotated[
    str | None,
    typer.Option(help="The cluster, if the deployment has several.", autocompletion=names.clusters),
]


def logs(
    session: Session,
    name: Annotated[
        str,
        typer.Argument(
            help="A deployment, or one of its pods.", autocompletion=names.deployments, metavar="GROUP/RELEASE[/POD]"
        ),
    ],
    cluster: Cluster = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print new lines until you press Ctrl-C.")] = False,
    previous: Annotated[bool, typer.Option(help="Print the log of the last run, before the restart.")] = False,
    since: Annotated[str | None, typer.Option(help="Only newer lines, such as 30s, 10m, 2h or 1d.")] = None,
    tail: Annotated[int, typer.Option(help="The number of newest lines, at most 5000.", min=0, max=5000)] = 200,
    container: Annotated[str | None, typer.Option("--container", "-c", help="Only this container.")] = None,
    search: Annotated[str | None, typer.Option(help="Only lines that contain this text.")] = None,
    timestamps: Annotated[bool, typer.Option(help="Print the time of each line.")] = False,
) -> None:
    """Print the logs of a deployment's containers on one cluster, merged by time."""
    deployment, pod = _split_pod_name(name)
    chosen = {
        "pod": pod,
        "container": container,
        "previous": previous,
        "sinceSeconds": None if since is None else _seconds(since),
        "tail": tail,
        "search": search,
    }
    variables = {"target": target_of(session, deployment, cluster)["id"], "filter": chosen}
    if not follow:
        entries = session.ask(_LOGS, **variables)["logs"]["entries"]
        if not entries:
            session.tell("There are no log lines. `polyhelm tree` shows the pods.")
        if session.output.is_table:
            _print(session, entries, named=pod is None, timestamps=timestamps)
        else:
            session.output.data(entries, (f"{each['pod']}/{each['container']}" for each in entries))
        return
    if not session.output.is_table:
        raise usage("--follow prints text only.", "Leave out --output or --follow.")
    try:
        for found in results(session.client, _FOLLOW, variables):
            _print(session, found["logs"]["entries"], named=pod is None, timestamps=timestamps)
    except NoSubscriptionsError:
        raise Failure("The server sends no subscriptions.", "Leave out --follow.") from None


def tree(session: Session, name: Name, cluster: Cluster = None) -> None:
    """Show the objects of a deployment on one cluster, down to its pods and containers."""
    variables = {"target": target_of(session, name, cluster)["id"]}
    found = session.ask(_TREE, **variables)["node"]["tree"]
    for problem in found["problems"]:
        session.tell(problem)
    if session.output.is_table:
        rows = [["OBJECT", "HEALTH", "WHY", "AGE"], *_rows(found["nodes"], None, "")]
        session.output.text("\n".join(aligned(rows)))
    else:
        session.output.data(found["nodes"], (node["key"] for node in found["nodes"]))


def describe(
    session: Session,
    name: Name,
    object_name: Annotated[str, typer.Argument(help="An object, such as Pod/hello-1.", metavar="KIND/NAME")],
    cluster: Cluster = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Its namespace.", show_default="that of the release")
    ] = None,
    yaml: Annotated[bool, typer.Option("--yaml", help="Print the object as YAML, with secrets hidden.")] = False,
) -> None:
    """Show an object of a deployment on one cluster: its health, containers and events, or its YAML."""
    kind, object_only = split_object(object_name)
    variables = {"kind": kind, "name": object_only, "namespace": namespace}
    variables["target"] = target_of(session, name, cluster)["id"]
    found = session.ask(_YAML if yaml else _OBJECT, **variables)["node"]["liveObject"]
    if found is None:
        raise Failure(f"{name} has no {object_name} there.", f"List its objects: polyhelm tree {name}")
    if yaml:
        if found["liveYaml"] is None:
            raise Failure(
                f"The cluster does not have {object_name}.", f"See why: polyhelm describe {name} {object_name}"
            )
        session.output.text(found["liveYaml"].rstrip("\n"))
    elif session.output.is_table:
        _print_description(session, found)
    else:
        session.output.data(found, [found["name"]])


def _print_description(session: Session, found: Any) -> None:
    why = ": ".join(text for text in (found["reason"], found["message"]) if text)
    session.output.text(f"{found['kind']}/{found['name']} is {found['health']}{f' ({why})' if why else ''}")
    for each in found["containers"]:
        reason = f" ({each['reason']})" if each["reason"] else ""
        session.output.text(f"  {each['name']}: {each['state']}{reason}, {each['restarts']} restarts, {each['image']}")
    events = [
        [ago(each["lastAt"]) or "", each["type"], each["reason"], str(each["count"]), " ".join(each["message"].split())]
        for each in found["events"]
    ]
    session.output.text("\n".join(aligned([["LAST", "TYPE", "REASON", "COUNT", "MESSAGE"], *events])) if events else "")


def _rows(nodes: list[Any], parent: str | None, indent: str) -> list[list[str]]:
    rows = []
    for node in nodes:
        if node["parent"] != parent:
            continue
        why = node["reason"] if node["health"] != "HEALTHY" else ""
        rows.append([f"{indent}{node['kind']}/{node['name']}", node["health"], why or "", ago(node["createdAt"]) or ""])
        rows += ([f"{indent}  {each['name']}", each["state"], each["reason"] or "", ""] for each in node["containers"])
        rows += _rows(nodes, node["key"], indent + "  ")
    return rows


def _print(session: Session, entries: list[Any], *, named: bool, timestamps: bool) -> None:
    for each in entries:
        if each["kind"] != "LINE":
            session.tell(f"{each['pod']}: {each['text']}" if named and each["pod"] else each["text"])
            continue
        time = f"{each['time']} " if timestamps and each["time"] else ""
        source = f"{each['pod']}/{each['container']} " if named else ""
        session.output.text(f"{source}{time}{each['text']}")


def split_object(name: str) -> tuple[str, str]:
    kind, slash, object_only = name.partition("/")
    if not slash or not kind or not object_only:
        raise usage(f"{name!r} is not a valid object.", "Use KIND/NAME, such as Pod/hello-1.")
    return kind, object_only


def target_of(session: Session, name: str, cluster: str | None) -> Any:
    """The only target of a deployment, or that on a cluster."""
    group, _, release = name.partition("/")
    missing, look = f"There is no deployment {name!r}.", "List deployments: polyhelm deploy ls"
    targets = session.find(_TARGETS, missing, look, group=group, release=release)["targets"]
    found = [each for each in targets if cluster in (None, each["clusterName"])]
    if not found:
        raise Failure(f"{name} is not deployed on {cluster}.", f"List its targets: polyhelm deploy get {name}")
    if len(found) > 1:
        raise usage(f"{name} is deployed on {len(found)} clusters.", "Choose one with --cluster NAME.")
    return found[0]


def _split_pod_name(name: str) -> tuple[str, str | None]:
    parts = name.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise usage(f"{name!r} is not a valid deployment name.", "Use GROUP/RELEASE or GROUP/RELEASE/POD.")
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else None


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,8})([smhd])", text)
    if match is None:
        raise usage(f"Invalid duration: {text!r}.", "Use a number with s, m, h or d, such as 10m.")
    return int(match[1]) * _UNITS[match[2]]
