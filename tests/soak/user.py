"""A patient user of the API: asks again until there is an answer."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from tests.stack import PAYLOAD, TOKEN

ASKS_CLUSTERS = ("registerCluster", "createDeployment", "updateDeployment")
_PATIENCE = 120.0
_TARGETS = """{ deployments(first: 20) { nodes { id releaseName generation targets {
  clusterName status revision values desiredValues version observedAt reasons { code message } error { code message }
} } } }"""
_OPERATION = """query ($id: ID!) { operation(id: $id) {
  id kind state results { clusterName action state error { code message attempts } }
} }"""


class Refused(Exception):  # noqa: N818 - it is an answer
    """The API says no; it has understood."""

    def __init__(self, answer: Any) -> None:
        super().__init__(str(answer))
        self.code = answer.get("code", "")


class User:
    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx2.AsyncClient(base_url=url, timeout=30, headers={"Authorization": f"Bearer {TOKEN}"})

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, query: str, **variables: Any) -> Any:
        """The data, once there is an answer without errors. Raises TimeoutError when that takes too long."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                response = await self._client.post("/graphql", json={"query": query, "variables": variables})
                answer = response.json()
                if answer.get("data") and "errors" not in answer:
                    return answer["data"]
                problem = str(answer)
            except (httpx2.HTTPError, ValueError) as error:
                problem = repr(error)
            if time.monotonic() > end:
                raise TimeoutError(f"no good answer within {_PATIENCE:g} s: {problem}; to {query} {variables}")
            await asyncio.sleep(0.3)

    async def is_ready(self) -> bool:
        """Whether the API says that it can do its work."""
        try:
            return (await self._client.get("/readyz")).status_code == 200
        except httpx2.HTTPError:
            return False

    async def mutate(self, mutation: str, given: Mapping[str, Any], fields: str = PAYLOAD) -> Any:
        """The answer, once clusters that have to be asked can be.

        Raises:
            Refused: where the API says no.
            TimeoutError: where there is no answer for long.
        """
        kind = mutation[0].upper() + mutation[1:]
        errors = "... on UserError { __typename code message path }"
        if mutation in ASKS_CLUSTERS:
            errors += " ... on ClusterUnreachable { clusters }"
        query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename {fields} {errors} }} }}"
        end = time.monotonic() + _PATIENCE
        while True:
            answer = (await self.ask(query, input=given))[mutation]
            if "code" not in answer:
                return answer
            if answer["__typename"] != "ClusterUnreachable" or time.monotonic() > end:
                raise Refused(answer)
            await asyncio.sleep(0.5)

    async def targets(self) -> dict[str, dict[str, Any]]:
        """By release name and cluster."""
        nodes = (await self.ask(_TARGETS))["deployments"]["nodes"]
        return {node["releaseName"]: {one["clusterName"]: one for one in node["targets"]} for node in nodes}

    async def operation(self, operation_id: str) -> Any:
        return (await self.ask(_OPERATION, id=operation_id))["operation"]
