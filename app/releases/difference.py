"""Finds the differences between two documents of values: one for each path, descending as long as both sides are
maps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.releases.canonical import canonical
from app.releases.paths import join


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference at one path. `lacks` names the side that does not have the key, and distinguishes a missing key from
    a null value: `desired` or `actual` is None for both."""

    path: str
    desired: Any
    actual: Any
    lacks: str | None  # "desired", "actual" or None

    def __str__(self) -> str:
        if self.lacks == "actual":
            return f"{self.path}: wanted {_shown(self.desired)}, found nothing"
        if self.lacks == "desired":
            return f"{self.path}: wanted nothing, found {_shown(self.actual)}"
        return f"{self.path}: wanted {_shown(self.desired)}, found {_shown(self.actual)}"


def differences(desired: Mapping[str, Any], actual: Mapping[str, Any]) -> Iterator[Difference]:
    """Yields each difference, by path in sorted order; lists are compared whole, as Helm replaces them whole."""
    yield from _compare(desired, actual, "")


def _compare(desired: Mapping[str, Any], actual: Mapping[str, Any], prefix: str) -> Iterator[Difference]:
    for key in sorted(desired.keys() | actual.keys()):
        path = join(prefix, key)
        if key not in actual:
            yield Difference(path, desired[key], None, "actual")
        elif key not in desired:
            yield Difference(path, None, actual[key], "desired")
        else:
            wanted, found = desired[key], actual[key]
            if isinstance(wanted, Mapping) and isinstance(found, Mapping):
                yield from _compare(wanted, found, path)
            elif canonical(wanted) != canonical(found):
                yield Difference(path, wanted, found, None)


def _shown(value: Any) -> str:
    text = canonical(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}…"
