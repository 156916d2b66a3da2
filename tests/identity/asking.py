"""Mutations with inputs in which words stand for ids."""

import base64
from typing import Any

from sqlmodel import col, select

from app.tables.events import Event
from tests.identity.walks import WALKS
from tests.stack import TOKEN, Stack


def filled(given: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The input with ids in place of the words that stand for them, in nested inputs and lists, too."""

    def one(value: Any) -> Any:
        if isinstance(value, dict):
            return filled(value, ids)
        if isinstance(value, list):
            return [one(each) for each in value]
        return ids.get(value, value) if isinstance(value, str) else value

    return {key: one(value) for key, value in given.items()}


async def answer_to(stack: Stack, mutation: str, given: dict[str, Any], token: str | None) -> Any:
    kind = mutation[0].upper() + mutation[1:]
    errors = "... on UserError { code message path }"
    query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename {errors} }} }}"
    return await stack.ask(query, token, input=given)


def code_in(answer: dict[str, Any]) -> str | None:
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


def with_ids(query: str, ids: dict[str, str]) -> str:
    for word, global_id in ids.items():
        query = query.replace(word, global_id)
    return query


async def asked(stack: Stack, mutation: str, given: Any, token: str | None = TOKEN) -> dict[str, Any]:
    """A mutation's answer, of a request whose id is the mutation's name."""
    kind = mutation[0].upper() + mutation[1:]
    fields = "__typename ... on UserError { code }"
    query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {fields} }} }}"
    headers = {"X-Request-Id": mutation} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"query": query, "variables": {"input": given}}
    answer = await stack.client.post("/graphql", json=body, headers=headers)
    found: dict[str, Any] = answer.json()
    return found


async def events_of(stack: Stack, request_id: str) -> list[Event]:
    statement = select(Event).where(col(Event.request_id) == request_id).order_by(col(Event.position))
    return [event for (event,) in await stack.services.database.rows(statement)]


NOWHERE = {
    word: base64.b64encode(f"{kind}:9999".encode()).decode()
    for word, kind in {
        "CLUSTER": "Cluster",
        "GROUP": "ClusterGroup",
        "EDGE": "ClusterGroup",
        "REPOSITORY": "ChartRepository",
        "SECRET": "Secret",
        "RULE": "HealthRule",
        "WINDOW": "ChangeWindow",
        "DEPLOYMENT": "Deployment",
        "TARGET": "DeploymentTarget",
        "OPERATION": "Operation",
        "PLAN": "PlanProgress",
        "STORED": "Plan",
        "ROLLOUT": "Rollout",
        "USER": "User",
        **{word: kind for walk in WALKS for word, kind in walk.words.items()},
    }.items()
} | {'"fleet"': '"none"', '"paris"': '"none"', '"charts"': '"none"', '"db"': '"none"', '"shop"': '"none"'}
"""What stands for nothing at all."""
