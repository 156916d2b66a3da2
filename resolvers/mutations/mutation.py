"""What all mutations have in common."""

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

from app.unset import UNSET, Unset
from resolvers.audit import Resolve, audited

Value = TypeVar("Value")


def given(field: strawberry.Maybe[Value]) -> Value | Unset:
    """What an input has in a field that may be left out."""
    return field.value if field else UNSET


def mutation(description: str) -> Callable[[Resolve], Any]:
    """A field of the root of mutations, which leaves events."""

    def wrap(resolve: Resolve) -> Any:
        return strawberry.mutation(resolver=audited(resolve), description=description)

    return wrap
