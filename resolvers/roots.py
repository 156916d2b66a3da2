"""The roots of the API, made of what the subjects register."""

import importlib.metadata
from collections.abc import Mapping, Set
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from resolvers.engine.mutation_codes import COMMON
from resolvers.subjects import SUBJECTS
from schema.context import Info, Lookup
from schema.relay.node import Node

VERSION = importlib.metadata.version("polyhelm")


@strawberry.type
class Common:
    """The queries of no subject."""

    @strawberry.field(description="An object by its ID.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002
        return await info.context.node(id)

    @strawberry.field(description="The server's version, so that clients can warn about a mismatch.")
    def version(self, info: Info) -> str:
        _ = info.context.viewer  # raises for anonymous callers, who need not know which version runs here
        return VERSION


def _root(name: str, *parts: type[Any] | None, description: str | None = None) -> Any:
    return strawberry.type(type(name, tuple(part for part in parts if part is not None), {}), description=description)


_MUTATIONS = (
    "A mutation that is refused returns an error with a `code`; a request that is refused has it in `extensions`."
    " The description of each mutation lists its codes. Nearly every mutation can also give these: "
    + ", ".join(f"`{code}`" for code in COMMON)
    + "."
)

Query = _root("Query", Common, *(subject.query for subject in SUBJECTS))
Mutation = _root("Mutation", *(subject.mutation for subject in SUBJECTS), description=_MUTATIONS)
Subscription = _root("Subscription", *(subject.subscription for subject in SUBJECTS))

NODE_TYPES = [kind for subject in SUBJECTS for kind in subject.nodes]
TYPES = [*NODE_TYPES, *(kind for subject in SUBJECTS for kind in subject.types)]
NODES: Mapping[str, Lookup] = {kind.__name__: lookup for subject in SUBJECTS for kind, lookup in subject.nodes.items()}
"""By type's name."""

PLAIN_FIELDS: Mapping[str, Set[str]] = {
    to_camel_case(field.python_name): subject.plain_fields
    for subject in SUBJECTS
    if subject.mutation is not None
    for field in subject.mutation.__strawberry_definition__.fields
}
"""By mutation."""
