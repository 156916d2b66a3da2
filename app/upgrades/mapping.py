"""The mapping from the spec of a service to the values of its chart: values with expressions that see `spec`.

The cost of evaluating expressions has no bound, so those of users are evaluated in a process that may be killed.
"""

from collections.abc import Mapping
from typing import Any

from app.cel.expression import CelError, Environment
from app.releases.expressions import ExpressionError, Use, filled, uses
from app.workflows.schemas import properties, with_integers

_ENVIRONMENT = ("spec",)


class MappingFailed(Exception):  # noqa: N818
    """An expression has no value for a spec. `path` is its place in the values."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


def complete(schema: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec as expressions see it: a field that is not given has its default, or is null."""
    declared = properties(schema).items()
    defaults = {name: field.get("default") if isinstance(field, Mapping) else None for name, field in declared}
    found = with_integers(schema, {**defaults, **spec})
    assert isinstance(found, dict)
    return found


def values_of(values: Mapping[str, Any], spec: Mapping[str, Any]) -> Any:
    """The values for a complete spec.

    Raises:
        MappingFailed: an expression has no value, or one that cannot be a part of a text.
    """
    environment = Environment(_ENVIRONMENT)
    results = dict[str, Any]()
    for use in uses(values):
        try:
            if use.expression not in results:
                results[use.expression] = environment.compile(use.expression).evaluate({"spec": spec})
            filled(_text(use), results)
        except (CelError, ExpressionError) as error:
            raise MappingFailed(use.segments, str(error)) from None
    return filled(values, results)


def _text(use: Use) -> str:
    """The expression as it is used: alone, or as a part of a text."""
    return f"${{{{ {use.expression} }}}}" + ("" if use.is_whole else " ")
