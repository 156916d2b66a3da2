"""Executes operations where graphql-core's own way would cost too much.

A field that is an attribute with a plain value is read directly: pages have thousands of them. Subscribers that receive
the same object, and ask for it in the same words, share the answer: a change that a thousand dashboards show is loaded
once and its fields are resolved once, and only the sending is left for each of them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLField,
    GraphQLObjectType,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.context import Context

_PLAIN = "polyhelm-plain"


class Execution(StrawberryGraphQLCoreExecutionContext):
    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: list[FieldDetails],
        path: Path,
        position_context: Any,
    ) -> Any:
        field = self.schema.get_field(parent_type, field_details_list[0].node.name.value)
        plain = None if field is None else _plain(field)
        if plain is not None:
            try:
                value = getattr(source, plain.attribute)
                if value is None and plain.is_nullable:
                    return None
                coerced = plain.coerce(value)
            except Exception:  # the slow path reports it with its path
                coerced = None
            if coerced is not None:
                return coerced
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    def build_per_event_executor(self, payload: Any) -> Any:
        shared = self.context_value.load.shared_answers
        row = getattr(payload, "row", None) or getattr(payload, "facts", None)
        if shared is None or row is None:
            return super().build_per_event_executor(payload)
        return _SharedEvent(self, payload, row, shared)

    @cached_property
    def words(self) -> tuple[object, ...]:
        """The operation, its variables and the rights of its caller: callers with equal ones get the same answer.
        Documents are cached by their text, so that equal texts are the same operation object."""
        context: Context = self.context_value
        variables = orjson.dumps(self.variable_values.coerced, default=str, option=orjson.OPT_SORT_KEYS)
        return id(self.operation), variables, context.viewer.rights


@dataclass(frozen=True, slots=True)
class _Plain:
    """A field without a resolver, of a scalar or an enum."""

    attribute: str
    is_nullable: bool
    coerce: Callable[[Any], Any]


def _plain(field: GraphQLField) -> _Plain | None:
    """What is known of a field is kept with it: schemas last as long as the process."""
    found: _Plain | None
    try:
        found = field.extensions[_PLAIN]
    except KeyError:
        definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        kind = get_nullable_type(field.type)
        if isinstance(definition, StrawberryField) and definition.is_basic_field and is_leaf_type(kind):
            found = _Plain(definition.python_name, kind is field.type, kind.coerce_output_value)
        else:
            found = None
        field.extensions[_PLAIN] = found
    return found


class _SharedEvent:
    """The execution of one event. The first caller does it for all."""

    def __init__(self, execution: Execution, payload: Any, row: object, shared: dict[object, Any]) -> None:
        self._execution = execution
        self._payload = payload
        self._row = row
        self._shared = shared

    def execute_operation(self, serially: bool | None = None) -> ExecutionResult | Awaitable[ExecutionResult]:
        key = (*self._execution.words, id(self._row))
        found = self._shared.get(key)
        if found is None:
            executor = Executor.build_per_event_executor(self._execution, self._payload)
            result: Any = executor.execute_operation(serially)
            if executor.is_awaitable(result):
                result = asyncio.ensure_future(result)
            # Kept with what the key names by its place in memory, so that nothing else can come to be there.
            found = self._shared[key] = (result, self._row, self._execution.operation)
        result = found[0]
        return asyncio.shield(result) if isinstance(result, asyncio.Future) else result
