"""`polyhelm schedule`: times at which workflows are started."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.commands.workflows import parameter_of
from cli.failure import usage
from cli.output import ago, fields, minute
from cli.session import Session
from cli.terminal import confirm_name

schedule = typer.Typer(help="Schedules: times at which workflows are started.", no_args_is_help=True)


class Overlap(StrEnum):
    SKIP = "skip"
    QUEUE_ONE = "queue-one"


Name = Annotated[str, typer.Argument(help="A schedule's name.", autocompletion=names.schedules, metavar="NAME")]

_FIELDS = """id name description cron timeZone meaning parameters workflowId overlap catchUp isPaused owner
  nextAt queuedAt version workflow { name } last { at outcome message }"""
_LIST = f"""query ($organization: String, $workflow: String, $first: Int, $after: String) {{
  workflowSchedules(organization: $organization, workflow: $workflow, first: $first, after: $after) {{
    nodes {{ {_FIELDS} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_ONE = f"""query ($organization: String, $name: String!) {{
  workflowSchedule(organization: $organization, name: $name) {{
    {_FIELDS} nextTimes runs(first: 5) {{ nodes {{ id state scheduledAt }} }}
  }}
}}"""
_PAYLOAD = f"... on WorkflowSchedulePayload {{ schedule {{ {_FIELDS} }} }}"


@remote(schedule, "ls")
def ls(
    session: Session,
    workflow: Annotated[
        str | None, typer.Option(help="Only those of this workflow.", autocompletion=names.workflows, metavar="NAME")
    ] = None,
) -> None:
    """List schedules by name, with their next time and what came of the last one."""
    rows = list(session.pages(_LIST, workflow=workflow))
    if not rows:
        session.tell("There are no schedules. Add one: polyhelm schedule set NAME --workflow WORKFLOW --cron '@daily'")
    columns = {
        "NAME": lambda row: row["name"],
        "WORKFLOW": lambda row: row["workflow"] and row["workflow"]["name"],
        "CRON": lambda row: row["cron"],
        "TIME ZONE": lambda row: row["timeZone"],
        "NEXT": _next,
        "LAST": lambda row: row["last"] and ago(row["last"]["at"]),
        "OUTCOME": lambda row: row["last"] and row["last"]["outcome"],
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(schedule, "show")
def show(session: Session, name: Name) -> None:
    """Show a schedule, its next times and its latest runs."""
    found = _one(session, name)
    if not session.output.is_table:
        session.output.data(found, [name])
        return
    last = found["last"]
    session.output.text(
        fields(
            {
                "Name": found["name"],
                "Description": found["description"],
                "Workflow": found["workflow"] and found["workflow"]["name"],
                "Cron": f"{found['cron']} ({found['meaning']})",
                "Time zone": found["timeZone"],
                "Parameters": ", ".join(found["parameters"]) or None,
                "Workflow id": found["workflowId"],
                "Overlap": found["overlap"],
                "Catch-up": found["catchUp"],
                "Owner": found["owner"],
                "Last": last and f"{minute(last['at'])} {last['outcome']} {last['message'] or ''}".rstrip(),
                "Next": ", ".join(minute(at) or "" for at in found["nextTimes"]) or _next(found),
                "Queued": minute(found["queuedAt"]),
            }
        )
    )
    columns = {
        "RUN": lambda row: row["id"],
        "STATE": lambda row: row["state"],
        "TIME": lambda row: minute(row["scheduledAt"]),
    }
    if runs := found["runs"]["nodes"]:
        session.output.listing(runs, columns, name=lambda row: str(row["id"]))


@remote(schedule, "set")
def set_(
    session: Session,
    name: Name,
    workflow: Annotated[
        str | None, typer.Option(help="The workflow that is started.", autocompletion=names.workflows, metavar="NAME")
    ] = None,
    cron: Annotated[
        str | None,
        typer.Option(help="When: minute, hour, day, month, day of the week, such as '30 2 * * mon-fri', or @daily."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="The time zone, such as Europe/Paris. Default: UTC.", metavar="ZONE")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", "-p", help="A parameter of the runs; the value is JSON or a string.", metavar="NAME=VALUE"
        ),
    ] = None,
    workflow_id: Annotated[
        str | None, typer.Option("--id", help="What the runs are about. Default: the schedule's name.", metavar="ID")
    ] = None,
    overlap: Annotated[
        Overlap | None, typer.Option(help="What happens if a run is in progress. Default: skip.")
    ] = None,
    catch_up: Annotated[
        str | None, typer.Option(help="How late a run may start, such as 10m. Default: 1h.", metavar="DURATION")
    ] = None,
    description: Annotated[str | None, typer.Option(help="A description.", metavar="TEXT")] = None,
) -> None:
    """Create a schedule, or change the given fields of one. You become its owner: its runs have your permissions."""
    found = session.ask(_ONE, organization=session.organization, name=name)["workflowSchedule"]
    given: dict[str, Any] = {"name": name, "version": 0}
    if found is None and (workflow is None or cron is None):
        raise usage(
            f"There is no schedule {name!r} yet, and a new one needs a workflow and times.",
            f"Add --workflow and --cron: polyhelm schedule set {name} --workflow WORKFLOW --cron '@daily'",
        )
    if found is not None:
        same = ("cron", "timeZone", "parameters", "workflowId", "overlap", "catchUp", "isPaused", "description")
        given |= {field: found[field] for field in (*same, "version")} | {"workflow": found["workflow"]["name"]}
    changed = {"workflow": workflow, "cron": cron, "timeZone": time_zone, "workflowId": workflow_id}
    changed |= {"catchUp": catch_up, "description": description}
    given |= {field: value for field, value in changed.items() if value is not None}
    if overlap is not None:
        given["overlap"] = overlap.name
    if parameter is not None:
        given["parameters"] = dict(map(parameter_of, parameter))
    made = session.mutate("saveSchedule", _PAYLOAD, organization=session.organization, **given)["schedule"]
    session.tell(f"{name}: {made['meaning']} ({made['timeZone']}). Next: {_next(made)}.")
    if not session.output.is_table:
        session.output.data(made, [name])


@remote(schedule, "pause")
def pause(session: Session, name: Name) -> None:
    """Start no runs until the schedule is resumed. A run in progress continues."""
    session.mutate("pauseSchedule", _PAYLOAD, id=_one(session, name)["id"])
    session.tell(f"{name} is paused. Resume it: polyhelm schedule resume {name}")


@remote(schedule, "resume")
def resume(session: Session, name: Name) -> None:
    """Start runs again from the next time on."""
    made = session.mutate("resumeSchedule", _PAYLOAD, id=_one(session, name)["id"])["schedule"]
    session.tell(f"{name} is resumed. Next: {_next(made)}.")


@remote(schedule, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete a schedule. A run that it has started continues."""
    found = _one(session, name)
    confirm_name(f"The schedule {name} will be deleted.", name, yes=yes)
    session.mutate("deleteSchedule", "... on DeleteSchedulePayload { id }", id=found["id"])
    session.tell(f"{name} deleted.")


def _one(session: Session, name: str) -> Any:
    found = session.ask(_ONE, organization=session.organization, name=name)["workflowSchedule"]
    if found is None:
        raise usage(f"There is no schedule {name!r}.", "List schedules: polyhelm schedule ls")
    return found


def _next(row: Any) -> str:
    return "paused" if row["isPaused"] else minute(row["nextAt"]) or "never"
