"""The check of prose: what it finds, what it leaves alone, and where it says that a find is."""

import re
from pathlib import Path

import pytest

from .checking import finds, written

PAGE = """# Title

Polyhelm is fine, and `somebody` is code.

```sh
echo nobody is checked here
```

[A link](nobody.md) to https://example.com/nobody. The cluster
goes on without it. The the end.
"""
SCHEMA = '''
type Cluster {
  """
  The name.
  It is told once.
  """
  nobody: String!
}
'''
MODULE = '''"""Fine."""

nobody = 1  # mend it


def told() -> str:
    """Returns a message."""
    # A comment that goes
    # on.
    return f"The cluster {nobody} is gone for ever"
'''

SCRIPT = """import { told } from "./nobody";

/**
 * A cluster that goes
 * on.
 */
export function Page({ nobody }: { nobody: string }) {
  const label = "It is no cluster"; // told once more
  return (
    <p title={told} className="nobody">
      There is no cluster. It is not shown any
      more: {nobody} {`${nobody} asked for it`}
    </p>
  );
}
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("page.md", PAGE, [(10, "'goes on'"), (10, "'the the'")]),
        ("schema.graphql", SCHEMA, [(5, "'told'")]),
        ("module.py", MODULE, [(3, "'mend'"), (8, "'goes on'"), (10, "'for ever'")]),
        (
            "page.tsx",
            SCRIPT,
            [
                (4, "'goes on'"),
                (8, "'is no'"),
                (8, "'once more'"),
                (8, "'told'"),
                (11, "'any more'"),
                (12, "'asked for'"),
            ],
        ),
    ],
)
def test_odd_words_in_prose_are_found_at_their_line_and_code_is_left_alone(
    name: str, text: str, expected: list[tuple[int, str]], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text)
    found = [find.removeprefix(f"{path}:").partition(": ") for find in finds([path])]
    lines = sorted(
        (int(line), quoted[1].lower()) for line, _, text in found if (quoted := re.search(r"(?:^| )('[^']+')", text))
    )
    assert lines == expected


def test_a_find_says_what_to_write_instead(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("It is made true.\n")
    assert list(finds([page])) == [f"{page}:1: 'made true': write applied"]


def test_pages_the_schema_and_the_code_are_checked() -> None:
    root = Path(__file__).parent.parent.parent
    names = {path.relative_to(root).as_posix() for path in written()}
    assert {"README.md", "docs/limits.md", "docs/reference/cli.md", "frontend/src/app.tsx"} <= names
