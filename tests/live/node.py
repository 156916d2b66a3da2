"""Node, and the npm packages that tests run: installed once for each lock, into a cache outside the tree."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

CLIENTS = Path(__file__).parent / "clients"
_WITH_NODE = Path(__file__).parents[2] / "frontend/with-node"


def with_node(*command: str) -> list[str]:
    """The command, run with the machine's Node, or else with the one that the pages are built with."""
    if shutil.which("node") and shutil.which("npm"):
        return list(command)
    if not _WITH_NODE.exists():
        _missing("There is no Node on the PATH: install Node 20 or newer, with npm.")
    return [str(_WITH_NODE), *command]


def clients() -> Path:
    """The folder with the clients' packages."""
    names = ("package.json", "package-lock.json", ".npmrc")
    digest = hashlib.sha256(b"\0".join((CLIENTS / name).read_bytes() for name in names)).hexdigest()[:16]
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "polyhelm" / "clients" / digest
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(names, folder)
    return folder


def _install(names: tuple[str, ...], folder: Path) -> None:
    """Installs beside the folder, then renames: a folder that is there is complete."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as scratch:
        fresh = Path(scratch) / "clients"
        fresh.mkdir()
        for name in names:
            shutil.copy(CLIENTS / name, fresh)
        options = ["--prefix", str(fresh), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        command = with_node("npm", "ci", *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            _missing(f"`npm ci` of the clients failed: {done.stderr[-2000:].strip()}")
        fresh.rename(folder)


def _missing(reason: str) -> NoReturn:
    """Where nobody looks at skipped tests, it is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
