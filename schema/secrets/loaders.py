"""Loaders of secrets: each reads what the same field of many objects needs in one query."""

from app.secrets.lists import users_of
from app.tables.deployments import Deployment
from app.tables.secrets import Secret
from schema.loading import Loader, by_id, many

secret_by_id = by_id(Secret)
deployments_by_secret: Loader[int, list[Deployment]] = many(users_of, lambda pair: pair)
