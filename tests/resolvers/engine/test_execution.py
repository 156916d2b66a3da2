"""Operations as we execute them, beside graphql-core's own way."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest
import strawberry
from strawberry.scalars import JSON
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from resolvers.engine.execution import Execution


@strawberry.enum
class Color(Enum):
    RED = "red"


@strawberry.type
class Thing:
    name: str
    count: int | None
    color: Color
    at: datetime
    data: JSON | None
    part: "Thing | None" = None

    @strawberry.field
    async def later(self) -> str:
        return f"{self.name}, later"


WELL: dict[str, Any] = {
    "name": "a",
    "count": 1,
    "color": Color.RED,
    "at": datetime(2026, 1, 2, tzinfo=UTC),
    "data": {"a": [1]},
}
QUERY = "{ thing { n: name count color at data __typename later part { name count color at data } } }"


def schema(thing: Thing, execution: type[StrawberryGraphQLCoreExecutionContext]) -> strawberry.Schema:
    @strawberry.type
    class Query:
        @strawberry.field
        def thing(self) -> Thing | None:
            return thing

    return strawberry.Schema(Query, execution_context_class=execution)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"count": None, "data": None},
        {"name": None},
        {"color": None},
        {"color": "no color"},
        {"count": "no number"},
        {"count": 2**40},
        {"at": "no moment"},
        {"data": 0},
        {"name": ""},
        {"count": 0},
    ],
    ids=str,
)
@pytest.mark.parametrize("is_part", [False, True], ids=["outside", "inside"])
async def test_answers_and_errors_are_those_of_graphql_core(changed: dict[str, Any], is_part: bool) -> None:
    odd = Thing(**WELL | changed)
    thing = Thing(**WELL, part=odd) if is_part else odd
    ours = await schema(thing, Execution).execute(QUERY)
    theirs = await schema(thing, StrawberryGraphQLCoreExecutionContext).execute(QUERY)
    assert ours.data == theirs.data
    assert [error.formatted for error in ours.errors or []] == [error.formatted for error in theirs.errors or []]


@pytest.mark.parametrize(("attribute", "data"), [("name", None), ("count", {"count": None})])
async def test_an_attribute_that_is_not_there_is_an_error(attribute: str, data: Any) -> None:
    thing = Thing(**WELL)
    delattr(thing, attribute)
    answer = await schema(thing, Execution).execute(f"{{ thing {{ {attribute} }} }}")
    assert answer.data == {"thing": data}
    assert [error.path for error in answer.errors or []] == [["thing", attribute]]
