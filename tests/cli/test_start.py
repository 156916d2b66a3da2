"""The program starts at once, and asks only what the API knows."""

import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from graphql import parse, validate

import cli
from cli.commands.deployments import Status
from resolvers.api import api

HEAVY = (
    "sqlalchemy",
    "sqlmodel",
    "strawberry",
    "kubernetes_asyncio",
    "arq",
    "aioboto3",
    "alembic",
    "uvicorn",
)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["deploy", "apply", "--help"],
        ["context", "ls"],
        ["status", "--server", "127.0.0.1:1", "--token", "x"],
    ],
)
def test_nothing_heavy_is_imported_for_a_command_over_the_api(arguments: list[str], tmp_path: Path) -> None:
    script = (
        "import sys; from app.program.cli import cli\n"
        "try: cli(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert done.stdout.splitlines()[-1] == "[]"


def documents() -> dict[str, str]:
    """Every query and subscription in the modules of the command line."""
    found = {}
    for module in pkgutil.walk_packages(cli.__path__, "cli."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, str) and value.startswith(("query", "{ ", "subscription")):
                found[f"{module.name}.{name}"] = value.replace("%s", "")
    return found


@pytest.mark.parametrize("name", documents())
def test_every_query_is_one_that_the_api_takes(name: str) -> None:
    document = parse(documents()[name])
    assert validate(api._schema, document) == []


def test_the_statuses_are_those_of_the_api() -> None:
    assert set(Status) == set(api._schema.type_map["TargetStatus"].values)  # type: ignore[attr-defined]
