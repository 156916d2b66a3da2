"""The command line: what an installed Polyhelm can be asked to run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from app import doctor as checkup
from app import migrations
from app.clusters.registration import reseal
from app.demo import Clusters, DemoError, run_demo
from app.embedded import embedded
from app.encryption import KeyRingError
from app.helm.binary import HelmMissingError
from app.identity.accounts import BootstrapError, bootstrap, has_users
from app.processes import (
    AddressTakenError,
    NotConfiguredError,
    house,
    run,
    run_api,
    run_observer,
    run_parts,
    signalled,
)
from app.reference import settings_page
from app.services import open_services
from app.settings import Settings
from app.telemetry import configure_logging
from reconcilers.worker import run_worker

cli = typer.Typer(
    help="Deploys Helm charts to many Kubernetes clusters, from one GraphQL API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
console = Console(stderr=True)

Host = Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.", show_default="8000")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept that is needed after a restart.")]


def _settings(host: str | None = None, port: int | None = None, data_dir: Path | None = None) -> Settings:
    given = {"host": host, "port": port, "data_dir": data_dir.resolve() if data_dir else None}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    configure_logging(settings)
    return settings


@cli.command()
def up(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run everything in one process: API, worker, observer, and a Postgres and Redis where none are named."""
    settings = _settings(host, port, data_dir)

    async def main() -> None:
        async with house(settings) as services:
            address = f"http://{services.settings.host}:{services.settings.port}"
            if not await has_users(services):
                console.print(
                    "There is no user yet: stop it, set POLYHELM_BOOTSTRAP_TOKEN to 20 characters or more, and start it"
                    " again. The first admin is made with that API token."
                )
            console.print(f"Polyhelm is at [bold]{address}/graphql[/]. Ctrl-C stops it.")
            await signalled()

    run(main())


@cli.command()
def api(host: Host = None, port: Port = None) -> None:
    """Run the API alone, on the Postgres and Redis that the settings name."""
    settings = _settings(host, port)
    run(run_parts(settings, [run_api]))


@cli.command()
def worker() -> None:
    """Run a worker alone, on the Postgres and Redis that the settings name."""
    settings = _settings()
    run(run_parts(settings, [run_worker]))


@cli.command()
def observer() -> None:
    """Run an observer alone, on the Postgres and Redis that the settings name."""
    settings = _settings()
    run(run_parts(settings, [run_observer]))


@cli.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date, and make the first admin where POLYHELM_BOOTSTRAP_TOKEN is set."""
    settings = _settings(data_dir=data_dir)

    async def main() -> None:
        async with embedded(settings) as complete:
            assert complete.database_url is not None
            await migrations.migrate(complete.database_url)
            console.print("The database is up to date.")
            if complete.bootstrap_token is not None:
                async with open_services(complete) as services:
                    if await bootstrap(services, complete.bootstrap_token.get_secret_value()):
                        console.print("The first admin was made, with the token in POLYHELM_BOOTSTRAP_TOKEN.")

    run(main())


@cli.command()
def rekey(data_dir: DataDir = None) -> None:
    """Seal all stored credentials again under the first key of the ring. Safe to interrupt and to repeat."""
    settings = _settings(data_dir=data_dir)

    async def main() -> None:
        async with embedded(settings) as complete, open_services(complete) as services:
            count = await reseal(services)
            console.print(f"{count} credentials were sealed again with the key {services.key_ring.current!r}.")

    run(main())


@cli.command()
def demo(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    clusters: Annotated[
        Clusters, typer.Option(help="Simulated members, or those of the kubeconfigs in POLYHELM_DEMO_KUBECONFIGS.")
    ] = Clusters.SIMULATED,
) -> None:
    """Run everything with three member clusters, a group, and a chart deployed with an override for each."""
    settings = _settings(host, port, data_dir)
    run(run_demo(settings, clusters))


@cli.command()
def doctor(data_dir: DataDir = None) -> None:
    """Tell what is missing on this machine, and how to get it."""
    settings = _settings(data_dir=data_dir)
    if not asyncio.run(checkup.examine(settings, Console())):
        raise typer.Exit(1)


@cli.command()
def settings() -> None:
    """Print the reference of all settings, as Markdown."""
    print(settings_page(), end="")  # noqa: T201


def main() -> None:
    try:
        cli()
    except (AddressTakenError, NotConfiguredError, HelmMissingError, KeyRingError, BootstrapError, DemoError) as error:
        console.print(f"[red]{error}[/]")
        raise SystemExit(2) from None
    except ValidationError as error:
        for problem in error.errors():
            name = "POLYHELM_" + "_".join(str(part) for part in problem["loc"]).upper()
            console.print(f"[red]{name}: {problem['msg']}[/]")
        raise SystemExit(2) from None
