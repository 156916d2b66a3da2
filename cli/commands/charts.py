"""`polyhelm chart`: charts that can be deployed."""

import base64
import io
import sys
import tarfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import names
from cli.command import remote
from cli.failure import Failure, usage
from cli.output import as_yaml, fields, table_lines
from cli.session import Session
from cli.terminal import printable

chart = typer.Typer(help="Charts that can be deployed.", no_args_is_help=True)

_LIST = """query ($organization: String, $search: String) {
  charts(organization: $organization, search: $search) {
    repository name description versions { version appVersion deprecated }
  }
}"""
_ONE = """query ($organization: String, $repository: String!, $name: String!) {
  chart(organization: $organization, repository: $repository, name: $name) {
    repository name description versions { version appVersion deprecated }
  }
}"""
_VERSION = """query ($organization: String, $repository: String!, $name: String!, $version: String) {
  chart(organization: $organization, repository: $repository, name: $name) {
    repository name description version(version: $version) { version appVersion deprecated digest %s }
  }
}"""


class Content(StrEnum):
    VALUES = "values"
    README = "readme"
    SCHEMA = "schema"


_FIELD = {Content.VALUES: "defaultValues", Content.README: "readme", Content.SCHEMA: "valuesSchema"}


@remote(chart, "search")
def search(
    session: Session,
    text: Annotated[
        str | None, typer.Argument(help="Only charts with this text in name or description.", metavar="TEXT")
    ] = None,
) -> None:
    """List charts by name, with their newest versions."""
    rows = session.ask(_LIST, search=text)["charts"]
    if not rows:
        session.tell_none("There are no charts. Add a repository: polyhelm repo add NAME URL", text)
    columns = {
        "CHART": lambda row: f"{row['repository']}/{row['name']}",
        "VERSION": lambda row: row["versions"][0]["version"] if row["versions"] else None,
        "APP": lambda row: row["versions"][0]["appVersion"] if row["versions"] else None,
        "DESCRIPTION": lambda row: row["description"],
    }
    session.output.listing(rows, columns, name=lambda row: f"{row['repository']}/{row['name']}")


@remote(chart, "show")
def show(
    session: Session,
    name: Annotated[str, typer.Argument(help="A chart.", autocompletion=names.charts, metavar="REPOSITORY/NAME")],
    content: Annotated[Content | None, typer.Argument(help="The contents to print.")] = None,
    version: Annotated[str | None, typer.Option(help="The version.", show_default="the newest")] = None,
) -> None:
    """Show the versions of a chart, or the contents of a version."""
    repository, slash, chart_name = name.partition("/")
    if not slash:
        raise usage(f"{name!r} is not a valid chart name.", "Use REPOSITORY/NAME: polyhelm chart show REPOSITORY/NAME")
    missing, look = f"There is no chart {name!r}.", "List charts: polyhelm chart search"
    if content is None and version is None:
        found = session.find(_ONE, missing, look, repository=repository, name=chart_name)
    else:
        query = _VERSION % (_FIELD[content] if content else "")
        found = session.find(query, missing, look, repository=repository, name=chart_name, version=version)
        one = found.pop("version")
        if one is None:
            raise Failure(
                f"{name} has no version {version or 'that is stable'}.", f"List versions: polyhelm chart show {name}"
            )
        if content is not None:
            return _print(session, content, one[_FIELD[content]])
        found["versions"] = [one]
    if not session.output.is_table:
        return session.output.data(found, [name])
    columns = {
        "VERSION": lambda row: row["version"],
        "APP": lambda row: row["appVersion"],
        "DEPRECATED": lambda row: "yes" if row["deprecated"] else None,
    }
    facts = fields({"Chart": name, "Description": found["description"]})
    return session.output.text("\n".join([facts, "", *table_lines(found["versions"], columns)]))


@remote(chart, "push")
def push(
    session: Session,
    path: Annotated[
        Path, typer.Argument(help="A packaged chart, or a directory with a chart.", metavar="PATH", exists=True)
    ],
    repository: Annotated[
        str,
        typer.Argument(
            help="The upload repository. It is created if it does not exist.",
            autocompletion=names.repositories,
            metavar="REPOSITORY",
        ),
    ],
) -> None:
    """Upload a chart."""
    made = session.mutate(
        "uploadChart",
        "... on UploadChartPayload { chart { repository name } version digest }",
        organization=session.organization,
        repository=repository,
        archive=base64.b64encode(_packaged(path) if path.is_dir() else path.read_bytes()).decode(),
    )
    name = f"{repository}/{made['chart']['name']}"
    session.tell(f"{name} {made['version']} uploaded.")
    if not session.output.is_table:
        session.output.data({"chart": name, "version": made["version"], "digest": made["digest"]}, [name])


def _print(session: Session, content: Content, held: object) -> None:
    """Returns the text as written in the chart. A schema, which is stored parsed, is returned as YAML."""
    if not held:
        return session.tell(f"The chart has no {content}.")
    text = (held if isinstance(held, str) else as_yaml(held)).rstrip("\n")
    return typer.echo(printable(text) if sys.stdout.isatty() else text)  # to a file as the chart has it


def _packaged(folder: Path) -> bytes:
    """Packages a chart directory as Helm does, in one top-level directory of its name, without owners."""
    import yaml

    try:
        name = yaml.safe_load((folder / "Chart.yaml").read_text())["name"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise usage(f"{folder} is not a chart: it has no Chart.yaml with a name.") from None
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = tarfile.TarInfo(f"{name}/{path.relative_to(folder).as_posix()}")
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    archive.addfile(entry, file)
    return packed.getvalue()
