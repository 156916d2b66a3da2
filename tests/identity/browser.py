"""A browser as far as signing in goes: it keeps cookies, and says which page makes it ask."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from app.server.main import create_app
from tests.stack import SIMPLE_RESULT, Stack

PASSWORD = "seven unusual words about otters"
CHECKS_INPUT = {"setPassword", "register"}


class Browser:
    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies.items())

    async def post(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> httpx2.Response:
        sent = {"Origin": str(self.client.base_url)} if headers is None else headers
        sent = {"Content-Type": "application/json"} | sent
        body = json.dumps({"query": query, "variables": variables})  # in ASCII: it can hold what is no text at all
        return await self.client.post("/graphql", content=body, headers=sent)

    async def ask(self, query: str, **variables: Any) -> Any:
        return (await self.post(query, **variables)).json()

    async def data(self, query: str, **variables: Any) -> Any:
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def mutate(self, mutation: str, fields: str, **given: Any) -> Any:
        kind = mutation[0].upper() + mutation[1:]
        errors = SIMPLE_RESULT if mutation in CHECKS_INPUT else "... on UserError { __typename code message path }"
        query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {fields} {errors} }} }}"
        return (await self.data(query, input=given))[mutation]

    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        answer = await self.mutate("signIn", "... on SignInPayload { user { name } }", name=name, password=password)
        assert answer == {"user": {"name": name}}, answer

    async def viewer(self) -> str | None:
        """The name of whoever is signed in."""
        viewer = (await self.data("{ viewer { name } }"))["viewer"]
        return viewer["name"] if viewer else None


@asynccontextmanager
async def browsing(stack: Stack, address: str = "http://polyhelm", **headers: str) -> AsyncIterator[Browser]:
    transport = httpx2.ASGITransport(create_app(stack.services))
    async with httpx2.AsyncClient(transport=transport, base_url=address, headers=headers, timeout=180) as client:
        yield Browser(client)
