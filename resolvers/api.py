"""The executable schema."""

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext

from app.identity.permissions import Permission, roles_with
from resolvers.engine.documents import Documents
from resolvers.engine.errors import Errors, shown
from resolvers.engine.execution import Execution
from resolvers.engine.extensions import FreshLoaders, Subscribers, TimeLimit
from resolvers.engine.streams import Streams
from resolvers.roots import TYPES, Mutation, Query, Subscription
from schema.needs import needs_of_fields


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Logs nothing: `shown` logs unexpected errors, and not every refusal with a traceback.

        Errors in the events of a subscription only pass through here. An extension's hook for each event would cost as
        much as sending the event."""
        errors[:] = map(shown, errors)


api = _Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    execution_context_class=Execution,
    types=TYPES,
    extensions=[
        Errors,
        FreshLoaders,
        Streams,
        Subscribers,
        Documents,
        TimeLimit,
    ],
)


_PERMISSIONS = """# Permissions

A role is a set of permissions. Members of an organization see everything in it; these permissions allow more.
[Permissions](../permissions.md) explains how roles are assigned.

| permission | meaning | roles | mutations and fields |
| --- | --- | --- | --- |
"""


def printed_permissions() -> str:
    """The page of docs/reference/ that lists what each permission allows."""
    needs = needs_of_fields(api._schema)
    rows = []
    for permission in Permission:
        fields = ", ".join(f"`{name.removeprefix('Mutation.')}`" for name, need in needs.items() if need is permission)
        roles = ", ".join(roles_with(permission))
        rows.append(f"| `{permission}` | {permission.sentence} | {roles} | {fields} |\n")
    return _PERMISSIONS + "".join(rows)


def printed_schema() -> str:
    return api.as_str() + "\n"
