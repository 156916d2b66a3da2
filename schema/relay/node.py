"""The interface of objects that the query `node` finds by their global id."""

import strawberry


@strawberry.interface(description="An object with an ID that the query `node` accepts.")
class Node:
    id: strawberry.ID
