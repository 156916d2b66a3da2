"""docs/services.md shows a valid definition, and names those that are shipped."""

import re
from pathlib import Path

import yaml

from app.catalog.shipped import shipped
from app.upgrades.checking import definition_problems

PAGE = (Path(__file__).parents[2] / "docs" / "services.md").read_text()
(DEFINITION,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_definition_on_the_page_is_valid() -> None:
    assert definition_problems(yaml.safe_load(DEFINITION)) == []


def test_the_page_names_the_shipped_definitions() -> None:
    assert all(f"`{name}`" in PAGE for name in shipped())
