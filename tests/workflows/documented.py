"""The definition that docs/workflows.md shows."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "workflows.md").read_text()


def documented() -> str:
    (found,) = re.findall(r"```yaml\n(name: preload-image\n.*?)```", PAGE, re.DOTALL)
    return str(found)
