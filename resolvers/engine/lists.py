"""How long the lists are that a request gives: those written into its document, and those in its variables."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    ListValueNode,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    get_nullable_type,
    type_from_ast,
)


class WrittenLists(ValidationRule):
    """Notes the length of the longest list of a document: in mutations' arguments under True, in others' under False.
    A list within a JSON value is part of that value, and none of these."""

    def __init__(self, longest: dict[bool, int], context: ValidationContext) -> None:
        super().__init__(context)
        self._longest = longest

    def enter_list_value(self, node: ListValueNode, *_: object) -> None:
        if isinstance(get_nullable_type(self.context.get_parent_input_type()), GraphQLList):
            is_input = self.context.get_parent_type() is self.context.schema.mutation_type
            self._longest[is_input] = max(len(node.values), self._longest.get(is_input, 0))


def longest_given(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """The length of the longest list in an operation's variables."""
    lengths = (
        length
        for definition in operation.variable_definitions or ()
        for length in _lengths(variables.get(definition.variable.name.value), type_from_ast(schema, definition.type))
    )
    return max(lengths, default=0)


def _lengths(value: object, kind: Any) -> Iterator[int]:
    nullable = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(value, list) and isinstance(nullable, GraphQLList):
        yield len(value)
        within: Any = get_nullable_type(nullable.of_type)
        if isinstance(within, GraphQLList | GraphQLInputObjectType):
            for entry in value:
                yield from _lengths(entry, within)
    elif isinstance(value, dict) and isinstance(nullable, GraphQLInputObjectType):
        for name, part in nullable.fields.items():
            if name in value:
                yield from _lengths(value[name], part.type)
