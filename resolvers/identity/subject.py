"""Registers users, roles, tokens and sessions with the API."""

import strawberry

from resolvers.engine.subject import Subject
from resolvers.identity.organizations import Organizations
from resolvers.identity.queries import Queries
from resolvers.identity.sessions import Sessions
from resolvers.identity.tokens import Tokens
from resolvers.identity.users import Users
from schema.context import Context
from schema.identity.loaders import user_by_id
from schema.identity.types import User


@strawberry.type
class Mutations(Organizations, Sessions, Users, Tokens):
    pass


async def _caller(context: Context, row_id: int) -> User | None:
    row = await context.load[user_by_id].load(row_id) if row_id == context.viewer.user_id else None
    return User.of(row) if row else None


SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={User: _caller},
    plain_fields={"id", "name", "user", "organization", "group", "role"},
)
