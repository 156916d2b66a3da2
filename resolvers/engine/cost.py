"""What an operation may cost: how many fields its answer can have, counted from the document and its variables.

A connection counts as many times as its `first` says, any other list as often as its usual length says
(`schema/list_length.py`). A document is
counted once for all variables; what is left for each request is to put them in."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLAbstractType,
    GraphQLCompositeType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from app.core.paging import DEFAULT, MOST
from schema.list_length import USUAL_LENGTH

_INTROSPECTION = {
    "__Schema.types": 150,
    "__Type.fields": 5,
    "__Type.inputFields": 2,
    "__Type.enumValues": 2,
    "__Type.interfaces": 1,
    "__Type.possibleTypes": 1,
    "__Field.args": 1,
}
"""The usual lengths of the lists that GraphQL itself defines."""

ANY_LIST = 10
"""As how many entries a list counts whose field has no usual length."""

Variables = Mapping[str, Any]
Fragments = Mapping[str, FragmentDefinitionNode]

_Term = Callable[[Variables, int], int]
"""A cost that depends on variables, or on how many a connection has around it."""
_Cost = int | _Term


def counted(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments
) -> Callable[[Variables], int]:
    """The cost of an operation of a valid document, for the variables of a request. Each fragment is counted once,
    however often it is used."""
    root = schema.get_root_type(operation.operation)
    assert root is not None
    cost = _Counting(schema, operation, fragments).selected(operation.selection_set, root)
    return lambda variables: _value(cost, variables, 0)


def length_of(parent: GraphQLObjectType, field_name: str) -> int:
    """As how many entries a list without `first` counts: its usual length in a large installation."""
    definition = parent.fields.get(field_name)
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if definition else None
    if isinstance(field, StrawberryField) and USUAL_LENGTH in field.metadata:
        return int(field.metadata[USUAL_LENGTH])
    return _INTROSPECTION.get(f"{parent.name}.{field_name}", ANY_LIST)


class _Counting:
    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Fragments) -> None:
        self._schema = schema
        self._fragments = fragments
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        self._known: dict[tuple[int, str], _Cost] = {}

    def selected(self, selections: SelectionSetNode, parent: GraphQLCompositeType) -> _Cost:
        key = (id(selections), parent.name)
        if key not in self._known:
            if isinstance(parent, GraphQLObjectType):
                self._known[key] = _total(self._selection(found, parent) for found in selections.selections)
            else:
                self._known[key] = _most(self.selected(selections, kind) for kind in self._kinds(parent))
        return self._known[key]

    def _selection(self, selection: SelectionNode, parent: GraphQLObjectType) -> _Cost:
        if isinstance(selection, FieldNode):
            return self._field(selection, parent)
        if isinstance(selection, FragmentSpreadNode):
            found: InlineFragmentNode | FragmentDefinitionNode = self._fragments[selection.name.value]
        else:
            assert isinstance(selection, InlineFragmentNode)
            found = selection
        condition = found.type_condition
        applies = condition is None or parent in self._kinds(self._schema.type_map[condition.name.value])
        return self.selected(found.selection_set, parent) if applies else 0

    def _kinds(self, kind: Any) -> Iterable[GraphQLObjectType]:
        abstract: GraphQLAbstractType = kind
        return self._schema.get_possible_types(abstract) if is_abstract_type(kind) else (kind,)

    def _field(self, field: FieldNode, parent: GraphQLObjectType) -> _Cost:
        definition = self._schema.get_field(parent, field.name.value)
        if definition is None or field.selection_set is None:
            return 1
        kind = get_named_type(definition.type)
        assert is_composite_type(kind)
        within = self.selected(field.selection_set, kind)
        if "first" in definition.args:
            within = self._connection(field, within)
        elif is_list_type(get_nullable_type(definition.type)):
            if parent.name.endswith("Connection"):
                within = _for_each(within)
            else:
                within = _times(within, length_of(parent, field.name.value))
        return _total((1, within))

    def _connection(self, field: FieldNode, within: _Cost) -> _Cost:
        if isinstance(within, int):
            return within
        first = next((argument.value for argument in field.arguments or () if argument.name.value == "first"), None)
        if not isinstance(first, VariableNode):
            size = _literal(first)
            return lambda variables, _: within(variables, size)
        name = first.name.value
        default = _literal(self._defaults.get(name))

        def cost(variables: Variables, _: int) -> int:
            given = variables.get(name, default)
            return within(variables, DEFAULT if given is None else _bounded(given))

        return cost


def _literal(value: ValueNode | None) -> int:
    if value is None or isinstance(value, NullValueNode):
        return DEFAULT
    return _bounded(int(value.value) if isinstance(value, IntValueNode) else None)


def _bounded(given: object) -> int:
    """What is refused later counts as the most that is not."""
    return min(max(given, 0), MOST) if isinstance(given, int) else MOST


def _value(cost: _Cost, variables: Variables, size: int) -> int:
    return cost if isinstance(cost, int) else cost(variables, size)


def _total(costs: Iterable[_Cost]) -> _Cost:
    fixed, terms = _split_costs(costs)
    if not terms:
        return fixed
    return lambda variables, size: fixed + sum(term(variables, size) for term in terms)


def _most(costs: Iterable[_Cost]) -> _Cost:
    found = list(costs)
    if all(isinstance(cost, int) for cost in found):
        return max(found, default=0)  # type: ignore[type-var]
    return lambda variables, size: max(_value(cost, variables, size) for cost in found)


def _times(cost: _Cost, count: int) -> _Cost:
    if isinstance(cost, int):
        return cost * count
    return lambda variables, size: count * cost(variables, size)


def _for_each(cost: _Cost) -> _Cost:
    """For each that the connection around it has."""
    return lambda variables, size: size * _value(cost, variables, 0)


def _split_costs(costs: Iterable[_Cost]) -> tuple[int, list[_Term]]:
    fixed, terms = 0, []
    for cost in costs:
        if isinstance(cost, int):
            fixed += cost
        else:
            terms.append(cost)
    return fixed, terms
