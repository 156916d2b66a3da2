"""Registers the enums of identity with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.identity import Method as SignInMethod
from app.tables.identity import Role, Source

for _enum in (Role, Source):
    strawberry.enum(_enum)
strawberry.enum(SignInMethod, name="SignInMethod")

__all__ = ["Role", "SignInMethod", "Source"]
