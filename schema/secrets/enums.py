"""Registers the enums of secrets with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.secrets import SecretKind

strawberry.enum(SecretKind)

__all__ = ["SecretKind"]
