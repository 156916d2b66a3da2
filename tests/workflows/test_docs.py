"""docs/workflows.md shows valid definitions, and every step type with its example."""

import re
from pathlib import Path

import yaml

from app.workflows.checking import definition_problems
from app.workflows.step_types import STEP_TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "workflows.md").read_text()


def test_the_definitions_on_the_page_are_valid() -> None:
    found = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    definitions = {document["name"]: document for document in found if "steps" in document}
    assert [definition_problems(document) for document in definitions.values()] == [[], []]
    parts = [{"name": "part", "steps": document} for document in found if isinstance(document, list)]
    composed = {"build-image": definitions["build-image"]}
    assert [definition_problems(part, composed) for part in parts] == [[], []]


def test_the_page_has_every_step_type() -> None:
    section = "\n".join(
        f"### {each.name}\n\n{each.description}\n\n```yaml\n{each.example}```\n" for each in STEP_TYPES.values()
    )
    assert PAGE.endswith(f"## Step types\n\n{section}")
