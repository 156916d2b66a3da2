"""Checks a service definition when it is saved: its versions and edges, the expressions in its values against the
schema of the spec, and the steps of its edges as those of workflows.

The cost of compiling expressions and of schemas has no bound, so definitions of users are checked in a process that
may be killed.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from app.releases.expressions import problems as text_problems
from app.releases.expressions import uses
from app.releases.version_ranges import VersionRange
from app.releases.versions import parsed, precedence
from app.upgrades.definition import Direction, ServiceDefinition
from app.upgrades.graph import Graph
from app.upgrades.language import MAX_EXPRESSIONS, MAX_HOPS, structure_problems
from app.upgrades.mapping import MappingFailed, complete, values_of
from app.upgrades.ranges import SemanticRange
from app.workflows.checking import definition_problems as workflow_problems
from app.workflows.expressions import Texts, Visible, identifier_problem
from app.workflows.fitting import kind_of_value
from app.workflows.schemas import Part, kind_of_parameters, properties, required, schema_problem

MAX_PROBLEMS = 50
Path = tuple[str, ...]
Found = Iterator[tuple[Path, str]]

_TEXT = {"type": "string"}


def definition_problems(document: Any) -> list[tuple[Path, str]]:
    """What is wrong with a definition: places and messages, at most `MAX_PROBLEMS`. Each check expects a definition
    that the earlier ones accept."""
    for look in _CHECKS:
        if found := list(islice(look(document), MAX_PROBLEMS)):
            return found
    return []


# Versions and edges


def _version_problems(document: Any) -> Found:
    """Versions are semantic ones and differ, and each has a chart."""
    seen = dict[Any, int]()
    for index, entry in enumerate(document["versions"]):
        path = ("versions", str(index))
        number = parsed(entry["version"])
        if number is None:
            yield (*path, "version"), f"{entry['version']!r} is not a semantic version such as 1.10.0."
        elif (first := seen.setdefault(precedence(number), index)) != index:
            yield (*path, "version"), f"{entry['version']} is the same version as that of versions.{first}."
        chart = {**document.get("chart", {}), **entry.get("chart", {})}
        for key in ("repository", "name"):
            if key not in chart:
                yield (*path, "chart"), f"The chart has no {key}, and the definition has none for all versions."
        if parsed(text := chart.get("version", "0.0.0")) is None:
            yield (*path, "chart", "version"), f"{text!r} is not a semantic version such as 1.10.0."
        yield from _requirement_problems(entry.get("requires", {}), (*path, "requires"))


def _requirement_problems(requires: Mapping[str, Any], path: Path) -> Found:
    try:
        VersionRange.parse(requires.get("kubernetes", "1"))
    except ValueError as error:
        yield (*path, "kubernetes"), str(error)
    for index, service in enumerate(requires.get("services", ())):
        if problem := _range_problem(service.get("versions", "1")):
            yield (*path, "services", str(index), "versions"), problem


def _range_problem(text: str) -> str | None:
    try:
        SemanticRange.parse(text)
    except ValueError as error:
        return str(error)
    return None


def _edge_problems(document: Any) -> Found:
    """Edges lead from versions of the definition to another one."""
    known = {precedence(number) for entry in document["versions"] if (number := parsed(entry["version"]))}
    for index, edge in enumerate(document.get("edges", ())):
        path = ("edges", str(index))
        if problem := _range_problem(edge["from"]):
            yield (*path, "from"), problem
        target = parsed(edge["to"])
        if target is None:
            yield (*path, "to"), f"{edge['to']!r} is not a semantic version such as 1.10.0."
        elif precedence(target) not in known:
            yield (*path, "to"), f"The definition does not have the version {edge['to']}."


def _hop_problems(document: Any) -> Found:
    """Each edge leads from a version, and one edge at most from a version to another."""
    definition = ServiceDefinition.of_json(document)
    graph = Graph.of(definition)
    if len(graph.hops) > MAX_HOPS:
        yield ("edges",), f"The edges connect {len(graph.hops):,} pairs of versions, and may connect {MAX_HOPS:,}."
    seen = dict[tuple[int, int], int]()
    for source, target, hop in graph.hops:
        first = seen.setdefault((source, target), hop.number)
        if first != hop.number:
            message = f"Two edges lead from {hop.source} to {hop.target}: edges.{first} and this one."
            yield ("edges", str(hop.number), "from"), message
    used = {hop.number for _, _, hop in graph.hops}
    for number, edge in enumerate(definition.edges):
        if number not in used:
            side = "older" if edge.direction is Direction.UP else "newer"
            message = f"The definition has no version in {edge.source} that is {side} than {edge.target}."
            yield ("edges", str(number), "from"), message


# The spec, and what expressions make of it


def _spec_problems(document: Any) -> Found:
    """The schema of the spec is valid, its defaults fit, and expressions can use the names of its fields."""
    spec = document.get("spec", {})
    if problem := schema_problem(spec):
        inner, message = problem
        yield ("spec", *inner), message
        return
    if spec.get("type", "object") != "object":
        yield ("spec", "type"), "`type` must be `object`."
    part = Part.of(spec)
    for name, schema in properties(spec).items():
        path = ("spec", "properties", name)
        if taken := identifier_problem(name):
            yield path, taken
        if isinstance(schema, Mapping) and "default" in schema:
            for inner, message in part.at("properties", name).problems(schema["default"]):
                yield (*path, "default", *inner), message


def _text_problems(document: Any) -> Found:
    """Each `${{` has its end, and there are not too many expressions."""
    count = 0
    for path, values in _all_values(document):
        wrong = [((*path, *inner), message) for inner, message in text_problems(values)]
        yield from wrong
        count += 0 if wrong else sum(1 for _ in uses(values))
    if count > MAX_EXPRESSIONS:
        yield (), f"There are {count:,} expressions in values, and a definition has at most {MAX_EXPRESSIONS:,}."


def _mapping_problems(document: Any) -> Found:
    """The expressions in values fit the schema of the spec."""
    visible = Visible({"spec": kind_of_parameters(document.get("spec", {}))})
    for path, values in _all_values(document):
        yield from kind_of_value(values, path, visible, Texts())[1]


def _default_problems(document: Any) -> Found:
    """The values can be computed from the defaults of the spec, if no field has to be given."""
    spec = document.get("spec", {})
    names = [name for name, field in properties(spec).items() if isinstance(field, Mapping) and "default" in field]
    if any(Part.of(spec).problems({name: spec["properties"][name]["default"] for name in names})):
        return
    for path, values in _all_values(document):
        try:
            values_of(values, complete(spec, {}))
        except MappingFailed as failed:
            message = f"The expression has no value for a spec that has only the defaults: {failed}."
            yield (*path, *failed.path), message


def _all_values(document: Any) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if "values" in document:
        yield ("values",), document["values"]
    for index, entry in enumerate(document["versions"]):
        if "values" in entry:
            yield ("versions", str(index), "values"), entry["values"]


# Steps


def _step_problems(document: Any) -> Found:
    """The steps of edges are those of a workflow whose parameters are the spec and what is changed."""
    parameters = _parameters(document.get("spec", {}))
    for index, edge in enumerate(document.get("edges", ())):
        for key in ("before", "after"):
            if edge.get(key):
                steps = {"name": key, "parameters": parameters, "steps": edge[key]}
                for inner, message in workflow_problems(steps):
                    yield ("edges", str(index), key, *inner[1:]), message


def _parameters(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of what the steps of an edge see as `parameters`: the spec, in which a field with a default always has
    a value, and what is changed."""
    fields = properties(spec)
    has_default = [name for name in fields if isinstance(fields[name], Mapping) and "default" in fields[name]]
    seen = _without_references({key: inner for key, inner in spec.items() if key not in _OF_WHOLE})
    seen |= {"type": "object", "required": [*required(spec), *has_default]}
    names = ("cluster", "namespace", "release", "from", "to")
    return {
        **{key: spec[key] for key in ("$schema",) if key in spec},
        "type": "object",
        "required": ["spec", *names],
        "properties": {"spec": seen, **dict.fromkeys(names, _TEXT)},
    }


def _without_references(schema: Any) -> Any:
    """The schema, in which one that allows everything replaces each that refers to another one. In expressions, both
    have any type."""
    if isinstance(schema, list):
        return [_without_references(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    if _REFERENCES & schema.keys():
        return {}
    found = dict[str, Any]()
    for key, inner in schema.items():
        if key in _BY_NAME and isinstance(inner, Mapping):
            found[key] = {name: _without_references(one) for name, one in inner.items()}
        else:
            found[key] = inner if key in _VERBATIM else _without_references(inner)
    return found


_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_OF_WHOLE = frozenset({"$schema", "$id", "id", "$defs", "definitions"})
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_VERBATIM = frozenset({"default", "const", "enum", "examples", "example"})
_CHECKS = (
    structure_problems,
    _version_problems,
    _edge_problems,
    _hop_problems,
    _spec_problems,
    _text_problems,
    _mapping_problems,
    _default_problems,
    _step_problems,
)
