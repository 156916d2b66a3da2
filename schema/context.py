"""The context of an operation, which every field can use."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import strawberry

from app.admission.parse_limiter import ParseLimiter
from app.admission.requests import caller_of
from app.fleet.services import AllServices
from app.identity.viewer import Viewer
from schema.loading import Loaders, SharedLoaders
from schema.relay.ids import decode_id
from schema.relay.node import Node


class UnauthenticatedError(Exception):
    """The request carries no token, or one that is not valid."""


@dataclass
class Context:
    """`signed_in` is None for a request without a valid token.

    Loaders live for one operation, which brings its own, or one event of a subscription, never longer. A WebSocket has
    one context for all of its operations: `load` may be exchanged at any time, for newer ones. `subscribed` counts
    the subscriptions that each user has open in this process. `parsing` limits the parsing of documents, by whether the
    caller is signed in. `nodes` finds an object of each type that has global IDs. `plain_fields` are the
    fields of each mutation's input whose texts may be kept in the audit log.
    """

    services: AllServices
    signed_in: Viewer | None
    shared: SharedLoaders
    subscribed: Counter[int]
    parsing: Mapping[bool, ParseLimiter]
    nodes: Mapping[str, "Lookup"]
    plain_fields: Mapping[str, Set[str]]
    request: Any = None
    response: Any = None
    connection_params: dict[str, object] | None = None
    load: Loaders = field(init=False)

    @property
    def caller(self) -> str:
        """The caller whose limits the operation counts against."""
        return caller_of(self.signed_in, self.request)

    @property
    def viewer(self) -> Viewer:
        if self.signed_in is None:
            raise UnauthenticatedError
        return self.signed_in

    async def node(self, global_id: str) -> Node | None:
        """The object with this ID. None if there is none, or none that the caller may see: the two look alike."""
        decoded = decode_id(global_id)
        return None if decoded is None else await self.find(*decoded)

    async def find(self, type_name: str | None, row_id: int | None) -> Any:
        """The object of a type by its row's number; None as for `node`. A type uses this to refer to an object of a
        subject above its own, which it does not import: the registration knows how such an object is made."""
        if type_name is None or row_id is None:
            return None
        lookup = self.nodes.get(type_name)
        return await lookup(self, row_id) if lookup else None


Lookup = Callable[[Context, int], Awaitable[Node | None]]
"""Finds an object by its row's number, if the caller may see it."""

Info = strawberry.Info[Context, None]
