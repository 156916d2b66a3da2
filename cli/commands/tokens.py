"""`polyhelm token`: the API tokens of whoever is signed in."""

from typing import Annotated

import typer

from cli.command import Yes, remote
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

token = typer.Typer(help="Your API tokens.", no_args_is_help=True)

TokenName = Annotated[str, typer.Argument(help="A token's name.", metavar="NAME")]

_LIST = "{ apiTokens { name createdAt expiresAt lastUsedAt } }"


@remote(token, "create")
def create(session: Session, name: TokenName) -> None:
    """Make one more. It is printed this once, and kept nowhere."""
    made = session.mutate("createApiToken", "... on ApiTokenPayload { token }", name=name)["token"]
    session.tell(f"The token {name}, told this once:")
    if session.output.is_table:
        session.output.text(made)
    else:
        session.output.data({"name": name, "token": made}, [name])


@remote(token, "ls")
def ls(session: Session) -> None:
    """List them by name."""
    columns = {
        "NAME": lambda row: row["name"],
        "AGE": lambda row: ago(row["createdAt"]),
        "EXPIRES": lambda row: row["expiresAt"],
        "USED": lambda row: f"{ago(row['lastUsedAt'])} ago" if row["lastUsedAt"] else "never",
    }
    session.output.listing(session.ask(_LIST)["apiTokens"], columns, name=lambda row: str(row["name"]))


@remote(token, "revoke")
def revoke(session: Session, name: TokenName, yes: Yes = False) -> None:
    """Take one away. Whatever signs in with it is refused from now on."""
    confirm_name(f"The token {name} will be taken away.", name, yes=yes)
    session.mutate("revokeApiToken", "... on RevokeApiTokenPayload { name }", name=name)
    session.tell(f"The token {name} is taken away.")
