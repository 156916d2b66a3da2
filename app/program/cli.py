"""The command line of an installed Polyhelm.

Help and the commands that use the API start fast, because the other commands import what they need only when they run.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.command import Commands
from cli.program import add_commands, run

if TYPE_CHECKING:
    from app.core.settings import Settings

cli = typer.Typer(
    cls=Commands,
    help="Deploys Helm charts to many Kubernetes clusters, from one GraphQL API.",
    no_args_is_help=True,
    add_completion=False,  # `polyhelm completion` does that
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_SERVER = "On the server"

Host = Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="The port to listen on; 0 chooses a free port.", show_default="8000")]
DataDir = Annotated[Path | None, typer.Option(help="The directory for everything that is needed after a restart.")]


def _settings(host: str | None = None, port: int | None = None, data_dir: Path | None = None) -> "Settings":
    from app.core.settings import Settings
    from app.core.telemetry import configure_logging

    given = {"host": host, "port": port, "data_dir": data_dir.resolve() if data_dir else None}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    configure_logging(settings)
    return settings


def _say(text: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(text)


@contextmanager
def _start_errors() -> Iterator[None]:
    """Prints what is missing when a part of Polyhelm cannot start, instead of a traceback."""
    from pydantic import ValidationError

    from app.core.encryption import KeyRingError
    from app.helm.binary import HelmMissingError
    from app.identity.accounts import BootstrapError
    from app.program.demo import DemoError
    from app.program.processes import AddressTakenError, NotConfiguredError

    try:
        yield
    except (AddressTakenError, NotConfiguredError, HelmMissingError, KeyRingError, BootstrapError, DemoError) as error:
        _say(f"[red]{error}[/]")
        raise typer.Exit(2) from None
    except ValidationError as error:
        for problem in error.errors():
            name = "POLYHELM_" + "_".join(str(part) for part in problem["loc"]).upper()
            _say(f"[red]{name}: {problem['msg']}[/]")
        raise typer.Exit(2) from None


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("polyhelm"))  # noqa: T201
        raise typer.Exit


@cli.callback()
def program(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_tell_version)] = False,
) -> None:
    pass


@cli.command(rich_help_panel=_SERVER)
def up(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the API, a worker and an observer in one process, with embedded Postgres and Redis unless configured."""
    from app.identity.setup_code import new_setup_code
    from app.program.processes import all_in_one, run, signalled

    with _start_errors():
        settings = _settings(host, port, data_dir)

        async def main() -> None:
            async with all_in_one(settings) as services:
                address = f"http://{services.settings.host}:{services.settings.port}"
                if code := await new_setup_code(services):
                    _say(_first_admin(settings, address, code))
                _say(f"Polyhelm is at [bold]{address}/[/], its API at [bold]{address}/graphql[/]. Ctrl-C stops it.")
                await signalled()

        run(main())


def _first_admin(settings: "Settings", address: str, code: str) -> str:
    """How to create the first admin."""
    otherwise = "set POLYHELM_BOOTSTRAP_TOKEN to at least 20 characters and start again"
    if settings.registration == "disabled":
        return f"There is no user yet. To create the first admin, {otherwise}."
    return (
        f"There is no user yet. To become the admin, register at [bold]{address}/[/] with the setup code"
        f" [bold]{code}[/]. To create an admin with an API token instead, {otherwise}."
    )


@cli.command("setup-code", rich_help_panel=_SERVER)
def setup_code(data_dir: DataDir = None) -> None:
    """Print a new setup code for registering the first user of a new installation as its admin."""
    from app.identity.setup_code import new_setup_code
    from app.program.embedded import embedded
    from app.program.processes import run
    from app.program.services import open_services

    with _start_errors():
        settings = _settings(data_dir=data_dir)

        async def main() -> None:
            async with embedded(settings) as complete, open_services(complete) as services:
                code = await new_setup_code(services)
            if code is None:
                _say("[red]This installation has users already. An admin can add more: polyhelm user add NAME[/]")
                raise typer.Exit(1)
            print(code)  # noqa: T201

        run(main())


@cli.command(rich_help_panel=_SERVER)
def api(host: Host = None, port: Port = None) -> None:
    """Run an API process with the configured Postgres and Redis."""
    from app.program.processes import run, run_api, run_parts

    with _start_errors():
        run(run_parts(_settings(host, port), [run_api]))


@cli.command(rich_help_panel=_SERVER)
def worker() -> None:
    """Run a worker process with the configured Postgres and Redis."""
    from app.program.processes import run, run_parts
    from reconcilers.worker import run_worker

    with _start_errors():
        run(run_parts(_settings(), [run_worker]))


@cli.command(rich_help_panel=_SERVER)
def observer() -> None:
    """Run an observer process with the configured Postgres and Redis."""
    from app.program.processes import run, run_observer, run_parts

    with _start_errors():
        run(run_parts(_settings(), [run_observer]))


@cli.command(rich_help_panel=_SERVER)
def migrate(data_dir: DataDir = None) -> None:
    """Migrate the database schema, and create the first admin if POLYHELM_BOOTSTRAP_TOKEN is set."""
    from app.core import migrations
    from app.identity.accounts import bootstrap
    from app.program.embedded import embedded
    from app.program.processes import run
    from app.program.services import open_services

    with _start_errors():
        settings = _settings(data_dir=data_dir)

        async def main() -> None:
            async with embedded(settings) as complete:
                assert complete.database_url is not None
                await migrations.migrate(complete.database_url, program_role=complete.program_role)
                _say("The database is up to date.")
                if complete.bootstrap_token is not None:
                    async with open_services(complete) as services:
                        if await bootstrap(services, complete.bootstrap_token.get_secret_value()):
                            _say("The first admin was created with the token in POLYHELM_BOOTSTRAP_TOKEN.")

        run(main())


@cli.command(rich_help_panel=_SERVER)
def rekey(data_dir: DataDir = None) -> None:
    """Re-encrypt all stored credentials with the first encryption key while Polyhelm runs. Safe to interrupt and
    to repeat."""
    from app.program.embedded import embedded
    from app.program.processes import run
    from app.program.rekeying import Progress
    from app.program.rekeying import rekey as reseal
    from app.program.services import open_services

    with _start_errors():
        settings = _settings(data_dir=data_dir)
        last = Progress(0, Counter())

        async def main() -> None:
            nonlocal last
            async with embedded(settings) as complete, open_services(complete) as services:
                async for last in reseal(services.database, services.key_ring):
                    current, left = services.key_ring.current, last.left.total()
                    _say(f"{last.done:,} values re-encrypted with the key {current!r}, {left:,} remaining.")

        run(main())
        for words in last.unreadable.values():
            _say(f"[red]{words}[/]")
        for key, count in last.left.items():
            _say(f"[red]{count:,} values are still encrypted with the key {key!r}.[/] Do not remove it yet.")
        if last.left:
            _say("Some processes still encrypt with an old key. Set the new keys for all of them, then run this again.")
            raise typer.Exit(1)
        _say("All values are encrypted with it. Other keys can be removed.")


audit = typer.Typer(help="The audit log: actions and requests, with their users and addresses.", no_args_is_help=True)
cli.add_typer(audit, name="audit", rich_help_panel=_SERVER)


@audit.command("export")
def export(
    after: Annotated[
        int, typer.Option(help="Only events after this position, which is the last line of the previous export.")
    ] = 0,
    data_dir: DataDir = None,
) -> None:
    """Print all stored events of all organizations as JSON lines, oldest first."""
    import sys

    from app.events.export import exported
    from app.program.embedded import embedded
    from app.program.processes import run
    from app.program.services import open_services

    with _start_errors():
        settings = _settings(data_dir=data_dir)

        async def main() -> None:
            async with embedded(settings) as complete, open_services(complete) as services:
                async for line in exported(services.database, after=after):
                    sys.stdout.buffer.write(line)

        run(main())


@cli.command(rich_help_panel=_SERVER)
def demo(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    clusters: Annotated[
        Literal["simulated", "given"],
        typer.Option(help="Simulated clusters, or the clusters of the kubeconfigs in POLYHELM_DEMO_KUBECONFIGS."),
    ] = "simulated",
) -> None:
    """Run a demo: three clusters, a group, and a chart deployed with an override for each cluster."""
    from app.program.demo import Clusters, run_demo
    from app.program.processes import run

    with _start_errors():
        run(run_demo(_settings(host, port, data_dir), Clusters(clusters)))


@cli.command(rich_help_panel=_SERVER)
def doctor(data_dir: DataDir = None) -> None:
    """Check this machine and the configuration, and print how to fix problems."""
    import asyncio

    from rich.console import Console

    from app.program import doctor as checkup

    with _start_errors():
        if not asyncio.run(checkup.examine(_settings(data_dir=data_dir), Console())):
            raise typer.Exit(1)


@cli.command(rich_help_panel=_SERVER)
def settings() -> None:
    """Print the reference of all settings, as Markdown."""
    from app.program.reference import settings_page

    print(settings_page(), end="")  # noqa: T201


@cli.command(rich_help_panel=_SERVER)
def commands() -> None:
    """Print the reference of all commands, as Markdown."""
    from cli.reference import page

    print(page(cli), end="")  # noqa: T201


add_commands(cli)


def main() -> None:
    run(cli)
