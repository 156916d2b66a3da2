"""The permission that a field needs of its caller. It is printed in the field's description and in the docs."""

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter

from app.identity.permissions import Access, Permission

_NEEDS = "needs"


def needing(permission: Permission, description: str, **metadata: Any) -> dict[str, Any]:
    """The arguments of `strawberry.field` or `strawberry.subscription` for a field that checks this permission."""
    return {
        "description": f"{description} Needs the permission `{permission}`.",
        "metadata": metadata | declared(permission),
    }


def declared(needs: Permission | Access) -> dict[str, Any]:
    """The metadata of a field that needs this."""
    return {_NEEDS: needs}


def needs_of_fields(schema: GraphQLSchema) -> dict[str, Permission | Access]:
    """What each field needs that declares it, by `Type.field`."""
    return dict(sorted(_needs(schema)))


def _needs(schema: GraphQLSchema) -> Iterator[tuple[str, Permission | Access]]:
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType):
            continue
        for name, field in kind.fields.items():
            definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            needs = definition.metadata.get(_NEEDS) if definition is not None else None
            if needs is not None:
                yield f"{kind.name}.{name}", needs
