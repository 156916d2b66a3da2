"""Time limits, bounds on subscriptions, and loaders that live for one operation."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType

from app.core.settings import Settings
from resolvers.engine import limits
from schema.context import Context
from schema.loading import Loaders


class TimeLimit(SchemaExtension):
    async def on_execute(self) -> AsyncIterator[None]:
        if self.execution_context.operation_type is OperationType.SUBSCRIPTION:
            yield
            return
        settings: Settings = self.execution_context.context.services.settings
        try:
            async with asyncio.timeout(settings.operation_timeout):
                yield
        except TimeoutError:
            raise limits.timed_out(settings) from None


class Subscribers(SchemaExtension):
    _counts = False

    def on_operation(self) -> Iterator[None]:
        """Lasts until a subscription ends."""
        try:
            yield
        finally:
            if self._counts:
                self._count(-1)

    def on_execute(self) -> Iterator[None]:
        context: Context = self.execution_context.context
        subscribes = self.execution_context.operation_type is OperationType.SUBSCRIPTION
        if subscribes and context.signed_in is not None:
            most = context.services.settings.user_subscriptions
            if context.subscribed[context.signed_in.user_id] >= most:
                raise limits.too_many_subscriptions(most)
            self._counts = True
            self._count(1)
        yield

    def _count(self, change: int) -> None:
        context: Context = self.execution_context.context
        user_id = context.viewer.user_id
        context.subscribed[user_id] += change
        if not context.subscribed[user_id]:
            del context.subscribed[user_id]


class FreshLoaders(SchemaExtension):
    """A WebSocket has one context for all of its operations; what one has loaded is old for the next."""

    async def on_operation(self) -> AsyncIterator[None]:
        context: Context = self.execution_context.context
        context.load = Loaders(context.services.database, context.services.settings.cluster_concurrency)
        yield
