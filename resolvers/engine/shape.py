"""The shape of a document: how deep, how long, how wide it is. Counted before it is validated, as some rules of GraphQL
take much longer over a large document than this does.

Each fragment is counted once, however often it is used: fragments that use each other twice, twenty deep, are a million
fields in a few hundred characters."""

from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True)
class Shape:
    """With all fragments written out: how many fields are nested in each other at most, how many there are, how many
    have an alias, how many are at an operation's root, and how many directives there are."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    root_fields: int = 0
    directives: int = 0
    introspects: bool = False

    def beside(self, other: "Shape") -> "Shape":
        return Shape(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.root_fields + other.root_fields,
            self.directives + other.directives,
            self.introspects or other.introspects,
        )


_NOTHING = Shape()
_INTROSPECTION = {"__schema", "__type"}


def shape_of(document: DocumentNode) -> Shape:
    """The shape of all operations together. A fragment that is part of itself counts as empty: validation refuses it.

    Raises:
        RecursionError: where fragments are within each other too deep.
    """
    return _Measuring(document).all_operations()


class _Measuring:
    def __init__(self, document: DocumentNode) -> None:
        self._definitions = document.definitions
        self._fragments = {
            found.name.value: found for found in self._definitions if isinstance(found, FragmentDefinitionNode)
        }
        self._known: dict[str, Shape] = {}

    def all_operations(self) -> Shape:
        return _together(
            self._with_directives(found, self._selected(found.selection_set))
            for found in self._definitions
            if isinstance(found, OperationDefinitionNode)
        )

    def _selected(self, selections: SelectionSetNode) -> Shape:
        return _together(self._selection(found) for found in selections.selections)

    def _selection(self, found: object) -> Shape:
        if isinstance(found, FieldNode):
            return self._with_directives(found, self._field(found))
        if isinstance(found, InlineFragmentNode):
            return self._with_directives(found, self._selected(found.selection_set))
        assert isinstance(found, FragmentSpreadNode)
        return self._with_directives(found, self._fragment(found.name.value))

    def _field(self, field: FieldNode) -> Shape:
        within = self._selected(field.selection_set) if field.selection_set else _NOTHING
        return Shape(
            within.depth + 1,
            within.fields + 1,
            within.aliases + (field.alias is not None),
            1,
            within.directives,
            within.introspects or field.name.value in _INTROSPECTION,
        )

    def _fragment(self, name: str) -> Shape:
        if name not in self._known:
            self._known[name] = _NOTHING  # while it is counted
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._known[name] = self._with_directives(fragment, self._selected(fragment.selection_set))
        return self._known[name]

    def _with_directives(
        self,
        node: OperationDefinitionNode | FragmentDefinitionNode | FragmentSpreadNode | FieldNode | InlineFragmentNode,
        shape: Shape,
    ) -> Shape:
        return shape.beside(Shape(directives=len(node.directives))) if node.directives else shape


def _together(shapes: Iterable[Shape]) -> Shape:
    total = _NOTHING
    for shape in shapes:
        total = total.beside(shape)
    return total
