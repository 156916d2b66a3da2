"""What fields of many objects ask for about users."""

from app.tables.identity import User
from schema.loading import by_id

user_by_id = by_id(User)
