"""`polyhelm role`: roles in an organization and its groups."""

from typing import Annotated, Any

import typer

from cli import names
from cli.command import Role, Yes, remote
from cli.output import fields
from cli.session import Session
from cli.terminal import confirm

role = typer.Typer(help="Roles of users.", no_args_is_help=True)


UserName = Annotated[str, typer.Argument(help="A user's name.", metavar="USER")]
Group = Annotated[
    str | None,
    typer.Option(help="The group in which the role applies.", autocompletion=names.groups, metavar="GROUP"),
]

_FIELDS = "user role groupRoles { group role }"
_LIST = f"""query ($organization: String, $first: Int, $after: String) {{
  members(organization: $organization, first: $first, after: $after) {{
    nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_PAYLOAD = f"... on RolePayload {{ member {{ {_FIELDS} }} }}"


@remote(role, "ls")
def ls(session: Session) -> None:
    """List the members of the organization with their roles."""
    columns = {
        "USER": lambda row: row["user"],
        "ROLE": lambda row: row["role"],
        "IN GROUPS": lambda row: ", ".join(f"{found['group']} {found['role']}" for found in row["groupRoles"]),
    }
    session.output.listing(list(session.pages(_LIST)), columns, name=lambda row: str(row["user"]))


@remote(role, "grant")
def grant(
    session: Session,
    user: UserName,
    role: Annotated[Role, typer.Argument(help="The role. In a group, it can be `approver` or `deployer`.")],
    group: Group = None,
) -> None:
    """Grant a user a role in the organization, which replaces the present one, or in a group."""
    _set(session, user, group, role.upper())


@remote(role, "revoke")
def revoke(session: Session, user: UserName, group: Group = None, yes: Yes = False) -> None:
    """Revoke the role of a user. Without a role in the organization, they have no access to it."""
    where = f"the group {group}" if group else "the organization and all of its groups"
    confirm(f"{user} will lose the role in {where}. Continue?", yes=yes)
    _set(session, user, group, None)


def _set(session: Session, user: str, group: str | None, role: str | None) -> None:
    given = {"organization": session.organization, "user": user, "role": role, "group": group}
    member = session.mutate("setRole", _PAYLOAD, **given)["member"]
    if not session.output.is_table:
        session.output.data(member, [user])
    elif member is None:
        session.tell(f"{user} no longer has a role there.")
    else:
        _tell(session, member)


def _tell(session: Session, member: Any) -> None:
    groups = [f"{found['group']} {found['role']}" for found in member["groupRoles"]]
    session.output.text(fields({"User": member["user"], "Role": member["role"], "In groups": ", ".join(groups)}))
