"""The deployment and the chart of docs/cockroachdb.md."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.real.fleet import upload_files
from tests.stack import Stack

_CHART = Path(__file__).parent / "charts" / "cockroachdb"
_PAGE = Path(__file__).parents[2] / "docs" / "cockroachdb.md"


def documented(names: Mapping[str, str]) -> dict[str, Any]:
    """The deployment file of the page, with other names for its clusters."""
    (file,) = re.findall(r"```yaml\n# cockroachdb.yaml\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    for name, other in names.items():
        file = file.replace(name, other)
    found: dict[str, Any] = yaml.safe_load(file)
    return found


async def upload_cockroachdb(stack: Stack) -> None:
    files = {path.relative_to(_CHART).as_posix(): path.read_text() for path in _CHART.rglob("*") if path.is_file()}
    await upload_files(stack, files, "cockroachdb")
