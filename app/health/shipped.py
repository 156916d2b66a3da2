"""Reads the health rules that ship with Polyhelm."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from app.health.kinds import Kind
from app.health.rules import HealthRule, Rules, compiled
from app.yaml.reading import read

FOLDER = Path(__file__).with_name("packs")

_FIELDS = {"inProgress": "in_progress"}


def shipped_rules() -> Iterator[tuple[str, Kind, HealthRule]]:
    """Every rule with its pack's name, by pack and kind."""
    for file in sorted(FOLDER.glob("*.yaml")):
        for entry in read(file.read_bytes())["rules"]:
            group, kinds = entry.pop("group"), entry.pop("kinds")
            rule = HealthRule(**{_FIELDS.get(name, name): text for name, text in entry.items()})
            for kind in kinds:
                yield file.stem, Kind(group, kind), rule


@cache
def shipped() -> Rules:
    """The shipped rules, compiled. The first call takes about 20 ms."""
    return {kind: compiled(kind.kind, rule) for _, kind, rule in shipped_rules()}
