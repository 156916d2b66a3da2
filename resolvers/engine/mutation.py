"""What all mutations have in common."""

from collections.abc import Callable
from typing import Any

import strawberry

from app.identity.permissions import Access, Permission
from resolvers.engine.audit import Resolve, audited
from resolvers.engine.mutation_codes import CODES
from schema.needs import declared


def mutation(description: str, needs: Permission | Access) -> Callable[[Resolve], Any]:
    """A field of the root of mutations, which leaves events. `needs` is what the use case asks of the caller: it is
    printed into the docs, and the tests hold the use case to it. The error codes are found in the source."""
    words = f"It needs the permission `{needs}`." if isinstance(needs, Permission) else needs.value

    def wrap(resolve: Resolve) -> Any:
        codes = ", ".join(f"`{code}`" for code in CODES.get(resolve.__name__, ()))
        errors = f" Error codes: {codes}." if codes else ""
        return strawberry.mutation(
            resolver=audited(resolve), description=f"{description} {words}{errors}", metadata=declared(needs)
        )

    return wrap
