"""What a request may ask for at once, and the words for what goes beyond: each says how to ask for less. docs/limits.md
tells them all."""

from collections.abc import Mapping

from graphql import GraphQLError, GraphQLSyntaxError

from app.core.settings import Settings
from resolvers.shape import Shape


def of_shape(shape: Shape | None, settings: Settings) -> GraphQLError | None:
    """What is wrong with a document's shape, if anything is."""
    if shape is None or shape.depth > settings.query_depth:
        allowed = f"nests fields at most {settings.query_depth} deep"
        return refusal("query_too_deep", f"A query {allowed}: start a second one with the id of what you have found.")
    for code, count, limit, what in (
        ("too_many_fields", shape.fields, settings.query_fields, "fields, each fragment counted wherever it is used"),
        ("too_many_aliases", shape.aliases, settings.query_aliases, "aliases"),
        ("too_many_root_fields", shape.root_fields, settings.query_root_fields, "fields at its root"),
        ("too_many_directives", shape.directives, settings.query_directives, "directives"),
    ):
        if count > limit:
            return refusal(
                code, f"A query has at most {limit:,} {what}; this one has {count:,}: ask in several queries."
            )
    if shape.introspects and not settings.introspection:
        return refusal("introspection_off", "The schema can't be asked for here: it is in docs and in schema.graphql.")
    return None


def of_lists(longest: Mapping[bool, int], settings: Settings) -> GraphQLError | None:
    """What is wrong with the longest lists that are given, in mutations' arguments (True) and in others' (False)."""
    for is_input, limit, advice in (
        (True, settings.input_length, "change the rest with a second mutation"),
        (False, settings.filter_length, "ask in several queries"),
    ):
        if longest.get(is_input, 0) > limit:
            return refusal("list_too_long", f"A list has at most {limit:,} entries here: {advice}.")
    return None


def of_cost(cost: int, settings: Settings) -> GraphQLError | None:
    if cost <= settings.query_cost:
        return None
    return refusal(
        "query_too_expensive",
        f"The answer may have {cost:,} fields; {settings.query_cost:,} are allowed: ask for shorter pages with `first`,"
        " or for fewer fields of what is in lists.",
    )


def too_many_operations(most: int) -> GraphQLError:
    return refusal("too_many_operations", f"A connection has at most {most:,} operations at once: end some.")


def too_many_subscriptions(most: int) -> GraphQLError:
    return refusal("too_many_subscriptions", f"A user has at most {most:,} subscriptions at once: end some.")


def timed_out(settings: Settings) -> GraphQLError:
    return refusal(
        "timed_out",
        f"This took longer than {settings.operation_timeout:g} s and was given up: ask for less at once. Before you"
        " repeat a mutation, look whether it was done.",
    )


def code_of(error: GraphQLSyntaxError) -> str:
    """The parser tells what is too much for it as an error of syntax."""
    if not error.message.endswith("Parsing aborted."):
        return "syntax"
    return "query_too_deep" if "nested" in error.message else "query_too_long"


def refusal(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
