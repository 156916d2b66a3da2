"""Checks prose with proselint, and with the list of words that Polyhelm's texts don't use (`words.toml`).

proselint reports clichés, archaisms, repeated words and the like. Its checks of typography, and of subjects that
don't occur here, are off.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from proselint.checks import __register__, uncomparables
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check, types

from .passages import passages

ROOT = Path(__file__).parent.parent.parent
_PACKAGES = ("app", "benchmarks", "cli", "reconcilers", "resolvers", "schema")
"""The texts of the simulator are those of Kubernetes."""
_GENERATED = {"graphql.ts"}
_CHECKS = {
    "words": True,
    "cliches": True,
    "hedging": True,
    "industrial_language": True,
    "lexical_illusions": True,
    "malapropisms": True,
    "misc.illogic": True,
    "misc.many_a": True,
    "misc.metadiscourse": True,
    "misc.whence": True,
    "mixed_metaphors": True,
    "mondegreens": True,
    "needless_variants": True,
    "nonwords": True,
    "oxymorons": True,
    "redundancy.garner": True,
    "redundancy.misc": True,
    "spelling": True,
    "uncomparables": True,
    "weasel_words": True,
}
_SLOW = uncomparables.check_fancy_uncomparables
_APART = "\n¶\n"


def written() -> list[Path]:
    """The files with prose for users and developers."""
    return [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        ROOT / "schema/schema.graphql",
        *sorted(path for package in _PACKAGES for path in (ROOT / package).rglob("*.py")),
        *sorted(path for path in (ROOT / "frontend/src").rglob("*.ts*") if path.name not in _GENERATED),
    ]


def finds(paths: list[Path]) -> Iterator[str]:
    """A line for each find: where it is, what was found, and what to write instead."""
    _register()
    places: list[tuple[int, Path, int]] = []
    parts: list[str] = []
    length = 0
    for path in paths:
        for line, text in passages(path):
            places.append((length, path, line))
            parts.append(text)
            length += len(text) + len(_APART)
    # One text for all: proselint needs most of its time for each text that it is given.
    whole = _permitted().sub(lambda found: "`" * len(found[0]), _APART.join(parts))
    for check in CheckRegistry().get_all_enabled(_CHECKS):
        for found in check.check_with_flags(whole):
            start = found.span[0] + 1 if whole[found.span[0]].isspace() else found.span[0]
            offset, path, line = places[bisect_right(places, start, key=itemgetter(0)) - 1]
            name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            yield f"{name}:{line + whole.count(chr(10), offset, start)}: {' '.join(found.message.split())}"


@cache
def _register() -> None:
    """Adds the words to proselint's checks; once, as its registry belongs to the process."""
    forms = {_spaced(word): instead for word, instead in _lists()["words"].items()}
    ours = Check(types.PreferredForms(forms), path="words", message="'{1}': write {0}")
    CheckRegistry().register_many((*(each for each in __register__ if each != _SLOW), ours, _superlatives()))


def _superlatives() -> Check:
    """The same as proselint's check, which tries each pair of words at each place and takes more time than all
    others."""
    first, second = "|".join(uncomparables.FANCY_COMPARATORS), "|".join(uncomparables.UNCOMPARABLES)
    return _SLOW._replace(check_type=types.ExistenceSimple(rf"(?<!at\s)\b(?:{first})\s+(?:{second})\b"))


@cache
def _permitted() -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{_spaced(phrase)})\b" for phrase in _lists()["permitted"]), re.IGNORECASE)


def _spaced(words: str) -> str:
    """A pattern in which a space matches any white space, such as a line break."""
    return words.replace(" ", r"\s+")


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text())
