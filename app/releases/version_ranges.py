"""Constraints for Kubernetes versions, such as `>=1.28 <1.31` or `~1.29 || 1.31.2`.

Only major, minor and patch version count: `v1.31.2-eks-1a2b` and `1.31.2+k3s1` are 1.31.2. Terms that are separated by
commas or spaces all have to hold, and `||` separates alternatives.
"""

import re
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 200

Version = tuple[int, int, int]
Key = tuple[Any, ...]
"""Tuples that are in the order of the versions that they stand for."""

_NUMBER = r"(0|[1-9]\d{0,5})"
_VERSION = re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER})?)?")
_TERM = re.compile(
    rf"\s*(>=|<=|!=|=|>|<|~)?\s*v?{_NUMBER}(?:\.(?:{_NUMBER}|[xX*]))?(?:\.(?:{_NUMBER}|[xX*]))?(?=[\s,]|$)\s*,?"
)


@dataclass(frozen=True)
class Term:
    """Versions from `low` up to but not including `high` have the given version; the operator says what is compared."""

    operator: str
    low: Key
    high: Key

    def allows(self, version: Key) -> bool:
        match self.operator:
            case ">=":
                return version >= self.low
            case "<":
                return version < self.low
            case ">":
                return version >= self.high
            case "<=":
                return version < self.high
            case "!=":
                return not self.low <= version < self.high
            case _:
                return self.low <= version < self.high


@dataclass(frozen=True)
class VersionRange:
    """A set of versions; `text` is the constraint that describes it."""

    text: str
    _alternatives: tuple[tuple[Term, ...], ...]

    @classmethod
    def parse(cls, text: str) -> "VersionRange":
        """Raises ValueError with a sentence if the text is not a constraint."""
        if len(text) > MAX_TEXT:
            raise ValueError(f"A version constraint has at most {MAX_TEXT} characters.")
        return cls(text, tuple(_terms(part) for part in text.split("||")))

    def allows(self, version: str) -> bool:
        """Whether the version is in the set. A text that is not a version is in none."""
        found = _VERSION.match(version)
        if found is None:
            return False
        known = _filled(found.groups())
        return any(all(term.allows(known) for term in terms) for terms in self._alternatives)


def _terms(text: str) -> tuple[Term, ...]:
    terms: list[Term] = []
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            break
        operator, *numbers = found.groups()
        terms.append(_term(operator or "=", numbers))
        at = found.end()
    if not terms or at < len(text):
        raise ValueError(
            f"{text.strip()!r} is not a version constraint: write it as `>=1.28 <1.31`, `~1.29` or `1.29.x`."
        )
    return tuple(terms)


def _term(operator: str, numbers: list[str | None]) -> Term:
    low = _filled(numbers)
    major, minor, patch = low
    # `~1.29.3` allows later patch versions of 1.29.
    if numbers[1] is None:
        high = (major + 1, 0, 0)
    elif numbers[2] is None or operator == "~":
        high = (major, minor + 1, 0)
    else:
        high = (major, minor, patch + 1)
    return Term(operator, low, high)


def _filled(numbers: object) -> Version:
    assert isinstance(numbers, list | tuple)
    major, minor, patch = (int(number or 0) for number in numbers)
    return major, minor, patch
