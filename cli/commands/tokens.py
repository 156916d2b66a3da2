"""`polyhelm token`: the caller's API tokens."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.command import Role, Yes, remote
from cli.failure import usage
from cli.output import ago, minute
from cli.session import Session
from cli.terminal import confirm_name

token = typer.Typer(help="Your API tokens.", no_args_is_help=True)

TokenName = Annotated[str, typer.Argument(help="A token's name.", metavar="NAME")]

_LIST = "{ apiTokens { name organization role createdAt expiresAt lastUsedAt } }"
_SPAN = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@remote(token, "create")
def create(
    session: Session,
    name: TokenName,
    role: Annotated[Role | None, typer.Option(help="The highest role of the token.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="When the token expires: after 12h, 30d or 8w, or on a day such as 2030-01-31.")
    ] = None,
) -> None:
    """Create an API token. It is shown only once. With --organization, it is limited to this organization. A
    token never exceeds your permissions."""
    payload = "... on ApiTokenPayload { token expiresAt }"
    given = {
        "organization": session.named_organization,
        "role": role.upper() if role else None,
        "expiresAt": moment(expires).isoformat() if expires else None,
    }
    made = session.mutate("createApiToken", payload, name=name, **given)
    limits = [f"in {given['organization']}"] if given["organization"] else []
    limits += [f"as {given['role']}"] if given["role"] else []
    limits += [f"until {minute(made['expiresAt'])}"] if made["expiresAt"] else []
    session.tell(f"The token {' '.join([name, *limits])} (shown only once):")
    if session.output.is_table:
        session.output.text(made["token"])
    else:
        session.output.data({"name": name, "token": made["token"], "expiresAt": made["expiresAt"]}, [name])


@remote(token, "ls")
def ls(session: Session) -> None:
    """List your API tokens by name."""
    columns = {
        "NAME": lambda row: row["name"],
        "ORGANIZATION": lambda row: row["organization"],
        "ROLE": lambda row: row["role"],
        "AGE": lambda row: ago(row["createdAt"]),
        "EXPIRES": lambda row: minute(row["expiresAt"]),
        "USED": lambda row: f"{ago(row['lastUsedAt'])} ago" if row["lastUsedAt"] else "never",
    }
    session.output.listing(session.ask(_LIST)["apiTokens"], columns, name=lambda row: str(row["name"]))


@remote(token, "revoke")
def revoke(session: Session, name: TokenName, yes: Yes = False) -> None:
    """Revoke an API token. Requests with it are refused from now on."""
    confirm_name(f"The token {name} will be revoked.", name, yes=yes)
    session.mutate("revokeApiToken", "... on RevokeApiTokenPayload { name }", name=name)
    session.tell(f"Token {name} revoked.")


def moment(text: str) -> datetime:
    """Parses a duration, a day or a timestamp. Raises Failure if it is none of these."""
    if span := _SPAN.fullmatch(text):
        return datetime.now(UTC) + timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise usage(f"Invalid duration: {text!r}.", "Use 12h, 30d, 8w, or a day such as 2030-01-31.") from None
    return moment.astimezone()
