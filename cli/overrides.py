"""Overrides and selectors in deployment files. Overrides are a map of clusters, or a list of entries, each of which has
a selector (`select`) or the name of a cluster (`cluster`)."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from cli.nodes import entries, is_empty, is_text, line, text, value

CONDITIONS = ("labels", "cloud", "region", "distribution", "kubernetesVersion")
_ENTRY = ("select", "cluster", "values", "valuesFrom")
_REFERENCE = ("secret", "key", "path")


@dataclass(frozen=True)
class SelectorOverride:
    """Values for the clusters that a selector matches. They are YAML that the server parses."""

    select: dict[str, Any]
    values: str
    values_from: list[dict[str, str]] = field(default_factory=list)

    def wish(self) -> dict[str, Any]:
        return {"select": self.select, "valuesYaml": self.values, "valuesFrom": self.values_from}


@dataclass
class Overrides:
    """All overrides of a file: those by selector, weakest first, and those of clusters by name."""

    selected: list[SelectorOverride] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    values_from: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def read_overrides(node: yaml.Node | None) -> Overrides:
    """Reads a valid node."""
    found = Overrides()
    if isinstance(node, yaml.MappingNode):
        found.values = {key: text(below) for key, (_, below) in entries(node).items()}
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        given = {key: below for key, (_, below) in entries(item).items() if not is_empty(below)}
        values = text(given["values"]) if "values" in given else ""
        references = value(given["valuesFrom"]) if "valuesFrom" in given else []
        if "cluster" in given:
            name = str(given["cluster"].value)
            found.values[name] = values
            if references:
                found.values_from[name] = references
        else:
            found.selected.append(SelectorOverride(value(given["select"]), values, references))
    return found


def overrides_problems(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yields the line and the words of each problem."""
    if isinstance(node, yaml.MappingNode):
        for key, (_, below) in entries(node).items():
            if not is_empty(below) and not isinstance(below, yaml.MappingNode):
                yield line(below), f"the override for `{key}` must be a map of values"
    elif isinstance(node, yaml.SequenceNode):
        seen: dict[str, int] = {}
        for item in node.value:
            yield from _entry_problems(item)
            _, cluster = entries(item).get("cluster", (None, None))
            if cluster is not None and (name := str(cluster.value)) in seen:
                yield line(cluster), f"the override for `{name}` is given twice, first in line {seen[name]}"
            elif cluster is not None:
                seen[name] = line(cluster)
    else:
        yield line(node), "`overrides` must be a map of clusters, or a list of entries with `select` or `cluster`"


def _entry_problems(item: yaml.Node) -> Iterator[tuple[int, str]]:
    given = entries(item)
    if ("select" in given) == ("cluster" in given):
        yield line(item), "an entry of `overrides` is a map with either `select` or `cluster`, and `values`"
        return
    for name, (key, below) in given.items():
        if name not in _ENTRY:
            yield line(key), _unknown(name, _ENTRY)
        elif name == "select":
            yield from selector_problems(name, below)
        elif name == "cluster" and not is_text(below):
            yield line(below), "`cluster` must be a string"
        elif name == "values" and not is_empty(below) and not isinstance(below, yaml.MappingNode):
            yield line(below), "`values` must be a map"
        elif name == "valuesFrom" and not is_empty(below):
            yield from reference_problems(below)


def selector_problems(name: str, node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yields the line and the words of each problem of a selector."""
    if not isinstance(node, yaml.MappingNode):
        yield line(node), f"`{name}` must be a map of conditions: {', '.join(CONDITIONS)}"
        return
    for condition, (key, below) in entries(node).items():
        if condition not in CONDITIONS:
            yield line(key), _unknown(condition, CONDITIONS)
        elif condition == "labels":
            if not isinstance(below, yaml.MappingNode):
                yield line(below), "`labels` must be a map of labels"
            for label, (_, texts) in entries(below).items():
                if not _are_texts(texts):
                    yield line(texts), f"the label `{label}` must be a string (put it in quotes), or a list of strings"
        elif condition == "kubernetesVersion" and not is_text(below):
            yield line(below), "`kubernetesVersion` must be a string (put it in quotes), such as '>=1.28 <1.31'"
        elif not _are_texts(below):
            yield line(below), f"`{condition}` must be a string (put it in quotes), or a list of strings"


def reference_problems(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yields the line and the words of each problem of a list of references to secrets."""
    if not isinstance(node, yaml.SequenceNode):
        yield line(node), "`valuesFrom` must be a list of references to secrets"
        return
    for item in node.value:
        found = {name: below for name, (_, below) in entries(item).items()}
        if set(found) != set(_REFERENCE) or not all(is_text(below) and below.value for below in found.values()):
            yield line(item), "a reference to a secret must be a map with the strings `secret`, `key` and `path`"


def shortened(selector: Any) -> dict[str, Any]:
    """Returns a selector of the API as it is written in a file."""
    found = {name: selector[name] for name in CONDITIONS if selector[name]}
    return {name: each[0] if isinstance(each, list) and len(each) == 1 else each for name, each in found.items()}


def _are_texts(node: yaml.Node) -> bool:
    if isinstance(node, yaml.SequenceNode):
        return bool(node.value) and all(map(is_text, node.value))
    return is_text(node)


def _unknown(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"`{name}` is not known: " + (f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}")
