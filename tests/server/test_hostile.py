"""What is made to be expensive is refused by the limits as they come; odd text and deep values are refused in words."""

from typing import Any

import pytest
from graphql import GraphQLField, GraphQLNonNull, GraphQLString, get_named_type, is_leaf_type

from resolvers.api import api
from tests.stack import TOKEN, Stack


def multiplied(depth: int) -> str:
    steps = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth))
    return "{ ...F0 }" + steps + f" fragment F{depth} on Query {{ version }}"


def deep(levels: int) -> str:
    return '{ cluster(name: "a") {' + "group { members {" * levels + "id" + "} }" * levels + "} }"


HOSTILE = {
    "aliases": ("{" + " ".join(f"a{n}: version" for n in range(1_000)) + "}", "too_many_aliases"),
    "five thousand aliases": ("{ viewer {" + " ".join(f"a{n}:id" for n in range(5_000)) + "} }", "query_too_long"),
    "the same field again and again": ("{" + " version" * 4_900 + "}", "too_many_fields"),
    "deep": (deep(30), "query_too_deep"),
    "without end": ("{a" * 20_000, "query_too_deep"),
    "fragments that multiply": (multiplied(40), "too_many_fields"),
    "directives": ("{ version" + " @skip(if: false)" * 600 + "}", "too_many_directives"),
    "roots": ("{" + " version" * 60 + "}", "too_many_root_fields"),
    "a long list": ('{ events(kinds: ["a" %s]) { nodes { at } } }' % (' "a"' * 100), "list_too_long"),
    "pages within pages": (
        "{ clusterGroups(first: 200) { nodes { deployments(first: 200) { nodes { targets { id } } } } } }",
        "query_too_expensive",
    ),
    "introspection within introspection": (
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
        None,
    ),
    "a long name": ("{ " + "x" * 60_000 + " }", None),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_query_that_is_made_to_be_expensive_is_refused(shared: Stack, name: str) -> None:
    query, code = HOSTILE[name]
    for token in (TOKEN, None, "nobody"):
        answer = await shared.ask(query, token)
        assert "data" not in answer
        found = answer["errors"][0].get("extensions", {}).get("code")
        # Whoever is not signed in may send less, and is refused before it is looked at.
        assert found == code or (token != TOKEN and found == "query_too_long")


@pytest.mark.parametrize("text", ["\x00", "\u202e", "x" * 50_000, "%", "\\", "'", "\ufffe"])
async def test_odd_text_is_understood_or_refused_wherever_text_is_taken(shared: Stack, text: str) -> None:
    for name, field in _fields("Query"):
        for argument, definition in field.args.items():
            if get_named_type(definition.type) is not GraphQLString or str(definition.type).startswith("["):
                continue
            needed = [
                other
                for other, needs in field.args.items()
                if other != argument and isinstance(needs.type, GraphQLNonNull)
            ]
            given = " ".join([f"{argument}: $text", *(f'{other}: "x"' for other in needed)])
            leaf = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
            answer = await shared.ask(f"query ($text: String!) {{ {name}({given}) {leaf} }}", text=text)
            assert "internal" not in str(answer.get("errors")), (name, argument, answer)


async def test_values_as_deep_as_json_may_be_are_refused_in_words(shared: Stack) -> None:
    values: Any = {}
    for _ in range(95):
        values = {"a": values}
    answer = await shared.create(values=values)
    assert answer["__typename"] != "DeploymentPayload"


def _fields(root: str) -> list[tuple[str, GraphQLField]]:
    kind = api._schema.type_map[root]
    return list(kind.fields.items())  # type: ignore[attr-defined]
