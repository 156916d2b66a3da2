"""How many fields an answer may have: exact counts, for documents and their variables."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_introspection_query,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from app.core.paging import MOST
from app.core.settings import Settings
from resolvers.api import api
from resolvers.engine.cost import counted, length_of
from resolvers.engine.shape import Shape, shape_of
from schema.list_length import USUAL_LENGTH

PAGES = Path(__file__).parents[3] / "frontend/src"
DEFAULTS = Settings()


def cost(text: str, **variables: Any) -> int:
    document = parse(text)
    assert validate(api._schema, document) == []
    (found,) = costs(document, variables).values()
    return found


def costs(document: DocumentNode, variables: dict[str, Any]) -> dict[str, int]:
    """The cost of each operation, by its name."""
    fragments = {found.name.value: found for found in document.definitions if isinstance(found, FragmentDefinitionNode)}
    return {
        found.name.value if found.name else "": counted(api._schema, found, fragments)(variables)
        for found in document.definitions
        if isinstance(found, OperationDefinitionNode)
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ viewer { name admin } }", 3),
        ("{ clusters(first: 10) { nodes { id name } } }", 1 + 1 + 10 * 2),
        ("{ clusters(first: 10) { edges { cursor node { id } } pageInfo { endCursor } } }", 1 + 1 + 10 * 3 + 1 + 1),
        ("{ clusters { nodes { id } } }", 1 + 1 + 50),
        ("{ clusters(first: null) { nodes { id } } }", 1 + 1 + 50),
        ("{ clusters(first: 0) { nodes { id } } }", 1 + 1),
        ("{ clusters(first: 99999) { nodes { id } } }", 1 + 1 + MOST),
        ("{ clusters(first: -5) { nodes { id } } }", 1 + 1),
        ("{ clusters { pageInfo { endCursor } } }", 1 + 1 + 1),
        ("{ clusterGroups(first: 3) { nodes { deployments(first: 4) { nodes { id } } } } }", 2 + 3 * (2 + 4)),
        ('{ clusterGroup(name: "a") { members { id } } }', 1 + 1 + 50),
        ('{ a: cluster(name: "a") { id } b: cluster(name: "b") { id } }', 4),
        ('{ node(id: "a") { id ... on Cluster { name cloud } ... on User { name } } }', 1 + 3),
        ("{ ...F } fragment F on Query { ...G ...G } fragment G on Query { version }", 2),
    ],
)
def test_an_operation_costs_as_many_fields_as_its_answer_may_have(query: str, expected: int) -> None:
    assert cost(query) == expected


def test_the_cost_depends_on_variables_and_on_their_defaults() -> None:
    query = "query ($n: Int = 7) { clusters(first: $n) { nodes { id } } }"
    assert cost(query) == 2 + 7
    assert cost(query, n=3) == 2 + 3
    assert cost(query, n=None) == 2 + 50
    assert cost(query, n="three") == 2 + MOST
    assert cost("query ($n: Int) { clusters(first: $n) { nodes { id } } }") == 2 + 50


def test_a_fragment_in_two_connections_counts_by_each_of_them() -> None:
    query = """{ a: clusters(first: 2) { ...F } b: clusters(first: 30) { ...F } }
    fragment F on ClusterConnection { nodes { id } }"""
    assert cost(query) == (2 + 2) + (2 + 30)


def kind_of(name: str) -> GraphQLObjectType:
    found = api._schema.type_map[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def test_a_list_counts_as_its_field_says_and_ten_times_by_default() -> None:
    assert length_of(kind_of("Deployment"), "targets") == 100
    assert length_of(kind_of("Deployment"), "statusCounts") == 10
    assert length_of(kind_of("__Schema"), "types") == 150


def test_only_lists_without_pages_have_a_usual_length() -> None:
    for kind in api._schema.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            if definition is not None and USUAL_LENGTH in definition.metadata:
                assert is_list_type(get_nullable_type(field.type)), f"{kind.name}.{name}"
                assert "first" not in field.args, f"{kind.name}.{name}"


def test_fragments_that_multiply_are_measured_without_being_written_out() -> None:
    steps = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    document = parse("{ ...F0 }" + steps + "fragment F60 on Query { version }")
    assert shape_of(document) == Shape(depth=1, fields=2**60, root_fields=2**60)


def test_the_shape_of_a_document_is_that_of_all_operations_together() -> None:
    document = parse(
        """query A { a: viewer @include(if: true) { ...F } } query B @skip { viewer { id } __schema { description } }
        fragment F on User { name }"""
    )
    expected = Shape(depth=2, fields=6, aliases=1, root_fields=3, directives=2, introspects=True)
    assert shape_of(document) == expected


def test_fragments_that_are_part_of_themselves_count_as_nothing() -> None:
    document = parse("{ ...F } fragment F on Query { version ...G } fragment G on Query { ...F }")
    assert shape_of(document).fields == 1


def test_the_documents_of_the_app_are_within_the_limits() -> None:
    document = parse("\n".join(path.read_text() for path in PAGES.glob("**/*.graphql")))
    found = costs(document, {})
    assert len(found) > 30
    assert {name: cost for name, cost in found.items() if cost > DEFAULTS.query_cost / 2} == {}


def test_the_introspection_of_graphiql_is_allowed() -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert cost(query) <= DEFAULTS.query_cost
    assert shape_of(parse(query)).depth <= DEFAULTS.query_depth
