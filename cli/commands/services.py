"""`polyhelm service`: definitions of services, and routes between their versions."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.definitions import Files, Revision, list_revisions, print_definition
from cli.failure import Failure, usage
from cli.files import contents
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

service = typer.Typer(
    help="Services: versions of a chart, and the upgrades between them. Instances on clusters do not exist yet.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="A service's name.", autocompletion=names.services, metavar="NAME")]
_STORED = "stored { id revision updatedAt current { author } }"
_FIELDS = f"name description isShipped {_STORED} versions {{ version state }} warnings {{ version from to message }}"
_LIST = f"query ($organization: String) {{ services(organization: $organization) {{ {_FIELDS} }} }}"
_ONE = f"""query ($organization: String, $name: String!) {{
  service(organization: $organization, name: $name) {{ {_FIELDS} definition }}
}}"""
_EARLIER = """query ($organization: String, $name: String!, $number: Int!) {
  service(organization: $organization, name: $name) {
    name stored { revision revisionByNumber(number: $number) { number author createdAt definition } }
  }
}"""
_REVISIONS = """query ($organization: String, $name: String!) {
  service(organization: $organization, name: $name) {
    stored { revisions(first: 100) { nodes { number author createdAt } } }
  }
}"""
_ID = """query ($organization: String, $name: String!) {
  service(organization: $organization, name: $name) { isShipped stored { id } }
}"""
_ROUTES = """query ($organization: String, $name: String!, $from: String!, $to: String) {
  service(organization: $organization, name: $name) {
    routes(from: $from, to: $to) {
      target irreversibleAfter disruptive
      hops { from to edge { direction before after disruptive irreversible } }
      blockedBy { kind message versions }
    }
  }
}"""
_PAYLOAD = f"... on ServicePayload {{ service {{ {_FIELDS} }} }}"


@remote(service, "ls")
def ls(session: Session) -> None:
    """List the services by name."""
    columns = {
        "NAME": lambda row: row["name"],
        "NEWEST": lambda row: _newest(row),
        "SHIPPED": lambda row: "yes" if row["isShipped"] else "no",
        "REVISION": lambda row: row["stored"] and row["stored"]["revision"],
        "AGE": lambda row: row["stored"] and ago(row["stored"]["updatedAt"]),
        "WARNINGS": lambda row: len(row["warnings"]),
        "DESCRIPTION": lambda row: row["description"],
    }
    rows = session.ask(_LIST)["services"]
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(service, "show")
def show(session: Session, name: Name, revision: Revision = None) -> None:
    """Print the definition of a service."""
    if revision is None:
        found = _one(session, _ONE, name)
        print_definition(session, "service", found, found, None)
        return
    found = _one(session, _EARLIER, name, number=revision)
    print_definition(session, "service", found, found["stored"] and found["stored"]["revisionByNumber"], revision)


@remote(service, "routes")
def routes(
    session: Session,
    name: Name,
    source: Annotated[str, typer.Option("--from", help="The version that runs now.", metavar="VERSION")],
    target: Annotated[
        str | None, typer.Option("--to", help="The wanted version.", metavar="VERSION", show_default="all")
    ] = None,
) -> None:
    """List the best routes from a version to all others, or to one. Exits with 1 if there is no route to that one."""
    given = {"from": source, "to": target}
    found = _one(session, _ROUTES, name, **given)["routes"]
    blockers = [blocker["message"] for one in found for blocker in one["blockedBy"]]
    if blockers and session.output.is_table:
        hint = f"List the versions that can be reached: polyhelm service routes {name} --from {source}"
        raise Failure(" ".join(blockers), hint)
    columns = {
        "TARGET": lambda row: row["target"],
        "HOPS": lambda row: " → ".join([source, *(hop["to"] for hop in row["hops"])]),
        "DISRUPTIVE": lambda row: "yes" if row["disruptive"] else "no",
        "NO WAY BACK AFTER": _last_way_back,
    }
    if not found:
        session.tell(f"No version can be reached from {source}.")
    session.output.listing(found, columns, name=lambda row: str(row["target"]))
    if blockers:
        raise typer.Exit(1)


@remote(service, "history")
def history(session: Session, name: Name) -> None:
    """List the latest 100 revisions of a service, newest first."""
    stored = _one(session, _REVISIONS, name)["stored"]
    if stored is None:
        session.tell(f"{name} ships with Polyhelm and has no revisions.")
    list_revisions(session, stored["revisions"]["nodes"] if stored else [])


@remote(service, "apply")
def apply(session: Session, file: Files) -> None:
    """Check and save the definitions in files. All files are read before any service is saved. Services that are in no
    file stay."""
    made = []
    for text, source in contents(file):
        answer = session.mutate("saveServiceDefinition", _PAYLOAD, organization=session.organization, definition=text)
        saved = answer["service"]
        made.append(saved)
        session.tell(f"{source}: {saved['name']} is at revision {saved['stored']['revision']}.")
        for warning in saved["warnings"]:
            session.tell(f"{source}: Warning: {warning['message']}")
    if not session.output.is_table:
        session.output.data(made, [row["name"] for row in made])


@remote(service, "rm")
def rm(session: Session, name: Name, yes: Yes = False) -> None:
    """Delete the organization's definition of a service with all its revisions. A shipped one applies again."""
    found = _one(session, _ID, name)
    if found["stored"] is None:
        raise usage(f"{name} ships with Polyhelm and cannot be deleted.", "List services: polyhelm service ls")
    confirm_name(f"The service {name} will be deleted with all its revisions.", name, yes=yes)
    session.mutate("deleteServiceDefinition", "... on DeleteServiceDefinitionPayload { id }", id=found["stored"]["id"])
    session.tell(
        f"{name} deleted. The definition that ships with Polyhelm applies."
        if found["isShipped"]
        else f"{name} deleted."
    )


def _newest(row: Mapping[str, Any]) -> str | None:
    return next((one["version"] for one in row["versions"] if one["state"] == "OFFERED"), None)


def _last_way_back(row: Mapping[str, Any]) -> str | None:
    after = row["irreversibleAfter"]
    return None if after is None else str(row["hops"][after]["from"])


def _one(session: Session, query: str, name: str, **given: Any) -> Any:
    hint = "List services: polyhelm service ls"
    return session.find(query, f"There is no service {name!r}.", hint, name=name, **given)
