"""`polyhelm cluster`: registered Kubernetes clusters."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli import names
from cli.command import ClusterName, Yes, remote
from cli.failure import usage
from cli.files import content
from cli.outcomes import ABANDONED_FIELDS, tell_abandoned
from cli.output import ago, fields, table_lines
from cli.session import Session
from cli.terminal import confirm_name

cluster = typer.Typer(help="Registered Kubernetes clusters.", no_args_is_help=True)

_FIELDS = """
id name cloud distribution region labels server uid answeringUid kubernetesVersion reachability reachabilityMessage
lastSeenAt credentialsExpireAt
group { name }
"""
_LIST = f"""query ($organization: String, $first: Int, $after: String, $search: String) {{
  clusters(organization: $organization, first: $first, after: $after, search: $search) {{
    nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE = f"""query ($organization: String, $name: String!) {{
  cluster(organization: $organization, name: $name) {{
    {_FIELDS}
    releases {{ name namespace revision status chartName chartVersion updatedAt managedBy {{ group {{ name }} }} }}
  }}
}}"""
_NEXT_STEPS = {
    "UNREACHABLE": (
        "Polyhelm retries automatically.",
        "If the address has changed: polyhelm cluster update {name} --kubeconfig FILE",
    ),
    "UNAUTHORIZED": ("Replace the credentials: polyhelm cluster update {name} --kubeconfig FILE",),
    "MISMATCHED": (
        "If the address is wrong, correct it there, or: polyhelm cluster update {name} --kubeconfig FILE",
        "If it is the same cluster with a recreated kube-system namespace: polyhelm cluster confirm {name}",
    ),
}
"""What to do about a cluster, by its reachability."""
_ID = """query ($organization: String, $name: String!) {
  cluster(organization: $organization, name: $name) { id name uid answeringUid }
}"""


@remote(cluster, "add")
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="The name of the cluster.", metavar="NAME")],
    kubeconfig: Annotated[str, typer.Option(help="A kubeconfig file; - reads standard input.", metavar="FILE")],
    kube_context: Annotated[
        str | None, typer.Option(help="The context of the kubeconfig.", show_default="its current one")
    ] = None,
    cloud: Annotated[
        str, typer.Option(help="amazon, google, azure, alibaba, oracle, digitalocean, onprem or other.")
    ] = "other",
    distribution: Annotated[str, typer.Option(help="pke, eks, gke, aks, k3s, kubeadm or other.")] = "other",
    region: Annotated[str | None, typer.Option(help="The region of the cluster.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A label as KEY=VALUE; repeatable.", metavar="KEY=VALUE")
    ] = None,
) -> None:
    """Register a cluster."""
    payload = f"... on ClusterPayload {{ cluster {{ {_FIELDS} }} }}"
    made = session.mutate(
        "registerCluster",
        payload,
        organization=session.organization,
        name=name,
        kubeconfig=content(kubeconfig)[0],
        context=kube_context,
        cloud=cloud,
        distribution=distribution,
        region=region,
        labels=dict(names.label(each) for each in label) if label else None,
    )["cluster"]
    session.tell(f"{name} registered: Kubernetes {made['kubernetesVersion']} at {made['server']}.")
    _answer(session, made)


@remote(cluster, "update")
def update(
    session: Session,
    name: ClusterName,
    kubeconfig: Annotated[
        str | None, typer.Option(help="A kubeconfig file with new credentials; - reads standard input.", metavar="FILE")
    ] = None,
    kube_context: Annotated[
        str | None, typer.Option(help="The context of the kubeconfig.", show_default="its current one")
    ] = None,
    rename: Annotated[
        str | None, typer.Option(help="The new name. Targets and overrides are updated.", metavar="NAME")
    ] = None,
    cloud: Annotated[
        str | None, typer.Option(help="amazon, google, azure, alibaba, oracle, digitalocean, onprem or other.")
    ] = None,
    distribution: Annotated[str | None, typer.Option(help="pke, eks, gke, aks, k3s, kubeadm or other.")] = None,
    region: Annotated[str | None, typer.Option(help='The region of the cluster; "" removes it.')] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help='A label as KEY=VALUE; repeatable. Replaces all labels; "" removes them.', metavar="KEY=VALUE"
        ),
    ] = None,
) -> None:
    """Change a cluster's credentials, name or description. Its group, targets and overrides stay."""
    given: dict[str, Any] = {
        "name": rename,
        "cloud": cloud,
        "distribution": distribution,
        "region": region,
        "labels": None if label is None else dict(names.label(each) for each in label if each),
        "kubeconfig": content(kubeconfig)[0] if kubeconfig else None,
        "context": kube_context,
    }
    if all(value is None for key, value in given.items() if key != "context"):
        raise usage("Nothing to change.", "Give at least one option, such as --kubeconfig FILE.")
    found = _find(session, _ID, name)
    payload = f"... on ClusterPayload {{ cluster {{ {_FIELDS} }} }}"
    made = session.mutate("updateCluster", payload, id=found["id"], **given)["cluster"]
    session.tell(f"{name} renamed to {made['name']}." if made["name"] != name else f"{name} updated.")
    _answer(session, made)


@remote(cluster, "confirm")
def confirm(
    session: Session,
    name: ClusterName,
    uid: Annotated[
        str | None,
        typer.Option(help="The uid of the kube-system namespace that answers now.", show_default="prompted"),
    ] = None,
) -> None:
    """Confirm that a MISMATCHED cluster is the same cluster with a recreated kube-system namespace."""
    found = _find(session, _ID, name)
    if uid is None:
        uid = found["answeringUid"]
        if uid is None:
            raise usage(f"No other cluster answers at the address of {name}.", f"See polyhelm cluster show {name}")
        facts = f"{name} is registered with the uid {found['uid']}; {uid} answers at its address."
        confirm_name(
            f"{facts}\nReleases there with the names of this cluster's releases will count as Polyhelm's.",
            name,
            yes=False,
            option=f"--uid {uid}",
        )
    payload = f"... on ClusterPayload {{ cluster {{ {_FIELDS} }} }}"
    made = session.mutate("confirmCluster", payload, id=found["id"], uid=uid)["cluster"]
    session.tell(f"{name} confirmed with the uid {made['uid']}.")
    _answer(session, made)


@remote(cluster, "ls")
def ls(
    session: Session,
    search: Annotated[
        str | None, typer.Option(help="Only clusters with this text in name, cloud, distribution or region.")
    ] = None,
) -> None:
    """List clusters by name."""
    rows = list(session.pages(_LIST, search=search))
    if not rows:
        session.tell_none("There are no clusters. Register one: polyhelm cluster add NAME --kubeconfig FILE", search)
    columns = {
        "NAME": lambda row: row["name"],
        "REACHABILITY": lambda row: row["reachability"],
        "SEEN": lambda row: ago(row["lastSeenAt"]),
        "VERSION": lambda row: row["kubernetesVersion"],
        "CLOUD": lambda row: row["cloud"],
        "DISTRIBUTION": lambda row: row["distribution"],
        "REGION": lambda row: row["region"],
        "GROUP": lambda row: row["group"] and row["group"]["name"],
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(cluster, "show")
def show(session: Session, name: ClusterName) -> None:
    """Show a cluster and all Helm releases on it."""
    found = _find(session, _ONE, name)
    if not session.output.is_table:
        return session.output.data(found, [name])
    labels = ", ".join(f"{key}={value}" for key, value in sorted(found["labels"].items()))
    facts = {
        "Name": name,
        "Reachability": ": ".join(filter(None, (found["reachability"], found["reachabilityMessage"]))),
        "Seen": found["lastSeenAt"] and f"{ago(found['lastSeenAt'])} ago",
        "Answering": found["answeringUid"],
        "Server": found["server"],
        "Credentials": _expiry(found["credentialsExpireAt"]),
        "Kubernetes": found["kubernetesVersion"],
        "Cloud": found["cloud"],
        "Distribution": found["distribution"],
        "Region": found["region"],
        "Labels": labels,
        "Group": found["group"] and found["group"]["name"],
    }
    columns = {
        "RELEASE": lambda row: row["name"],
        "NAMESPACE": lambda row: row["namespace"],
        "STATUS": lambda row: row["status"],
        "CHART": lambda row: f"{row['chartName']} {row['chartVersion']}",
        "REVISION": lambda row: row["revision"],
        "UPDATED": lambda row: ago(row["updatedAt"]),
        "DEPLOYMENT": lambda row: row["managedBy"] and f"{row['managedBy']['group']['name']}/{row['name']}",
    }
    releases = table_lines(found["releases"], columns)
    steps = next_steps(name, found["reachability"])
    return session.output.text("\n".join([fields(facts), *steps, *([""] if releases else []), *releases]))


@remote(cluster, "rm")
def rm(
    session: Session,
    name: ClusterName,
    force: Annotated[
        bool,
        typer.Option("--force", help="Remove the cluster even if it has managed releases. They stay on the cluster."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove a cluster and its credentials. The cluster itself is not affected."""
    found = _find(session, _ID, name)
    confirm_name(f"The cluster {name} and its credentials will be removed.", name, yes=yes)
    payload = f"... on RemoveClusterPayload {{ id {ABANDONED_FIELDS} }}"
    left = session.mutate("removeCluster", payload, id=found["id"], force=force)["abandoned"]
    session.tell(f"{name} removed.")
    tell_abandoned(left)


def next_steps(name: str, reachability: str) -> list[str]:
    """Returns lines that say what to do about a cluster that cannot be used."""
    steps = [step.format(name=name) for step in _NEXT_STEPS.get(reachability, ())]
    return ["", "Next steps:", *(f"  {step}" for step in steps)] if steps else []


def _find(session: Session, query: str, name: str) -> Any:
    return session.find(query, f"There is no cluster {name!r}.", "List clusters: polyhelm cluster ls", name=name)


def _answer(session: Session, made: Any) -> None:
    if not session.output.is_table:
        session.output.data(made, [made["name"]])


def _expiry(moment: str | None) -> str | None:
    if moment is None:
        return None
    day = moment[:10]
    return f"expired on {day}" if datetime.fromisoformat(moment) <= datetime.now(UTC) else f"expire on {day}"
