"""Schemathesis makes up queries and mutations from the schema: whatever they ask, nothing of ours fails."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes

from resolvers.api import printed_schema
from tests.live.serving import served
from tests.stack import TOKEN, Stack

EXAMPLES = 5
"""Of each field of the root."""

SEEDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
_LEAF: Any = st.one_of(
    st.text(max_size=10).map(nodes.String),
    st.integers().map(nodes.Int),
    st.floats(allow_nan=False, allow_infinity=False).map(nodes.Float),
    st.booleans().map(nodes.Boolean),
    st.just(nodes.Null),
)
schemathesis.graphql.scalar("JSON", st.one_of(_LEAF, st.lists(_LEAF, max_size=3).map(nodes.List)))
schemathesis.graphql.scalar("DateTime", st.one_of(st.datetimes().map(lambda at: nodes.String(at.isoformat())), _LEAF))


@pytest.mark.parametrize("root", ["Query", "Mutation"])
async def test_nothing_that_the_schema_allows_makes_anything_fail(quiet: Stack, root: str) -> None:
    schema: Any = schemathesis.graphql.from_file(printed_schema())

    async with served(quiet) as url:
        schema.config.update(base_url=f"{url}/graphql")

        def ask(case: Any) -> None:
            response = case.call(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=300)
            assert response.status_code < 500, (case.body, response.text)
            assert '"internal"' not in response.text, (case.body, response.text)

        def ask_everything() -> None:
            for found in schema.get_all_operations():
                operation = found.ok()
                if operation.definition.root_type.name == root.upper():
                    SEEDED(given(case=operation.as_strategy())(ask))()

        await asyncio.to_thread(ask_everything)
