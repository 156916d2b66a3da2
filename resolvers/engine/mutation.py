"""What all mutations have in common."""

from collections.abc import Callable
from typing import Any

import strawberry

from resolvers.engine.audit import Resolve, audited


def mutation(description: str) -> Callable[[Resolve], Any]:
    """A field of the root of mutations, which leaves events."""

    def wrap(resolve: Resolve) -> Any:
        return strawberry.mutation(resolver=audited(resolve), description=description)

    return wrap
