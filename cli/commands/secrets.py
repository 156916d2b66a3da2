"""`polyhelm secret`: values that deployments refer to.

They are read from files, standard input or a prompt, and never from the command line, where other users could see them.
"""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.failure import usage
from cli.files import content
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

secret = typer.Typer(help="Secret values that deployments refer to.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A secret's name.", autocompletion=names.secrets, metavar="NAME")]

_FIELDS = "id name kind description keys version updatedAt group { name } usedBy { releaseName group { name } }"
_LIST = f"""query ($organization: String, $first: Int, $after: String, $search: String) {{
  secrets(organization: $organization, first: $first, after: $after, search: $search) {{
    nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE = f"""query ($organization: String, $name: String!) {{
  secret(organization: $organization, name: $name) {{ {_FIELDS} }}
}}"""
_PAYLOAD = f"... on SecretPayload {{ secret {{ {_FIELDS} }} }}"


class Kind(StrEnum):
    OPAQUE = "opaque"
    REGISTRY = "registry"
    KUBECONFIG = "kubeconfig"
    CLOUD = "cloud"


@remote(secret, "ls")
def ls(
    session: Session,
    search: Annotated[str | None, typer.Option(help="Only secrets with this text in name or description.")] = None,
) -> None:
    """List secrets by name, with their keys and the deployments that use them."""
    rows = list(session.pages(_LIST, search=search))
    if not rows:
        session.tell_none("There are no secrets. Add one: polyhelm secret set NAME KEY", search)
    columns = {
        "NAME": lambda row: row["name"],
        "KIND": lambda row: row["kind"],
        "GROUP": lambda row: row["group"] and row["group"]["name"],
        "KEYS": lambda row: ", ".join(row["keys"]),
        "VERSION": lambda row: row["version"],
        "AGE": lambda row: ago(row["updatedAt"]),
        "USED BY": lambda row: ", ".join(names.deployment_name(each) for each in row["usedBy"]),
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(secret, "set")
def set_(
    session: Session,
    name: Name,
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            help=("A key. KEY prompts for the value or reads it from standard input; KEY=@FILE reads it from a file."),
            metavar="KEY[=@FILE]...",
        ),
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Remove this key; repeatable.", metavar="KEY")] = None,
    kind: Annotated[Kind | None, typer.Option(help="The kind of a new secret.")] = None,
    group: Annotated[
        str | None,
        typer.Option(help="The only group whose deployments may use a new secret.", autocompletion=names.groups),
    ] = None,
    description: Annotated[str | None, typer.Option(help="The description; '' removes it.")] = None,
) -> None:
    """Add a secret, or set values of a secret. Other keys stay. Targets with previous values are STALE until
    they are reconciled."""
    present = session.ask(_ONE, name=name)["secret"]
    if present is not None and (kind is not None or group is not None):
        raise usage(f"{name} already exists. Its kind and group cannot be changed.")
    if not keys and not remove and (present is None or description is None):
        raise usage("There is nothing to set.", f"Give a key: polyhelm secret set {name} KEY")
    data: dict[str, str | None] = dict.fromkeys(remove or [])
    data |= _values(keys or [])
    if present is None:
        given = {"organization": session.organization, "name": name, "kind": kind and kind.upper(), "group": group}
        made = session.mutate("createSecret", _PAYLOAD, **given, description=description, data=data)["secret"]
        session.tell(f"{name} added.")
    else:
        made = session.mutate("updateSecret", _PAYLOAD, id=present["id"], data=data, description=description)["secret"]
        session.tell(f"{name} is at version {made['version']}.{_users(made)}")
    if not session.output.is_table:
        session.output.data(made, [name])


@remote(secret, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a secret that no deployment uses."""
    look = "List secrets: polyhelm secret ls"
    found = session.find(_ONE, f"There is no secret {name!r}.", look, name=name)
    confirm_name(f"The secret {name} will be deleted.", name, yes=yes)
    session.mutate("deleteSecret", "... on DeleteSecretPayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


def _values(given: list[str]) -> dict[str, str]:
    keys = [key.partition("=")[0] for key in given]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise usage(f"{twice!r} is given twice.")
    unnamed = [each for each in given if "=" not in each]
    if len(unnamed) > 1 and not sys.stdin.isatty():
        raise usage("Only one value can be read from standard input.", "Read the others from files: KEY=@FILE")
    return dict(_value(each) for each in given)


def _value(given: str) -> tuple[str, str]:
    key, equals, source = given.partition("=")
    if not key:
        raise usage(f"{given!r} has no key.", "Write it as password, or password=@FILE")
    if equals and not source.startswith("@"):
        raise usage(
            f"The value of {key} is on the command line, where other users can see it.",
            f"Omit it to be prompted, or read it from a file: {key}=@FILE",
        )
    if equals:
        return key, content(source[1:])[0]
    if sys.stdin.isatty():
        return key, typer.prompt(f"Value of {key}", hide_input=True, err=True)
    return key, content("-")[0].removesuffix("\n")


def _users(made: Any) -> str:
    users = ", ".join(names.deployment_name(each) for each in made["usedBy"])
    return f" Used by {users}. polyhelm status shows which are stale." if users else ""
