"""`python -m schema --write | --check`: the printed snapshot, written or compared with the code."""

import difflib
import importlib
import sys
from pathlib import Path

SNAPSHOT = Path(__file__).with_name("schema.graphql")


def main() -> int:
    # By name, since this room knows nothing of the resolvers; as a program it prints what they make of it.
    printed: str = importlib.import_module("resolvers.api").printed_schema()
    if sys.argv[1:] == ["--write"]:
        SNAPSHOT.write_text(printed)
        return 0
    lines = difflib.unified_diff(
        SNAPSHOT.read_text().splitlines(), printed.splitlines(), "snapshot", "code", lineterm=""
    )
    difference = "\n".join(lines)
    if difference:
        sys.stderr.write(f"{difference}\nschema/schema.graphql is old: make write\n")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
