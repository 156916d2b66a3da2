"""What one request may ask for, and the messages for larger requests: each says how to ask for less. docs/limits.md
lists all limits."""

from collections.abc import Mapping

from graphql import GraphQLError, GraphQLSyntaxError

from app.core.settings import Settings
from app.registers.register import ErrorCode
from app.registers.requests import RequestCode
from resolvers.engine.shape import Shape


def of_shape(shape: Shape | None, settings: Settings) -> GraphQLError | None:
    """What is wrong with a document's shape, if anything is."""
    if shape is None or shape.depth > settings.query_depth:
        allowed = f"nests fields at most {settings.query_depth} deep"
        return refusal(
            RequestCode.QUERY_TOO_DEEP, f"A query {allowed}. Start another query with the id of a nested object."
        )
    for code, count, limit, what in (
        (
            RequestCode.TOO_MANY_FIELDS,
            shape.fields,
            settings.query_fields,
            "fields, each fragment counted wherever it is used",
        ),
        (RequestCode.TOO_MANY_ALIASES, shape.aliases, settings.query_aliases, "aliases"),
        (RequestCode.TOO_MANY_ROOT_FIELDS, shape.root_fields, settings.query_root_fields, "fields at its root"),
        (RequestCode.TOO_MANY_DIRECTIVES, shape.directives, settings.query_directives, "directives"),
    ):
        if count > limit:
            return refusal(code, f"A query has at most {limit:,} {what}; this one has {count:,}. Send several queries.")
    if shape.introspects and not settings.introspection:
        return refusal(RequestCode.INTROSPECTION_OFF, "Introspection is disabled. See schema/schema.graphql.")
    return None


def of_lists(longest: Mapping[bool, int], settings: Settings) -> GraphQLError | None:
    """What is wrong with the longest lists that are given, in mutations' arguments (True) and in others' (False)."""
    for is_input, limit, advice in (
        (True, settings.input_length, "change the rest with a second mutation"),
        (False, settings.filter_length, "send several queries"),
    ):
        if longest.get(is_input, 0) > limit:
            return refusal(RequestCode.LIST_TOO_LONG, f"A list has at most {limit:,} entries here: {advice}.")
    return None


def of_cost(cost: int, settings: Settings) -> GraphQLError | None:
    if cost <= settings.query_cost:
        return None
    return refusal(
        RequestCode.QUERY_TOO_EXPENSIVE,
        f"The answer may have {cost:,} fields; {settings.query_cost:,} are allowed. Request shorter pages with `first`,"
        " or fewer fields of nested lists.",
    )


def too_many_operations(most: int) -> GraphQLError:
    return refusal(
        RequestCode.TOO_MANY_OPERATIONS, f"A connection has at most {most:,} operations at once. Stop some of them."
    )


def too_many_subscriptions(most: int) -> GraphQLError:
    return refusal(
        RequestCode.TOO_MANY_SUBSCRIPTIONS, f"A user has at most {most:,} subscriptions at once. Close some of them."
    )


def timed_out(settings: Settings) -> GraphQLError:
    return refusal(
        RequestCode.TIMED_OUT,
        f"The request timed out after {settings.operation_timeout:g} s. Request less data. Before you repeat a"
        " mutation, check whether it took effect.",
    )


def code_of(error: GraphQLSyntaxError) -> RequestCode:
    """The code of a parser's error. The parser also calls a document that is too long or too deep a syntax error."""
    if not error.message.endswith("Parsing aborted."):
        return RequestCode.SYNTAX
    return RequestCode.QUERY_TOO_DEEP if "nested" in error.message else RequestCode.QUERY_TOO_LONG


def refusal(code: ErrorCode, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
