"""docs/new-subject.md, carried out: a new subject changes two existing files, and a third for its job. It works, and
passes the checks and the tests that walk the whole API."""

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
    *("docs/reference/events.md", "docs/reference/permissions.md", "docs/architecture.md"),
}
"""What `make write` prints."""
_PERMISSIONS, _AUDIT, _DOCS = (
    "tests/identity/test_permissions.py",
    "tests/identity/test_audit.py",
    "tests/project/test_docs.py",
)
TESTS = (
    "tests/notes",
    f"{_PERMISSIONS}::test_every_mutation_and_subscription_is_in_this_test",
    f"{_PERMISSIONS}::test_members_see_every_field_of_every_type_and_fields_for_admins_are_null",
    f"{_AUDIT}::test_each_text_of_an_input_is_known_to_be_a_name_or_is_masked",
    f"{_AUDIT}::test_the_least_role_may_do_every_mutation_which_leaves_the_events_of_what_it_changes",
    f"{_DOCS}::test_every_example_is_valid_and_every_link_leads_somewhere",
    f"{_DOCS}::test_the_architecture_page_shows_the_layers_of_the_contract",
)
"""Those of the subject, and those that fail where a subject is not known to them."""


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


def make(folder: Path, *arguments: str) -> None:
    run(folder, "make", f"BIN={ROOT}/.venv/bin", *arguments)  # Postgres may not look into the folder of a test


def test_a_new_subject_with_a_job_changes_three_files_and_passes_the_checks(copy: Path) -> None:
    for path, kind, text in steps():
        file = copy / path
        if kind == "diff":
            file.write_text(changed_by(file.read_text(), text))
        else:
            assert not file.exists(), path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    make(copy, "migration", "MESSAGE=Notes on clusters")
    make(copy, "write")
    make(copy, "check", "--assume-old=frontend/.checked")  # a subject without a page changes nothing there
    changed = set(run(copy, "git", "diff", "--name-only").split())
    assert changed == {".importlinter", "resolvers/subjects.py", "reconcilers/jobs/kinds.py"} | PRINTED
    run(copy, sys.executable, "-m", "pytest", "-q", "-n0", *TESTS)
