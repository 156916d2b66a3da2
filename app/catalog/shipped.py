"""The service definitions that ship with Polyhelm."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.catalog.content import Content
from app.yaml.reading import read

FOLDER = Path(__file__).with_name("definitions")


@dataclass(frozen=True, slots=True)
class Shipped:
    """A definition as its file has it."""

    text: str
    content: Content


@cache
def shipped() -> Mapping[str, Shipped]:
    """The shipped definitions by name. The first call reads the files, so it is made in a thread."""
    found = dict[str, Shipped]()
    for file in sorted(FOLDER.glob("*.yaml")):
        text = file.read_text()
        found[file.stem] = Shipped(text, Content.of(read(text)).prepared())
    return found
