"""`polyhelm user`: users of the installation, for its administrators, and the caller's own password."""

import sys
from typing import Annotated

import typer

from cli.command import Role, Yes, remote
from cli.failure import usage
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm

user = typer.Typer(help="Users of the installation.", no_args_is_help=True)

UserName = Annotated[str, typer.Argument(help="A user's name.", metavar="USER")]

_LIST = """query ($first: Int, $after: String) {
  users(first: $first, after: $after) {
    nodes { name admin source createdAt disabledAt } pageInfo { hasNextPage endCursor }
  }
}"""


@remote(user, "ls")
def ls(session: Session) -> None:
    """List users by name."""
    columns = {
        "NAME": lambda row: row["name"],
        "FROM": lambda row: row["source"],
        "ADMIN": lambda row: "yes" if row["admin"] else "",
        "AGE": lambda row: ago(row["createdAt"]),
        "STATE": lambda row: "DISABLED" if row["disabledAt"] else "",
    }
    session.output.listing(list(session.pages(_LIST)), columns, name=lambda row: str(row["name"]))


@remote(user, "add")
def add(
    session: Session,
    user: UserName,
    role: Annotated[Role, typer.Option(help="The role in the organization.")] = Role.VIEWER,
    password: Annotated[bool, typer.Option("--password", help="Also set a password, from a prompt.")] = False,
) -> None:
    """Create a user. Their API token is shown only once."""
    made = session.mutate(
        "createUser",
        "... on UserPayload { token }",
        name=user,
        role=role.upper(),
        organization=session.organization,
        password=_new_password() if password else None,
    )
    session.tell(f"The token of {user} (shown only once):")
    if session.output.is_table:
        session.output.text(made["token"])
    else:
        session.output.data({"name": user, "token": made["token"]}, [user])


@remote(user, "disable")
def disable(session: Session, user: UserName, yes: Yes = False) -> None:
    """Disable a user. Their tokens are refused from now on, and their sessions end."""
    confirm(f"All requests of {user} will be refused from now on. Continue?", yes=yes)
    session.mutate("disableUser", user=user)
    session.tell(f"User {user} disabled.")


@remote(user, "enable")
def enable(session: Session, user: UserName) -> None:
    """Enable a disabled user."""
    session.mutate("enableUser", user=user)
    session.tell(f"User {user} enabled.")


@remote(user, "password")
def password(
    session: Session,
    user: Annotated[str | None, typer.Argument(help="Default: your own user.", metavar="USER")] = None,
) -> None:
    """Change your password or, as an admin, the password of any user. Sessions with the previous password end."""
    current = None if user else _typed("Current password (empty if there is none)", default="")
    session.mutate("setPassword", password=_new_password(), currentPassword=current or None, user=user)
    session.tell("Password changed.")


def _new_password() -> str:
    return _typed("New password", confirmed=True)


def _typed(what: str, *, confirmed: bool = False, default: str | None = None) -> str:
    """Reads a password from a prompt, or twice if a typing error would lock a user out. Without a terminal, reads
    one line of input."""
    if sys.stdin.isatty():
        given = typer.prompt(
            what, hide_input=True, err=True, confirmation_prompt=confirmed, default=default, show_default=False
        )
        return str(given)
    line = sys.stdin.readline().rstrip("\n")
    if not line and default is None:
        raise usage("No password was given.", "Pass it on standard input.")
    return line
