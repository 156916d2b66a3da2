"""`polyhelm group`: cluster groups and their features."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import names, removal
from cli.command import ConfirmRemoval, GroupName, NoWait, Timeout, Yes, remote
from cli.counts import COUNT_FIELDS, drift_counts, health_counts, status_counts
from cli.failure import Failure, usage
from cli.files import content, read_map
from cli.outcomes import ABANDONED_FIELDS, tell_abandoned
from cli.output import fields, table_lines
from cli.removal import REMOVAL_FIELDS
from cli.session import Session
from cli.summary import named
from cli.terminal import confirm, confirm_name

group = typer.Typer(help="Cluster groups.", no_args_is_help=True)

Members = Annotated[
    list[str], typer.Argument(help="Names of clusters.", autocompletion=names.clusters, metavar="CLUSTER...")
]

AllowedNamespace = Annotated[
    list[str] | None,
    typer.Option("--allowed-namespace", help="A namespace that deployments may use; repeatable.", metavar="NAMESPACE"),
]
ServiceAccount = Annotated[
    str | None,
    typer.Option(
        help="The service account that deployments use on each member, in place of the cluster's credentials.",
        metavar="NAMESPACE/NAME",
    ),
]

_FIELDS = """
id name allowedNamespaces serviceAccount
members { name reachability kubernetesVersion cloud region } features { name enabled state message properties }
"""
_LIST = f"""query ($organization: String, $first: Int, $after: String, $search: String) {{
  clusterGroups(organization: $organization, first: $first, after: $after, search: $search) {{
    nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE = f"""query ($organization: String, $name: String!) {{
  clusterGroup(organization: $organization, name: $name) {{ {_FIELDS} {COUNT_FIELDS} }}
}}"""
_PAYLOAD = f"... on ClusterGroupPayload {{ clusterGroup {{ {_FIELDS} }} operations {{ id }} warnings }}"
_REMOVAL = f"... on ClusterGroupPayload {{ {REMOVAL_FIELDS} }}"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


@remote(group, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(help="The name of the group.", metavar="NAME")],
    members: Annotated[
        list[str] | None,
        typer.Argument(help="Names of clusters.", autocompletion=names.clusters, metavar="CLUSTER..."),
    ] = None,
    allowed_namespace: AllowedNamespace = None,
    service_account: ServiceAccount = None,
) -> None:
    """Create a group of clusters. A cluster belongs to one group at most."""
    given = {"organization": session.organization, "name": name, "members": members or []}
    given |= {"allowedNamespaces": allowed_namespace or None, "serviceAccount": service_account}
    answer = session.mutate("createClusterGroup", _PAYLOAD, **given)
    _warn(session, answer)
    _answer(session, answer["clusterGroup"], _size(answer["clusterGroup"]))


@remote(group, "update")
def update(
    session: Session,
    name: GroupName,
    new_name: Annotated[str | None, typer.Option("--name", help="A new name.")] = None,
    allowed_namespace: AllowedNamespace = None,
    any_namespace: Annotated[
        bool, typer.Option("--any-namespace", help="Allow deployments to use any namespace.")
    ] = False,
    service_account: ServiceAccount = None,
    no_service_account: Annotated[
        bool, typer.Option("--no-service-account", help="Use the clusters' own credentials.")
    ] = False,
) -> None:
    """Change a group's name, its allowed namespaces (all of them are replaced) or its service account."""
    if (allowed_namespace and any_namespace) or (service_account is not None and no_service_account):
        raise usage("These options contradict each other.", "Either set a restriction or remove it.")
    given = {
        "id": find_group(session, name)["id"],
        "name": new_name,
        "allowedNamespaces": [] if any_namespace else allowed_namespace or None,
        "serviceAccount": "" if no_service_account else service_account,
    }
    answer = session.mutate("updateClusterGroup", _PAYLOAD, **given)
    _warn(session, answer)
    _answer(session, answer["clusterGroup"], f"The group {answer['clusterGroup']['name']} was updated.")


@remote(group, "ls")
def ls(session: Session, search: Annotated[str | None, typer.Option(help="Only names with this text.")] = None) -> None:
    """List cluster groups by name."""
    rows = list(session.pages(_LIST, search=search))
    if not rows:
        session.tell_none("There are no groups. Create one: polyhelm group create NAME CLUSTER...", search)
    columns = {
        "NAME": lambda row: row["name"],
        "MEMBERS": lambda row: named([member["name"] for member in row["members"]]),
        "FEATURES": lambda row: ", ".join(feature["name"] for feature in row["features"] if feature["enabled"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(group, "show")
def show(session: Session, name: GroupName) -> None:
    """Show the members and features of a group."""
    found = find_group(session, name)
    if not session.output.is_table:
        return session.output.data(found, [name])
    members = table_lines(
        found["members"],
        {
            "CLUSTER": lambda row: row["name"],
            "REACHABILITY": lambda row: row["reachability"],
            "VERSION": lambda row: row["kubernetesVersion"],
            "CLOUD": lambda row: row["cloud"],
            "REGION": lambda row: row["region"],
        },
    )
    features = table_lines(
        found["features"],
        {
            "FEATURE": lambda row: row["name"],
            "SWITCH": lambda row: "on" if row["enabled"] else "off",
            "STATE": lambda row: row["state"],
            "PROPERTIES": lambda row: json.dumps(row["properties"]) if row["properties"] else None,
            "MESSAGE": lambda row: row["message"],
        },
    )
    described = {
        "Name": name,
        "Members": str(len(found["members"])),
        "Namespaces": ", ".join(found["allowedNamespaces"] or ["any"]),
        "Service account": found["serviceAccount"],
        "Targets": status_counts(found),
        "Health": health_counts(found),
        "Drift": drift_counts(found),
    }
    parts = [fields(described), "\n".join(members), "\n".join(features)]
    return session.output.text("\n\n".join(filter(None, parts)))


@remote(group, "add")
def add(session: Session, name: GroupName, members: Members) -> None:
    """Add members. Deployments are installed on them once they are added to the targets."""
    found = find_group(session, name)
    joining = [member for member in members if member not in _names(found)]
    changed, _ = _set_members(session, found, [*_names(found), *joining], removed=0)
    _answer(session, changed, _size(changed))


@remote(group, "remove")
def remove(
    session: Session,
    name: GroupName,
    members: Members,
    yes: Yes = False,
    confirm_removal: ConfirmRemoval = None,
    no_wait: NoWait = False,
    timeout: Timeout = 600,
) -> None:
    """Remove members from a group and wait until the group's releases are uninstalled."""
    from cli.progress import finish

    found = find_group(session, name)
    if strangers := [member for member in members if member not in _names(found)]:
        raise Failure(
            f"{', '.join(strangers)}: not in the group {name}.", f"List its members: polyhelm group show {name}"
        )
    staying = [member for member in _names(found) if member not in members]
    given = {"id": found["id"], "members": staying}
    plan = session.mutate("updateClusterGroup", _REMOVAL, **given, dryRun=True)["removal"]
    removal.confirm_removal(plan["clusters"], confirm_removal, is_needed=plan["needsConfirmation"])
    listed = named(plan["clusters"])
    confirm(f"The releases of {name}'s deployments will be uninstalled from {listed}. Continue?", yes=yes)
    changed, operations = _set_members(session, found, staying, removed=plan["count"])
    for operation in [] if no_wait else operations:
        finish(session, operation, timeout)
    _answer(session, changed, _size(changed))


@remote(group, "feature")
def feature(
    session: Session,
    name: GroupName,
    feature: Annotated[str, typer.Argument(help="A feature's name.", metavar="FEATURE")],
    switch: Annotated[Switch, typer.Argument(help="Whether the feature is enabled.")],
    properties: Annotated[
        str | None,
        typer.Option(help="A file with properties in YAML or JSON; - reads standard input.", metavar="FILE"),
    ] = None,
) -> None:
    """Enable or disable a feature of a group. --properties replaces all its properties."""
    found = find_group(session, name)
    given = {
        "group": found["id"],
        "feature": feature,
        "enabled": switch is Switch.ON,
        "properties": None if properties is None else read_map(*content(properties)),
    }
    changed = session.mutate("setGroupFeature", _PAYLOAD, **given)["clusterGroup"]
    _answer(session, changed, f"{feature} is {'enabled' if switch == 'on' else 'disabled'} in {name}.")


@remote(group, "rm")
def rm(
    session: Session,
    name: GroupName,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Delete the group even if it has deployments. Their releases stay on the clusters."
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Delete a group. Its clusters stay registered."""
    found = find_group(session, name)
    confirm_name(f"The group {name} will be deleted.", name, yes=yes)
    payload = f"... on DeleteClusterGroupPayload {{ id {ABANDONED_FIELDS} }}"
    left = session.mutate("deleteClusterGroup", payload, id=found["id"], force=force)["abandoned"]
    session.tell(f"{name} deleted.")
    tell_abandoned(left)


def find_group(session: Session, name: str) -> Any:
    return session.find(_ONE, f"There is no group {name!r}.", "List groups: polyhelm group ls", name=name)


def _set_members(session: Session, found: Any, members: list[str], *, removed: int) -> tuple[Any, list[Any]]:
    """Removes members. Returns the changed group, and the operations that uninstall its releases from removed members.

    The number of removed members is confirmed, so that a member that was added concurrently is not removed.
    """
    given = {"id": found["id"], "members": members, "confirmRemoval": removed}
    answer = session.mutate("updateClusterGroup", _PAYLOAD, **given)
    _warn(session, answer)
    return answer["clusterGroup"], answer["operations"]


def _warn(session: Session, answer: Any) -> None:
    for warning in answer["warnings"]:
        session.tell(f"Warning: {warning}")


def _answer(session: Session, changed: Any, words: str) -> None:
    session.tell(words)
    if not session.output.is_table:
        session.output.data(changed, [changed["name"]])


def _names(found: Any) -> list[str]:
    return [member["name"] for member in found["members"]]


def _size(found: Any) -> str:
    count = len(found["members"])
    return f"The group {found['name']} has {'1 member' if count == 1 else f'{count} members'}."
