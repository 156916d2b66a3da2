"""GraphQL documents, parsed, measured, validated and counted once. A repeated document costs nothing more.

The cache is bounded by the length of the documents. Only requests of signed-in callers add to it, so that no one else
can evict its entries."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from cachetools import LRUCache
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Source,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.admission.refusal import Refusal
from app.core.settings import Settings
from resolvers.engine import limits
from resolvers.engine.cost import counted
from resolvers.engine.lists import WrittenLists, longest_given
from resolvers.engine.shape import Shape, shape_of

_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_REMEMBERED = 500_000
"""Characters of the documents that are remembered. A document takes about 120 bytes for each."""

Variables = Mapping[str, Any]


class Document:
    """What is known of a document: its shape at once, and the rest when it is first needed, because validating one
    whose shape is not allowed may take seconds. `shape` is None for a document that is nested too deep to be measured.

    Raises:
        GraphQLSyntaxError: where it is none.
    """

    def __init__(self, schema: GraphQLSchema, text: str, options: Mapping[str, Any], *, suggests: bool) -> None:
        self._schema = schema
        self._suggests = suggests
        self._costs: dict[int, Callable[[Variables], int]] = {}
        self._written: dict[bool, int] = {}
        self.parsed = parse(text, **options)
        try:
            self.shape: Shape | None = shape_of(self.parsed)
        except RecursionError:
            self.shape = None

    @cached_property
    def errors(self) -> list[GraphQLError]:
        """What validation has against it."""
        rules: Any = (*_RULES, partial(WrittenLists, self._written))
        return validate(self._schema, self.parsed, rules, hide_suggestions=not self._suggests)

    def longest_lists(self, operation: OperationDefinitionNode, variables: Variables) -> dict[bool, int]:
        """The lengths of the longest list in mutations' arguments (True) and in others' (False). The document is
        valid."""
        is_mutation = operation.operation is OperationType.MUTATION
        given = longest_given(self._schema, operation, variables)
        return self._written | {is_mutation: max(given, self._written.get(is_mutation, 0))}

    def cost(self, operation: OperationDefinitionNode, variables: Variables) -> int:
        """The cost of one of its operations. The document is valid."""
        count = self._costs.get(id(operation))
        if count is None:
            count = self._costs[id(operation)] = counted(self._schema, operation, self._fragments)
        return count(variables)

    @cached_property
    def _fragments(self) -> dict[str, FragmentDefinitionNode]:
        definitions = self.parsed.definitions
        return {found.name.value: found for found in definitions if isinstance(found, FragmentDefinitionNode)}


class _Unread(Source):
    """A document that could not be parsed. Parsing it again, as the GraphQL library does, fails at once in the same
    way."""

    def __init__(self, error: GraphQLError) -> None:
        self._error = error

    @property
    def body(self) -> str:  # type: ignore[override]
        raise self._error


def _length(document: Document) -> int:
    assert document.parsed.loc is not None
    return document.parsed.loc.end


_remembered: LRUCache[tuple[object, ...], Document] = LRUCache(_REMEMBERED, getsizeof=_length)


class Documents(SchemaExtension):
    """Takes the place of parsing and validation, and refuses what is beyond the limits before anything is done."""

    _document: Document | None = None

    async def on_parse(self) -> AsyncIterator[None]:
        context = self.execution_context
        try:
            self._document = await self._found(context.context.services.settings)
            context.graphql_document = self._document.parsed
        except GraphQLError as error:
            context.query = _Unread(error)  # type: ignore[assignment] # it is only parsed
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        assert self._document is not None
        context.pre_execution_errors = list(self._errors(self._document, context.context.services.settings))
        yield

    async def _found(self, settings: Settings) -> Document:
        context = self.execution_context
        signed_in = context.context.signed_in is not None
        options = _options(settings, signed_in=signed_in)
        key = (context.query, settings.introspection, *options.values())
        found = _remembered.get(key)
        if found is None:
            try:
                async with context.context.parsing[signed_in].slot(context.context.caller):
                    assert context.query is not None
                    found = Document(context.schema._schema, context.query, options, suggests=settings.introspection)
                    if limits.of_shape(found.shape, settings) is None:
                        _ = found.errors  # to find them takes as long as to parse
            except Refusal as refused:
                raise limits.refusal(refused.code, refused.reason) from None
            if signed_in:
                with suppress(ValueError):  # it is longer than all that may be remembered
                    _remembered[key] = found
        return found

    def _errors(self, document: Document, settings: Settings) -> Iterable[GraphQLError]:
        refusal = limits.of_shape(document.shape, settings)
        if refusal is not None:
            return [refusal]
        if document.errors:
            return document.errors
        context = self.execution_context
        operation = get_operation_ast(document.parsed, context.operation_name)
        assert operation is not None
        variables = context.variables or {}
        refusal = limits.of_lists(document.longest_lists(operation, variables), settings)
        if refusal is not None:
            return [refusal]
        cost = document.cost(operation, variables)
        if operation.operation is not OperationType.SUBSCRIPTION:  # it would repeat the cost with each event
            context.extensions_results["cost"] = {"requested": cost, "limit": settings.query_cost}
        refusal = limits.of_cost(cost, settings)
        return [] if refusal is None else [refusal]


def _options(settings: Settings, *, signed_in: bool) -> dict[str, Any]:
    return {
        "max_tokens": settings.query_tokens if signed_in else settings.anonymous_query_tokens,
        "max_source_length": settings.query_length,
        "allow_empty_selection_sets": False,
    }
