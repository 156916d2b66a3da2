"""`polyhelm status` and `polyhelm events`."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from cli import names
from cli.command import ExitCode
from cli.commands.deployments import Status, Statuses, why
from cli.commands.reconciliation import CHANGES, changes_of
from cli.counts import COUNT_FIELDS, drift_counts, health_counts, status_counts, summed
from cli.failure import DIFFERS, usage
from cli.live import looks
from cli.names import deployment_name
from cli.output import Columns, Format, ago, as_yaml, table_lines
from cli.session import Session
from cli.summary import summary_lines
from cli.terminal import coloured, is_capable, printable

_ASTRAY = ", ".join(status for status in Status if status is not Status.DEPLOYED)
_FLEET = f"""query ($organization: String, $first: Int, $after: String, $group: String, $status: [TargetStatus!],
                    $search: String) {{
  deployments(organization: $organization, first: $first, after: $after, group: $group, status: $status,
              search: $search) {{
    nodes {{
      releaseName chart chartVersion generation group {{ name }} {COUNT_FIELDS}
      targets(status: [{_ASTRAY}]) {{
        clusterName status statusSince revision generation valuesRenewed
        reasons {{ code message path desired actual }} error {{ code message output }} activity {{ message }}
      }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_SIZE = """query ($organization: String, $group: String) {
  fleet(organization: $organization, filter: { group: $group }) { clusterCount }
}"""
_PAGE = 40
"""Each of them includes its targets: larger pages would exceed the cost limit of the API."""
_EVENTS = """query ($organization: String, $first: Int, $after: String) {
  events(organization: $organization, first: $first, after: $after) {
    nodes { cursor at kind actor message data } pageInfo { hasNextPage endCursor }
  }
}"""

_AUDIT = """query ($organization: String, $first: Int, $after: String, $audit: Boolean!, $installation: Boolean!) {
  events(organization: $organization, first: $first, after: $after, audit: $audit, installation: $installation) {
    nodes {
      cursor at kind actor message data origin { outcome mutation via address requestId given }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""

_DEPLOYMENTS: Columns = {
    "DEPLOYMENT": deployment_name,
    "CHART": lambda row: f"{row['chart']} {row['chartVersion']}",
    "GENERATION": lambda row: row["generation"],
    "STATUS": status_counts,
    "HEALTH": health_counts,
}
_TARGETS: Columns = {
    "DEPLOYMENT": lambda row: row["deployment"],
    "CLUSTER": lambda row: row["clusterName"],
    "STATUS": lambda row: row["status"],
    "SINCE": lambda row: ago(row["statusSince"]),
    "WHY": lambda row: why(row, row["wanted"]),
}
_CLOCKED: Columns = _TARGETS | {"SINCE": lambda row: _clock(row["statusSince"])}
"""Formats a target for output that stays until something changes, so with absolute times."""


def status(
    session: Session,
    group: Annotated[
        str | None, typer.Option(help="Only deployments of this group.", autocompletion=names.groups)
    ] = None,
    status: Statuses = None,
    search: Annotated[
        str | None, typer.Option(help="Only deployments with this text in release name or chart.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show changes as they happen, until Ctrl-C.")] = False,
    exit_code: ExitCode = False,
) -> None:
    """Show all deployments, and the targets that do not match the desired state with the reasons."""
    if watch and exit_code:
        raise usage("--watch runs until Ctrl-C and cannot be combined with --exit-code.")
    session.tell_wait("Checking the status", session.ask(_SIZE, group=group)["fleet"]["clusterCount"])

    def look() -> list[Any]:
        rows = session.pages(_FLEET, size=_PAGE, group=group, search=search, status=status)
        return sorted(rows, key=deployment_name)

    if watch:
        return _watch(session, look)
    rows = look()
    if not rows:
        session.tell_none("Nothing is deployed. Start with: polyhelm deploy apply -f FILE", group, status, search)
    if session.output.is_table:
        session.output.text("\n\n".join(_parts(rows, verbose=session.verbose)))
    else:
        session.output.data(rows, [deployment_name(row) for row in rows])
    if exit_code and any(row["targets"] for row in rows):
        raise typer.Exit(DIFFERS)
    return None


def events(
    session: Session,
    limit: Annotated[int, typer.Option(help="The number of events.", min=0)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new events until Ctrl-C.")] = False,
    export: Annotated[
        bool, typer.Option("--export", help="Print all events with their origins as JSON lines, newest first.")
    ] = False,
    audit: Annotated[
        bool,
        typer.Option("--audit", help="With --export: include mutations that were refused, failed or changed nothing."),
    ] = False,
    installation: Annotated[
        bool, typer.Option("--installation", help="With --export: only events that belong to no organization.")
    ] = False,
) -> None:
    """Show events, newest last."""
    if export:
        for event in session.pages(_AUDIT, audit=audit, installation=installation):
            session.output.text(json.dumps(event, ensure_ascii=False))
        return None
    newest = list(session.pages(_EVENTS, most=limit))
    if not follow and session.output.format in (Format.JSON, Format.YAML):
        return session.output.data(newest[::-1], [])
    _print(session, newest[::-1])
    if not follow:
        return None
    last = newest[0]["cursor"] if newest else _newest_cursor(session)

    def look() -> list[Any]:
        return _after(session, last)

    try:
        for new in looks(session.client, CHANGES, changes_of(session), look):
            last = new[-1]["cursor"] if new else last
            _print(session, new)
    except KeyboardInterrupt:
        return None


def _parts(rows: list[Any], columns: Columns = _TARGETS, *, verbose: bool) -> list[str]:
    """Returns all deployments, the targets that do not match, and the number of targets by status."""
    if not rows:
        return []
    targets = [
        {**target, "deployment": deployment_name(row), "wanted": row["generation"]}
        for row in rows
        for target in row["targets"]
    ]
    total = summed(rows)
    # The most urgent first, as in the table of targets.
    total["statusCounts"].sort(key=lambda each: list(Status).index(each["status"]))
    summary = [f"{len(rows)} {'deployment' if len(rows) == 1 else 'deployments'}: {status_counts(total)}"]
    states = {"Health": health_counts(total), "Drift of live objects": drift_counts(total)}
    summary += [f"{title}: {text}" for title, text in states.items() if text]
    tables = ["\n".join(table_lines(rows, _DEPLOYMENTS)), "\n".join(summary_lines(targets, columns, verbose=verbose))]
    return [*filter(None, tables), "\n".join(summary)]


def _watch(session: Session, look: Callable[[], list[Any]]) -> None:
    """Shows a table that is updated on a terminal, and printed again at each change elsewhere."""
    seen = looks(session.client, CHANGES, changes_of(session), look)
    try:
        if session.output.is_table and is_capable(sys.stdout):
            return _live(seen, verbose=session.verbose)
        before = None
        for rows in seen:
            if rows != before:
                if session.output.is_table:
                    session.output.text("\n\n".join([*_parts(rows, verbose=session.verbose), ""]))
                else:
                    session.output.data(rows, [deployment_name(row) for row in rows])
            before = rows
    except KeyboardInterrupt:
        return None


def _live(seen: Iterator[list[Any]], *, verbose: bool) -> None:
    """Problems come first, so that they are visible on a small terminal."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    # Drawn only by this thread, and only after a change.
    with Live(console=Console(), auto_refresh=False, vertical_overflow="ellipsis") as live:
        for rows in seen:
            text = "\n\n".join(_parts(rows, _CLOCKED, verbose=verbose)[::-1]) or "Nothing is deployed."
            live.update(Text.from_ansi(coloured(printable(text)), no_wrap=True, overflow="ellipsis"), refresh=True)


def _print(session: Session, found: list[Any]) -> None:
    """Prints one line for each event, also as JSON, because a stream has no end."""
    for event in found:
        if session.output.format is Format.JSON:
            line = json.dumps(event, ensure_ascii=False)
        elif session.output.format is Format.YAML:
            line = "---\n" + as_yaml(event).rstrip("\n")
        elif session.output.format is Format.NAME:
            line = event["cursor"]
        else:
            at = datetime.fromisoformat(event["at"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
            line = f"{at}  {event['kind']:<22}  {event['actor'] or '-':<12}  {event['message']}"
        session.output.text(line)


def _clock(moment: str) -> str:
    at = datetime.fromisoformat(moment).astimezone()
    return at.strftime("%H:%M:%S" if at.date() == datetime.now(at.tzinfo).date() else "%Y-%m-%d")


def _newest_cursor(session: Session) -> str | None:
    return next((event["cursor"] for event in session.pages(_EVENTS, most=1)), None)


def _after(session: Session, cursor: str | None) -> list[Any]:
    """Returns the events after a cursor, oldest first."""
    new = []
    for event in session.pages(_EVENTS):
        if event["cursor"] == cursor:
            break
        new.append(event)
    return new[::-1]
