"""`polyhelm window`: when targets may move to another generation."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.failure import usage
from cli.output import Columns, fields, minute, table_lines
from cli.session import Session
from cli.terminal import confirm_name

window = typer.Typer(help="Change windows: when targets may move to another generation.", no_args_is_help=True)


class Kind(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


class OverrideRole(StrEnum):
    DEPLOYER = "deployer"
    ADMIN = "admin"
    NONE = "none"


Name = Annotated[str, typer.Argument(help="A window's name.", autocompletion=names.windows, metavar="NAME")]
Rule = Annotated[
    str | None,
    typer.Option(help="When it opens: a recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO,TU."),
]
Starts = Annotated[
    str | None, typer.Option(help="The first opening as local time, such as 2026-01-05T09:00.", metavar="TIME")
]
Duration = Annotated[str | None, typer.Option(help="How long it is open each time, such as 90m, 8h or 14d.")]
TimeZone = Annotated[str | None, typer.Option(help="The time zone of --starts, such as Europe/Paris.", metavar="ZONE")]
Group = Annotated[
    str | None,
    typer.Option(help="The group whose deployments it holds; '' for all.", autocompletion=names.groups),
]
Cluster = Annotated[
    str | None,
    typer.Option(help="The cluster whose targets it holds; '' for all.", autocompletion=names.clusters),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(help="It applies only to clusters with this label; repeatable; '' removes it.", metavar="KEY=VALUE"),
]
BlocksRollback = Annotated[
    bool | None, typer.Option("--blocks-rollback/--lets-rollback", help="Whether it also holds rollbacks.")
]
Override = Annotated[
    OverrideRole | None, typer.Option(help="The role whose users may let a change pass in spite of it.")
]
Reason = Annotated[str | None, typer.Option(help="A text for users whose changes wait; '' removes it.")]

_SHOWN = 5
_FIELDS = """id name kind rule starts timeZone duration selector blocksRollback overrideRole reason version
  group { name } cluster { name }"""
_LIST = f"""query ($organization: String, $first: Int, $after: String, $start: DateTime!, $end: DateTime!) {{
  changeWindows(organization: $organization, first: $first, after: $after) {{
    nodes {{ {_FIELDS} occurrences(start: $start, end: $end) {{ start end }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_STATUS = """query ($organization: String, $first: Int, $after: String, $search: String) {
  clusters(organization: $organization, first: $first, after: $after, search: $search) {
    nodes { name group { name } window { closed reason nextOpen nextClose windows { name } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
_PAYLOAD = f"... on ChangeWindowPayload {{ changeWindow {{ {_FIELDS} }} }}"


@remote(window, "ls")
def ls(session: Session) -> None:
    """List change windows by name, with their next opening in the next 400 days."""
    rows = _all(session)
    if not rows:
        session.tell("There are no change windows. Add one: polyhelm window create NAME --help")
    columns = {
        "NAME": lambda row: row["name"],
        "KIND": lambda row: row["kind"],
        "SCOPE": _scope,
        "RULE": lambda row: row["rule"],
        "STARTS": lambda row: f"{row['starts']} {row['timeZone']}",
        "DURATION": lambda row: row["duration"],
        "NEXT": lambda row: minute(row["occurrences"][0]["start"]) if row["occurrences"] else None,
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(window, "show")
def show(session: Session, name: Name) -> None:
    """Show a change window, and when it opens next."""
    found = _one(session, name)
    if not session.output.is_table:
        session.output.data(found, [name])
        return
    session.output.text(
        fields(
            {
                "Name": found["name"],
                "Kind": found["kind"],
                "Scope": _scope(found),
                "Rule": found["rule"],
                "Starts": f"{found['starts']} {found['timeZone']}",
                "Duration": found["duration"],
                "Holds rollbacks": "yes" if found["blocksRollback"] else "no",
                "Override": found["overrideRole"].lower(),
                "Reason": found["reason"],
            }
        )
    )
    columns: Columns = {"OPENS": lambda each: minute(each["start"]), "CLOSES": lambda each: minute(each["end"])}
    session.output.text("\n".join(table_lines(found["occurrences"][:_SHOWN], columns)))


@remote(window, "create")
def create(
    session: Session,
    name: Name,
    kind: Annotated[Kind, typer.Option(help="Whether changes are allowed or denied while it is open.")],
    rule: Annotated[str, typer.Option(help="When it opens: a recurrence rule of RFC 5545.")],
    starts: Annotated[str, typer.Option(help="The first opening as local time.", metavar="TIME")],
    duration: Annotated[str, typer.Option(help="How long it is open each time, such as 90m, 8h or 14d.")],
    time_zone: TimeZone = "UTC",
    group: Group = None,
    cluster: Cluster = None,
    label: Labels = None,
    blocks_rollback: BlocksRollback = None,
    override_role: Override = None,
    reason: Reason = None,
) -> None:
    """Create a change window. Changes that have begun continue."""
    given = {"name": name, "version": 0, "kind": kind, "rule": rule, "starts": starts, "duration": duration}
    given |= _given(time_zone, group, cluster, label, blocks_rollback, override_role, reason)
    _set(session, given, "created")


@remote(window, "update")
def update(
    session: Session,
    name: Name,
    kind: Annotated[Kind | None, typer.Option(help="Whether changes are allowed or denied while it is open.")] = None,
    rule: Rule = None,
    starts: Starts = None,
    duration: Duration = None,
    time_zone: TimeZone = None,
    group: Group = None,
    cluster: Cluster = None,
    label: Labels = None,
    blocks_rollback: BlocksRollback = None,
    override_role: Override = None,
    reason: Reason = None,
) -> None:
    """Change the given fields of a change window."""
    changed = {"kind": kind, "rule": rule, "starts": starts, "duration": duration}
    changed = {field: value for field, value in changed.items() if value is not None}
    changed |= _given(time_zone, group, cluster, label, blocks_rollback, override_role, reason)
    if not changed:
        raise usage("There is nothing to change.", f"Name a field: polyhelm window update {name} --help")
    found = _one(session, name)
    present = {field: found[field] for field in ("name", "kind", "rule", "starts", "duration", "timeZone", "selector")}
    present |= {field: found[field] for field in ("blocksRollback", "overrideRole", "reason", "version")}
    present |= {field: found[field] and found[field]["name"] for field in ("group", "cluster")}
    _set(session, present | changed, "changed")


@remote(window, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a change window. Changes that it alone holds begin."""
    found = _one(session, name)
    confirm_name(f"The change window {name} will be deleted.", name, yes=yes)
    session.mutate("deleteChangeWindow", "... on DeleteChangeWindowPayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


@remote(window, "override")
def override(
    session: Session,
    operation: Annotated[
        str, typer.Argument(help="An operation's ID, as `polyhelm operation ls` prints it.", metavar="ID")
    ],
    reason: Annotated[str, typer.Option(help="Why the change cannot wait. It is recorded in the audit log.")],
) -> None:
    """Let an operation pass although change windows hold it now. Needs the override role of the windows."""
    session.mutate("overrideChangeWindows", "... on OperationPayload { operation { id } }", id=operation, reason=reason)
    session.tell(f"{operation} passes.")


@remote(window, "status")
def status(
    session: Session,
    cluster: Annotated[
        str | None,
        typer.Argument(help="Only this cluster.", autocompletion=names.clusters, metavar="CLUSTER"),
    ] = None,
) -> None:
    """Show for each cluster whether targets may move now, and when that changes."""
    rows = [row for row in session.pages(_STATUS, search=cluster) if cluster in (None, row["name"])]
    if cluster is not None and not rows:
        raise usage(f"There is no cluster {cluster!r}.", "List clusters: polyhelm cluster ls")
    columns = {
        "CLUSTER": lambda row: row["name"],
        "GROUP": lambda row: row["group"] and row["group"]["name"],
        "CHANGES": lambda row: "held" if row["window"]["closed"] else "allowed",
        "UNTIL": lambda row: minute(row["window"]["nextOpen" if row["window"]["closed"] else "nextClose"]),
        "WINDOWS": lambda row: ", ".join(each["name"] for each in row["window"]["windows"]),
        "REASON": lambda row: row["window"]["reason"],
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


def _all(session: Session) -> list[Any]:
    start = datetime.now(UTC)
    return list(session.pages(_LIST, start=start.isoformat(), end=(start + timedelta(days=400)).isoformat()))


def _one(session: Session, name: str) -> Any:
    found = next((row for row in _all(session) if row["name"] == name), None)
    if found is None:
        raise usage(f"There is no change window {name!r}.", "List change windows: polyhelm window ls")
    return found


def _set(session: Session, given: dict[str, Any], done: str) -> None:
    given["kind"] = given["kind"].upper()
    made = session.mutate("setChangeWindow", _PAYLOAD, organization=session.organization, **given)["changeWindow"]
    session.tell(f"{made['name']} {done}.")
    if not session.output.is_table:
        session.output.data(made, [made["name"]])


def _given(
    time_zone: str | None,
    group: str | None,
    cluster: str | None,
    labels: list[str] | None,
    blocks_rollback: bool | None,
    override: OverrideRole | None,
    reason: str | None,
) -> dict[str, Any]:
    """The optional fields that are given, as the API takes them; an empty text removes a field."""
    found: dict[str, Any] = {"timeZone": time_zone, "blocksRollback": blocks_rollback}
    found = {field: value for field, value in found.items() if value is not None}
    texts = {"group": group, "cluster": cluster, "reason": reason}
    found |= {field: text or None for field, text in texts.items() if text is not None}
    if labels is not None:
        found["selector"] = {"labels": dict(map(names.label, labels))} if labels != [""] else None
    if override is not None:
        found["overrideRole"] = override.upper()
    return found


def _scope(row: Any) -> str:
    scope = f"group {row['group']['name']}" if row["group"] else "organization"
    scope = f"cluster {row['cluster']['name']}" if row["cluster"] else scope
    return f"{scope}, some clusters" if row["selector"] else scope
