"""What the image does, done here: the wheel is built, installed without its sources, and run in an empty folder."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.settings import Settings
from tests.contract.helm import PACKAGED
from tests.stack import fresh_database

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the wheel, and with the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
    # A folder that is named in a .pth file gives its packages, while its own .pth files, such as that of an editable
    # install of this repository, are not read.
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def run(installed: Path, folder: Path, *arguments: str, **environment: str) -> str:
    folder.mkdir(exist_ok=True)
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "POLYHELM_HELM": PACKAGED} | environment
    done = subprocess.run(
        [installed / arguments[0], *arguments[1:]],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_wheel_holds_the_migrations_the_demo_chart_and_the_pages(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    migrations = {path.name for path in (ROOT / "alembic" / "versions").glob("*.py")}
    assert {f"app/alembic/versions/{name}" for name in migrations} <= set(names)
    for needed in (
        "app/alembic/env.py",
        "app/program/demo_chart/Chart.yaml",
        "app/program/demo_chart/templates/web.yaml",
        "app/pages/index.html",
    ):
        assert needed in names
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"app", "cli", "schema", "resolvers", "reconcilers", "simulator"}


def test_the_installed_wheel_runs_without_the_sources(installed: Path, tmp_path: Path) -> None:
    script = (
        "import app; from app.core import migrations; from app.program import demo;"
        " print(app.__file__, migrations.folder(), len(demo.sample_chart()))"
    )
    package, migrations, size = run(installed, tmp_path / "empty", "python", "-c", script).split()
    assert Path(package).is_relative_to(installed.parent)
    assert Path(migrations).is_relative_to(installed.parent)
    assert int(size) > 500


def test_help_and_settings_are_printed(installed: Path, tmp_path: Path) -> None:
    assert "migrate" in run(installed, tmp_path / "empty", "polyhelm", "--help")
    assert "POLYHELM_DATABASE_URL" in run(installed, tmp_path / "empty", "polyhelm", "settings")
    assert list((tmp_path / "empty").iterdir()) == []


async def test_migrate_makes_the_tables_and_the_first_admin(installed: Path, servers: Settings, tmp_path: Path) -> None:
    assert servers.database_url is not None and servers.redis_url is not None
    url = await fresh_database(servers.database_url, "migrated_by_the_wheel")
    environment = {
        "POLYHELM_DATABASE_URL": url,
        "POLYHELM_REDIS_URL": servers.redis_url,
        "POLYHELM_BOOTSTRAP_TOKEN": "a-token-of-the-first-admin",
    }
    for said in ("The first admin was created", "The database is up to date"):  # and again: nothing is left to do
        assert said in run(installed, tmp_path / "empty", "polyhelm", "migrate", **environment)
    database = Database(url, pool_size=2)
    try:
        assert await database.rows(text("SELECT count(*) FROM user_account")) == [(1,)]
        assert await database.rows(text("SELECT count(*) FROM target")) == [(0,)]
    finally:
        await database.close()
