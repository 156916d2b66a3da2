"""JSON: a value kept whole. Helm values are one scalar, never a tree of fields."""

from typing import TYPE_CHECKING, Any

from strawberry import scalars

if TYPE_CHECKING:
    JSON = Any
else:
    JSON = scalars.JSON

__all__ = ["JSON"]
