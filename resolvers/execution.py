"""How subscriptions are executed: who is told the same object, and asks for it in the same words, shares the answer.

A change that a thousand dashboards show is loaded once and has its fields resolved once; what is left for each of them
is to be sent it."""

import asyncio
from collections.abc import Awaitable
from functools import cached_property
from typing import Any

import orjson
from graphql import ExecutionResult, Executor
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.context import Context


class Execution(StrawberryGraphQLCoreExecutionContext):
    def build_per_event_executor(self, payload: Any) -> Any:
        told = self.context_value.load.told
        row = getattr(payload, "row", None) or getattr(payload, "facts", None)
        if told is None or row is None:
            return super().build_per_event_executor(payload)
        return _Told(self, payload, row, told)

    @cached_property
    def words(self) -> tuple[object, ...]:
        """What was asked, and by whom: those for whom it is the same get the same answer. Documents are remembered by
        their text, so that the same words are the same operation."""
        context: Context = self.context_value
        variables = orjson.dumps(self.variable_values.coerced, default=str, option=orjson.OPT_SORT_KEYS)
        return id(self.operation), variables, context.viewer.rights


class _Told:
    """The execution of one event, which is done by whoever comes first."""

    def __init__(self, execution: Execution, payload: Any, row: object, told: dict[object, Any]) -> None:
        self._execution = execution
        self._payload = payload
        self._row = row
        self._told = told

    def execute_operation(self, serially: bool | None = None) -> ExecutionResult | Awaitable[ExecutionResult]:
        key = (*self._execution.words, id(self._row))
        found = self._told.get(key)
        if found is None:
            executor = Executor.build_per_event_executor(self._execution, self._payload)
            result: Any = executor.execute_operation(serially)
            if executor.is_awaitable(result):
                result = asyncio.ensure_future(result)
            # Kept with what the key names by its place in memory, so that nothing else can come to be there.
            found = self._told[key] = (result, self._row, self._execution.operation)
        result = found[0]
        return asyncio.shield(result) if isinstance(result, asyncio.Future) else result
