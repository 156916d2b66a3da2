"""Ranges of semantic versions, such as `1.4.2`, `>=1.3 <1.4`, `~1.3`, `^1.3` or `1.3.x || 1.5.0`.

Terms that are separated by commas or spaces all have to hold, and `||` separates alternatives. An alternative allows
pre-releases only if one of its terms names a pre-release, and `<1.4` never allows those of 1.4.0.
"""

import re
from dataclasses import dataclass

from semver import Version

from app.releases.version_ranges import MAX_TEXT, Key, Term
from app.releases.versions import precedence

_NUMBER = r"(0|[1-9]\d{0,8})"
_WORD = r"[0-9A-Za-z-]{1,60}"
_TERM = re.compile(
    rf"\s*(>=|<=|!=|=|>|<|~|\^)?\s*v?{_NUMBER}(?:\.(?:{_NUMBER}|[xX*])(?:\.(?:{_NUMBER}|[xX*]))?)?"
    rf"(?:-({_WORD}(?:\.{_WORD}){{0,20}}))?(?:\+{_WORD}(?:\.{_WORD}){{0,20}})?(?=[\s,]|$)\s*,?"
)


@dataclass(frozen=True, slots=True)
class _Alternative:
    terms: tuple[Term, ...]
    allows_prereleases: bool

    def allows(self, key: Key, *, is_prerelease: bool) -> bool:
        return (self.allows_prereleases or not is_prerelease) and all(term.allows(key) for term in self.terms)


@dataclass(frozen=True, slots=True)
class SemanticRange:
    """A set of semantic versions; `text` describes it."""

    text: str
    _alternatives: tuple[_Alternative, ...]

    @classmethod
    def parse(cls, text: str) -> "SemanticRange":
        """Raises ValueError with a sentence if the text is not a range."""
        if len(text) > MAX_TEXT:
            raise ValueError(f"A range of versions has at most {MAX_TEXT} characters.")
        return cls(text, tuple(_alternative(part) for part in text.split("||")))

    def allows(self, version: Version) -> bool:
        key, is_prerelease = precedence(version), bool(version.prerelease)
        return any(one.allows(key, is_prerelease=is_prerelease) for one in self._alternatives)


def _alternative(text: str) -> _Alternative:
    found = list[tuple[Term, bool]]()
    at = 0
    while at < len(text) and (term := _TERM.match(text, at)):
        operator, *numbers, prerelease = term.groups()
        if numbers[1] is None and numbers[2] is not None:
            break
        if prerelease is not None and (numbers[2] is None or not _is_valid(prerelease)):
            break
        found.append((_term(operator or "=", numbers, prerelease), prerelease is not None))
        at = term.end()
    if not found or at < len(text):
        raise ValueError(
            f"{text.strip()!r} is not a range of versions: write it as `1.4.2`, `>=1.3 <1.4`, `~1.3` or `1.3.x`."
        )
    return _Alternative(tuple(term for term, _ in found), any(named for _, named in found))


def _is_valid(prerelease: str) -> bool:
    """Whether no number in it begins with a zero."""
    return all(not part.isdecimal() or part == str(int(part)) for part in prerelease.split("."))


def _term(operator: str, numbers: list[str | None], prerelease: str | None) -> Term:
    """The versions that a term names. A bound of three numbers comes before all pre-releases of these numbers."""
    major, minor, patch = (int(number or 0) for number in numbers)
    low: Key = precedence(Version(major, minor, patch, prerelease))
    high: Key
    if operator == "<" and prerelease is None:
        low = (major, minor, patch)
    if operator == "^" and (major or numbers[1] is None):
        high = (major + 1, 0, 0)
    elif operator == "^" and (minor or numbers[2] is None):
        high = (0, minor + 1, 0)
    elif operator == "^":
        high = (0, 0, patch + 1)
    elif numbers[1] is None:
        high = (major + 1, 0, 0)
    elif numbers[2] is None or operator == "~":
        high = (major, minor + 1, 0)
    elif prerelease is not None:
        high = (*low, ())  # nothing is between a version and its own key with one more entry
    else:
        high = (major, minor, patch + 1)
    return Term(operator, low, high)
