"""docs/new-subject.md, carried out: a new subject changes two existing files, and a third for its job. It passes the
checks and works."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/new-subject.md"
STEP = re.compile(r"^`(?P<path>[\w./]+)`\n\n```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
BORROWED = (".venv", "frontend/node_modules", "frontend/dist")
"""What the copy shares with the checkout: installed packages, and the built pages."""
PRINTED = {
    *("schema/schema.graphql", "resolvers/engine/mutation_codes.py"),
    *("docs/reference/events.md", "docs/reference/permissions.md"),
}
"""What `make write` prints."""


def steps() -> Iterator[tuple[str, str, str]]:
    for found in STEP.finditer(PAGE.read_text()):
        yield found["path"], found["kind"], found["text"]


def changed_by(text: str, difference: str) -> str:
    """A text in which the lines of a difference are replaced. Lines that begin with a blank stay where they are."""
    before = "".join(line[1:] for line in difference.splitlines(keepends=True) if line[0] in "- ")
    after = "".join(line[1:] for line in difference.splitlines(keepends=True) if line[0] in "+ ")
    assert text.count(before) == 1, before
    return text.replace(before, after)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the files that the repository has, with the environment of the checkout."""
    folder = tmp_path / "polyhelm"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    generated = ("frontend/src/graphql.ts", "frontend/src/introspection.json", "frontend/src/graphiql/tour.json")
    for name in (*listed.stdout.split("\0"), *generated):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in BORROWED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(ROOT / name)
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    return folder


def run(folder: Path, *command: str) -> str:
    """What a command prints, with the packages of the copy."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_subject_with_a_job_changes_three_files_and_passes_the_checks(copy: Path) -> None:
    for path, kind, text in steps():
        file = copy / path
        if kind == "diff":
            file.write_text(changed_by(file.read_text(), text))
        else:
            assert not file.exists(), path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    run(copy, "make", "migration", "MESSAGE=Notes on clusters")
    run(copy, "make", "write")
    run(copy, "make", "check")
    changed = set(run(copy, "git", "diff", "--name-only").split())
    assert changed == {".importlinter", "resolvers/subjects.py", "reconcilers/jobs/kinds.py"} | PRINTED
    assert "3 passed" in run(copy, sys.executable, "-m", "pytest", "-q", "-n0", "tests/notes")
