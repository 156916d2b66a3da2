"""`python -m schema --write | --check`: the pages that are printed from the API, written or compared with the code."""

import difflib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def pages() -> Iterator[tuple[Path, str]]:
    """Each page with its content."""
    # By name, because this package does not know the resolvers; as a program it prints what they make of it.
    api = importlib.import_module("resolvers.api")
    yield _ROOT / "schema/schema.graphql", api.printed_schema()
    yield _ROOT / "docs/reference/permissions.md", api.printed_permissions()


def main() -> int:
    problems = 0
    for path, text in pages():
        present = path.read_text() if path.exists() else ""
        if sys.argv[1:] == ["--write"]:
            path.write_text(text)
        elif present != text:
            lines = difflib.unified_diff(present.splitlines(), text.splitlines(), "page", "code", lineterm="")
            difference = "\n".join(lines)
            sys.stderr.write(f"{difference}\n{path.relative_to(_ROOT)} is old: make write\n")
            problems += 1
    return min(problems, 1)


if __name__ == "__main__":
    sys.exit(main())
