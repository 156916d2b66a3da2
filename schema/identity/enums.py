"""The subject's enums, as those of the API."""

import strawberry

from app.tables.identity import Method as SignInMethod
from app.tables.identity import Role, Source

for _enum in (Role, Source):
    strawberry.enum(_enum)
strawberry.enum(SignInMethod, name="SignInMethod")

__all__ = ["Role", "SignInMethod", "Source"]
