"""What a subject adds to the API. `resolvers/subjects.py` lists all of them."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, TypeVar

from schema.context import Context, Lookup
from schema.loading import Loader
from schema.relay.node import Node

Found = TypeVar("Found", bound=Node)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """`query`, `mutation` and `subscription` are types whose fields become fields of the roots. `nodes` are the types
    with global IDs, each with what finds one of them: the field `node`, references from subjects below, and the
    subjects of events are looked up there. `types` are those that only an interface refers to. The texts of
    `plain_fields` in inputs of the subject's mutations are names, which the audit log may keep; the texts of all other
    fields are masked there. The costs of fields need no entry: they follow from the types, and a list whose length is
    unusual says so at its field (`schema/list_length.py`).
    """

    query: type[Any] | None = None
    mutation: type[Any] | None = None
    subscription: type[Any] | None = None
    nodes: Mapping[type[Node], Lookup] = field(default_factory=dict)
    types: Sequence[type[Any]] = ()
    plain_fields: Set[str] = frozenset()


def visible(loader: Loader[int, Any | None], make: Callable[[Any], Found]) -> Lookup:
    """Finds an object through a loader of its row, for members of the row's organization."""

    async def find(context: Context, row_id: int) -> Found | None:
        row = await context.load[loader].load(row_id)
        return make(row) if row is not None and context.viewer.sees(row.organization_id) else None

    return find
