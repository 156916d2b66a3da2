"""Ignore rules as a deployment has them: checked when they are saved, and read again as `IgnoreRule`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from app.drift.comparison import IgnoreRule
from app.drift.pointers import segments_of
from app.health.kinds import Kind

MOST_RULES = 50
MOST_PATHS = 20
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_GROUP = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?")
_IDENTITY = {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace"), ("status",)}


RuleProblem = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class GivenRule:
    """A rule as the API takes it. Without a kind, it concerns all objects. `group` is the API group of the kind; None
    means any group, and an empty text the core group."""

    paths: list[str]
    kind: str | None = None
    group: str | None = None


def rule_problems(rules: Iterable[GivenRule]) -> list[RuleProblem]:
    """What is wrong with the rules of a request: the place within them, and a sentence."""
    given = list(rules)
    if len(given) > MOST_RULES:
        return [((), f"There are {len(given)} rules; at most {MOST_RULES} are allowed.")]
    return [problem for index, rule in enumerate(given) for problem in _problems(rule, str(index))]


def _problems(rule: GivenRule, at: str) -> Iterator[RuleProblem]:
    if rule.kind is not None and not _KIND.fullmatch(rule.kind):
        yield (at, "kind"), f"{rule.kind[:80]!r} is not a kind, such as Deployment."
    if rule.group is not None and not _GROUP.fullmatch(rule.group):
        yield (at, "group"), f"{rule.group[:80]!r} is not an API group, such as apps."
    if rule.group is not None and rule.kind is None:
        yield (at, "group"), "A group without a kind has no effect."
    if not 1 <= len(rule.paths) <= MOST_PATHS:
        yield (at, "paths"), f"A rule has between 1 and {MOST_PATHS} paths."
        return
    for index, path in enumerate(rule.paths):
        try:
            segments = segments_of(path)
        except ValueError as error:
            yield (at, "paths", str(index)), f"{error}."
            continue
        if "\0" in path or segments == ("",) or segments in _IDENTITY:
            yield (at, "paths", str(index)), "This place is never compared, so a rule for it has no effect."


def stored_rules(rules: Iterable[GivenRule]) -> list[dict[str, Any]]:
    return [
        {"paths": list(dict.fromkeys(rule.paths)), "kind": rule.kind, "group": rule.group if rule.kind else None}
        for rule in rules
    ]


@dataclass(frozen=True, slots=True)
class SavedRule:
    kind: str | None
    group: str | None
    paths: tuple[str, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A rule as it is stored with a deployment."""
        return cls(row["kind"], row["group"], tuple(row["paths"]))

    def for_kind(self, kind: Kind) -> IgnoreRule | None:
        """The rule as it applies to objects of one kind; None if it does not."""
        if self.kind not in (None, kind.kind) or self.group not in (None, kind.group):
            return None
        return IgnoreRule(f"ignore rule for {self.kind}" if self.kind else "ignore rule for all kinds", self.paths)
