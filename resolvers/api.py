"""The executable schema."""

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext

from resolvers.engine.documents import Documents
from resolvers.engine.errors import Errors, shown
from resolvers.engine.execution import Execution
from resolvers.engine.extensions import FreshLoaders, Subscribers, TimeLimit
from resolvers.engine.streams import Streams
from resolvers.roots import NODE_TYPES, Mutation, Query, Subscription


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing is logged here: `shown` logs what nobody planned for, and not every refusal with a traceback.

        The errors of what a subscription tells come by here alone. An extension's hook for each of them would cost as
        much as to send it does."""
        errors[:] = map(shown, errors)


api = _Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    execution_context_class=Execution,
    types=NODE_TYPES,
    extensions=[
        Errors,
        FreshLoaders,
        Streams,
        Subscribers,
        Documents,
        TimeLimit,
    ],
)


def printed_schema() -> str:
    return api.as_str() + "\n"
