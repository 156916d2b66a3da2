"""Loaders of users: each reads what the same field of many objects needs in one query."""

from app.tables.identity import User
from schema.loading import by_id

user_by_id = by_id(User)
