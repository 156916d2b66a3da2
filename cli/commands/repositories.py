"""`polyhelm repo`: chart repositories."""

import sys
from typing import Annotated, Any

import typer

from cli import names
from cli.command import Yes, remote
from cli.failure import Failure
from cli.output import ago
from cli.session import Session
from cli.terminal import confirm_name

repo = typer.Typer(help="Chart repositories.", no_args_is_help=True)

RepositoryName = Annotated[
    str, typer.Argument(help="A repository's name.", autocompletion=names.repositories, metavar="REPOSITORY")
]

_FIELDS = "id name url kind refreshedAt error"
_LIST = f"query ($organization: String) {{ chartRepositories(organization: $organization) {{ {_FIELDS} }} }}"
_PAYLOAD = f"... on ChartRepositoryPayload {{ chartRepository {{ {_FIELDS} }} }}"


@remote(repo, "add")
def add(
    session: Session,
    name: Annotated[str, typer.Argument(help="The name of the repository.", metavar="NAME")],
    url: Annotated[str, typer.Argument(help="https://… or oci://host/path.", metavar="URL")],
    username: Annotated[str | None, typer.Option(help="The user name for the repository.")] = None,
    password: Annotated[
        str | None,
        typer.Option(
            help=(
                "The password for the repository; - reads standard input. With a user name, prompts for it by default."
            ),
            envvar="POLYHELM_REPO_PASSWORD",
        ),
    ] = None,
) -> None:
    """Add an HTTP chart repository or an OCI registry."""
    if username is not None and password is None:
        password = typer.prompt("Password", hide_input=True, err=True)
    made = session.mutate(
        "addChartRepository",
        _PAYLOAD,
        organization=session.organization,
        name=name,
        url=url,
        username=username,
        password=sys.stdin.readline().rstrip("\n") if password == "-" else password,  # noqa: S105 - it stands for none
    )["chartRepository"]
    session.tell(f"Repository {name} added.")
    _answer(session, made)


@remote(repo, "ls")
def ls(session: Session) -> None:
    """List chart repositories by name."""
    rows = session.ask(_LIST)["chartRepositories"]
    if not rows:
        session.tell(
            "There are no repositories. Add one: polyhelm repo add NAME URL, or upload a chart: polyhelm chart push"
        )
    columns = {
        "NAME": lambda row: row["name"],
        "KIND": lambda row: row["kind"],
        "URL": lambda row: row["url"],
        "REFRESHED": lambda row: ago(row["refreshedAt"]),
        "ERROR": lambda row: row["error"],
    }
    session.output.listing(rows, columns, name=lambda row: str(row["name"]))


@remote(repo, "refresh")
def refresh(session: Session, name: RepositoryName) -> None:
    """Refresh the index of a chart repository."""
    changed = session.mutate("refreshChartRepository", _PAYLOAD, id=_find(session, name)["id"])["chartRepository"]
    session.tell(f"{name} could not be read: {changed['error']}" if changed["error"] else f"{name} refreshed.")
    _answer(session, changed)
    if changed["error"]:
        raise typer.Exit(1)


@remote(repo, "rm")
def rm(session: Session, name: RepositoryName, yes: Yes = False) -> None:
    """Remove a chart repository. Charts that deployments use are kept."""
    found = _find(session, name)
    confirm_name(f"The repository {name} will be removed.", name, yes=yes)
    session.mutate("removeChartRepository", "... on RemoveChartRepositoryPayload { id }", id=found["id"])
    session.tell(f"{name} removed.")


def _find(session: Session, name: str) -> Any:
    for row in session.ask(_LIST)["chartRepositories"]:
        if row["name"] == name:
            return row
    raise Failure(f"There is no repository {name!r}.", "List repositories: polyhelm repo ls")


def _answer(session: Session, made: Any) -> None:
    if not session.output.is_table:
        session.output.data(made, [made["name"]])
