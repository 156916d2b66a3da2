"""Summarizes many clusters: those with an equal outcome share one line, so that output stays short."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from cli.output import Columns, Row, aligned, shown, table_lines

MANY = 20
"""With more clusters than this, output is summarized."""

_GROUPS = 20
"""The maximum number of outcomes in one summary."""

_NAMED = 3
_LONGEST = 300
_PLACEHOLDER = "<cluster>"
_OF_ONE = ("CLUSTER", "SINCE", "REVISION")
"""Columns in which equal outcomes may differ."""

Item = TypeVar("Item")


def summary_lines(rows: Sequence[Row], columns: Columns, *, verbose: bool) -> list[str]:
    """Prints a table with a line for each cluster or, for many, for each outcome. Rows contain the cluster's name
    as `clusterName`, for the column CLUSTER."""
    if verbose or len(rows) <= MANY:
        return table_lines(rows, columns)
    cells = [{title: str(shown(of(row))) for title, of in columns.items()} for row in rows]

    def outcome(at: int) -> tuple[str, ...]:
        return tuple(
            unnamed(cell, rows[at]["clusterName"]) for title, cell in cells[at].items() if title not in _OF_ONE
        )

    groups, left = _largest(grouped(range(len(rows)), outcome))
    lines = [list(columns), *(_line(columns, [rows[at] for at in group], cells[group[0]]) for group in groups)]
    return [*aligned(lines), *_rest(left), f"{len(rows)} clusters, summarized; -v lists each of them."]


def summarized(messages: Mapping[str, str], *, verbose: bool) -> list[str]:
    """Returns a line for each cluster or, for many, a line for each message."""
    if verbose or len(messages) <= MANY:
        return [f"{cluster}: {message}" for cluster, message in messages.items()]
    groups, left = _largest(grouped(messages, lambda cluster: unnamed(messages[cluster], cluster)))
    lines = [f"{named(group)}: {cut(_common(group, messages[group[0]]))}" for group in groups]
    return [*lines, *_rest(left)]


def grouped(items: Iterable[Item], key: Callable[[Item], Any]) -> list[list[Item]]:
    """Groups items by key, in their order."""
    groups: dict[Any, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def named(names: Sequence[str]) -> str:
    """Lists names, or some of them with the number of others if there are many."""
    more = len(names) - _NAMED
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_NAMED])} and {more} more"


def unnamed(text: str, cluster: str) -> str:
    """Returns the same text for every cluster, because messages may contain the cluster's name."""
    return re.sub(rf"(?<![\w-]){re.escape(cluster)}(?![\w-])", _PLACEHOLDER, text)


def cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _common(group: Sequence[str], text: str) -> str:
    return text if len(group) == 1 else unnamed(text, group[0])


def _line(columns: Columns, rows: Sequence[Row], cells: Mapping[str, str]) -> list[str]:
    names = [row["clusterName"] for row in rows]
    line = []
    for title, of in columns.items():
        if title == "CLUSTER":
            line.append(named(names))
        elif title in _OF_ONE:
            line.append(cells[title] if len({of(row) for row in rows}) == 1 else "various")
        else:
            line.append(cut(_common(names, cells[title])))
    return line


def _largest(groups: list[list[Item]]) -> tuple[list[list[Item]], list[list[Item]]]:
    ordered = sorted(groups, key=len, reverse=True)
    return ordered[:_GROUPS], ordered[_GROUPS:]


def _rest(groups: Sequence[Sequence[Any]]) -> list[str]:
    if not groups:
        return []
    return [f"... and {len(groups)} other outcomes on {sum(map(len, groups))} clusters; -v shows all."]
