"""What a plan changes on clusters beside the release: CustomResourceDefinitions, and live objects."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cli.summary import grouped, named

_DIFFERENCES = "differences { path wanted live changedBy } differencesLeftOut"
CHANGE_FIELDS = f"""definitionChanges {{
  name action servedVersions storedVersions plannedVersions plannedStorageVersion removedVersions {_DIFFERENCES}
}} objectChanges {{ leftOut nodes {{ kind group namespace name action reason {_DIFFERENCES} }} }}"""
_MOST_LINES = 20
_LONGEST = 120
_MARKS = {"CREATE": "+", "REPLACE": "~", "CHANGE": "~", "DELETE": "-", "UNKNOWN": "?"}


def change_lines(targets: Sequence[Any], *, verbose: bool) -> list[str]:
    """The changes of all targets, those of live objects if it is `verbose`. Changes that are equal on several clusters
    are listed once."""
    found: list[str] = []
    for title, text_of in (("CRDs", definitions_text), *([("Live objects", objects_text)] if verbose else [])):
        for text, clusters in by_text(targets, text_of):
            lines = text.splitlines()
            found += [f"{title} on {named(clusters)}:", *(f"  {line}" for line in lines[:_MOST_LINES])]
            if len(lines) > _MOST_LINES:
                found.append(f"  ... and {len(lines) - _MOST_LINES} more lines; -o json shows all.")
    return found


def by_text(targets: Sequence[Any], text_of: Callable[[Any], str]) -> Iterator[tuple[str, list[str]]]:
    """Each text that is not empty, with the clusters that have it."""
    for group in grouped([(text_of(target), target["clusterName"]) for target in targets], lambda each: each[0]):
        if text := group[0][0]:
            yield text, [cluster for _, cluster in group]


def definitions_text(target: Any) -> str:
    return "\n".join(line for change in target["definitionChanges"] for line in _definition(change))


def objects_text(target: Any) -> str:
    changes = target["objectChanges"]
    lines = [line for change in changes["nodes"] for line in _object(change)]
    if changes["leftOut"]:
        lines.append(f"? {changes['leftOut']} objects were not compared")
    return "\n".join(lines)


def _definition(change: Any) -> Iterator[str]:
    served = ", ".join(change["plannedVersions"])
    before = f"{', '.join(change['servedVersions'])} -> " if change["servedVersions"] else ""
    yield f"{_MARKS[change['action']]} {change['name']}: serves {before}{served}"
    if change["removedVersions"]:
        yield f"  ! removes versions in use: {', '.join(change['removedVersions'])}"
    yield from _differences(change)


def _object(change: Any) -> Iterator[str]:
    place = f"{change['namespace']}/{change['name']}" if change["namespace"] else change["name"]
    reason = f": {change['reason']}" if change["reason"] else ""
    yield f"{_MARKS[change['action']]} {change['kind']} {place}{reason}"
    yield from _differences(change)


def _differences(change: Any) -> Iterator[str]:
    for each in change["differences"]:
        by = f" (set by {each['changedBy']})" if each["changedBy"] else ""
        yield f"    {each['path']}: {_value(each['live'])} -> {_value(each['wanted'])}{by}"
    if change["differencesLeftOut"]:
        yield f"    ... and {change['differencesLeftOut']} more fields"


def _value(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
