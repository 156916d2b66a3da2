"""Queries by introspection: one for each field of the root, and for each type that can be reached one that asks for all
of its fields."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    is_composite_type,
    is_required_argument,
)

from resolvers.api import api

Arguments = Mapping[str, str]
"""What a field needs, by `Type.field`; what `node` needs for a type, by `node.Type`."""

SCHEMA = api._schema


def fields_of(type_name: str) -> set[str]:
    return set(SCHEMA.type_map[type_name].fields)  # type: ignore[attr-defined]


def queries(arguments: Arguments, *, around: str) -> dict[str, str]:
    """By `Query.field`, and by type's name; each of the latter leads to its type on a shortest way from the root,
    around one of its fields as far as possible.

    Raises:
        KeyError: where a field on the way needs an argument that is not given.
    """
    root = SCHEMA.type_map["Query"]
    assert isinstance(root, GraphQLObjectType)
    found = {
        f"Query.{name}": f"query {{ {_asked(root, name, field, arguments)}{_below(_named(field.type), arguments)} }}"
        for name, field in root.fields.items()
    }
    left = deque([("Query", "%s")])
    while left:
        name, way = left.popleft()
        if name in found:
            continue
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        found[name] = "query " + way % _all_fields(kind, arguments)
        left.extend(sorted(_next(kind, way, arguments), key=lambda step: step[1].startswith(f"{{ {around} ")))
    del found["Query"]
    return found


def _below(kind: Any, arguments: Arguments) -> str:
    if isinstance(kind, GraphQLObjectType):
        return f" {_all_fields(kind, arguments)}"
    return " { __typename }" if is_composite_type(kind) else ""


def _next(kind: GraphQLObjectType, way: str, arguments: Arguments) -> Iterator[tuple[str, str]]:
    for name, field in kind.fields.items():
        below = _named(field.type)
        if isinstance(below, GraphQLObjectType):
            yield below.name, way % f"{{ {_asked(kind, name, field, arguments)} %s }}"
        elif isinstance(below, GraphQLInterfaceType | GraphQLUnionType) and kind.name == "Query":
            for possible in SCHEMA.get_possible_types(below):
                asked = f'{name}(id: "{arguments[f"node.{possible.name}"]}")'
                yield possible.name, way % f"{{ {asked} {{ ... on {possible.name} %s }} }}"


def _all_fields(kind: GraphQLObjectType, arguments: Arguments) -> str:
    asked = [
        _asked(kind, name, field, arguments) + (" { __typename }" if is_composite_type(_named(field.type)) else "")
        for name, field in kind.fields.items()
    ]
    return f"{{ __typename {' '.join(asked)} }}"


def _asked(kind: GraphQLObjectType, name: str, field: GraphQLField, arguments: Arguments) -> str:
    needed = [argument for argument, told in field.args.items() if is_required_argument(told)]
    return f"{name}({arguments[f'{kind.name}.{name}']})" if needed else name


def _named(kind: Any) -> Any:
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    return kind
