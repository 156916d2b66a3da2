"""The subject's enums, as those of the API."""

import strawberry

from app.tables.secrets import SecretKind

strawberry.enum(SecretKind)

__all__ = ["SecretKind"]
