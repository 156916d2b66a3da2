"""Whether values with expressions fit a JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.cel.kinds import Basic, Kind, ListOf, MapOf, Record, record
from app.releases.expressions import Expression, has_any, parts
from app.workflows.expressions import Path, Texts, Visible
from app.workflows.schemas import Part, kind_of_literal, properties, refused, required

Problems = list[tuple[Path, str]]


def fitting_problems(
    value: Any, schema: Part, path: Path, visible: Visible, texts: Texts
) -> Iterator[tuple[Path, str]]:
    """What is wrong with a value: its expressions, and where it cannot fit the schema."""
    if not has_any(value):
        for inner, message in schema.problems(value):
            yield (*path, *inner), message
        return
    kind: Kind
    problems = Problems()
    if isinstance(value, Mapping):
        kind = MapOf()
        yield from _map_problems(value, schema, path, visible, texts)
    elif isinstance(value, list):
        kind = ListOf()
        for index, item in enumerate(value):
            yield from fitting_problems(item, schema.item(), (*path, str(index)), visible, texts)
    else:
        kind, problems = kind_of_value(value, path, visible, texts)
        yield from problems
    if not problems and (needed := refused(kind, schema.keywords)):
        yield path, f"Expected {needed}, got {kind}."


def kind_of_value(value: Any, path: Path, visible: Visible, texts: Texts) -> tuple[Kind, Problems]:
    """The kind of a value with expressions, and what is wrong with them."""
    problems = Problems()
    if isinstance(value, Mapping):
        fields = dict[str, Kind]()
        for key, inner in value.items():
            fields[key], found = kind_of_value(inner, (*path, key), visible, texts)
            problems += found
        return record(fields), problems
    if isinstance(value, list):
        kinds = set[Kind]()
        for index, inner in enumerate(value):
            kind, found = kind_of_value(inner, (*path, str(index)), visible, texts)
            problems += found
            kinds.add(kind if isinstance(kind, Basic) else Basic.ANYTHING)
        return ListOf(kinds.pop() if len(kinds) == 1 else Basic.ANYTHING), problems
    if not isinstance(value, str):
        return kind_of_literal(value), []
    found_parts = parts(value)
    if len(found_parts) == 1 and isinstance(found_parts[0], Expression):
        return texts.kind(found_parts[0].text, path, visible)
    for part in found_parts:
        if isinstance(part, Expression):
            kind, found = texts.kind(part.text, path, visible)
            problems += found
            if isinstance(kind, ListOf | MapOf | Record) or kind is Basic.NOTHING:
                problems.append((path, f"The expression returns {kind}, which cannot be part of a string."))
    return Basic.TEXT, problems


def _map_problems(
    value: Mapping[str, Any], schema: Part, path: Path, visible: Visible, texts: Texts
) -> Iterator[tuple[Path, str]]:
    for name in required(schema.keywords):
        if name not in value:
            yield path, f"{name} is missing."
    for name, inner in value.items():
        field = schema.field(name)
        if field is None:
            fields = ", ".join(sorted(properties(schema.keywords))) or "none"
            yield (*path, name), f"There is no field {name} here; the fields are: {fields}."
        else:
            yield from fitting_problems(inner, field, (*path, name), visible, texts)
