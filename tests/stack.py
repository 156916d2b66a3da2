"""A whole Polyhelm within the test's own process, and what tests say to it: GraphQL, as any client would."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from arq.connections import ArqRedis
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.engine import make_url
from strawberry.utils.str_converters import to_snake_case

from app.core.settings import Settings
from app.fleet.services import AllServices
from app.identity.accounts import bootstrap
from app.program.processes import run_observer, running
from app.program.services import open_services
from app.server.main import create_app
from reconcilers.worker import run_worker
from resolvers.engine.mutation_codes import CODES, COMMON
from tests.sample_charts import packaged

TOKEN = "a-token-for-the-tests-alone"
HERE = "127.0.0.0/8"
"""Where tests have members and repositories."""
SETTLE_SECONDS = 180.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.25
"""Seconds between two looks at what a test waits for: the longer it has waited, the longer is the pause."""

RESULT = """
... on UserError { __typename code message path }
... on ValidationFailed { problems { path message } }
... on ClusterUnreachable { clusters }
"""
SIMPLE_RESULT = """
... on UserError { __typename code message path }
... on ValidationFailed { problems { path message } }
"""
PAYLOAD = """
__typename
... on DeploymentPayload {
  deployment { id releaseName generation chartVersion }
  operation { id kind state generation }
  abandoned { clusterName namespace releaseName reason objects { kind name namespace } }
  plan { targets {
    clusterName action status reasons { code message path desired actual } desiredValues manifest manifestDiff warnings
    error { code message output }
  } }
}
"""
TARGETS = """
id clusterName status stale reasons { code message path desired actual } helmStatus version revision values
desiredValues generation observedAt error { code message output attempts nextSteps advice }
"""


@dataclass
class Stack:
    """Opened by the `stack` and `quiet` fixtures."""

    services: AllServices
    client: httpx2.AsyncClient

    async def ask(self, query: str, token: str | None = TOKEN, **variables: Any) -> dict[str, Any]:
        """The whole answer to a GraphQL request, errors included."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        answer: dict[str, Any] = response.json()
        check_codes(answer)
        return answer

    async def data(self, query: str, token: str | None = TOKEN, **variables: Any) -> Any:
        """The data of an answer that has no errors."""
        answer = await self.ask(query, token, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def mutate(self, mutation: str, fields: str, token: str | None = TOKEN, /, **given: Any) -> Any:
        """One mutation's result: the payload's fields, or the user error's."""
        kind = mutation[0].upper() + mutation[1:]
        errors = RESULT if mutation in _ASKS_CLUSTERS else SIMPLE_RESULT if mutation in _CHECKS_INPUT else _PLAIN
        query = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {fields} {errors} }} }}"
        return (await self.data(query, token, input=given))[mutation]

    async def register(self, name: str, kubeconfig: str, **given: Any) -> Any:
        fields = "... on ClusterPayload { cluster { id name reachability kubernetesVersion uid server } }"
        given = {"cloud": "onprem", "distribution": "kubeadm"} | given
        return await self.mutate("registerCluster", fields, name=name, kubeconfig=kubeconfig, **given)

    async def group(self, name: str, members: list[str]) -> Any:
        fields = "... on ClusterGroupPayload { clusterGroup { id name } }"
        answer = await self.mutate("createClusterGroup", fields, name=name, members=members)
        return answer["clusterGroup"]["id"]

    async def upload(self, chart: str, repository: str = "charts") -> Any:
        """Uploads a chart in base64, as the functions of `tests.sample_charts` make them."""
        fields = "... on UploadChartPayload { version digest }"
        return await self.mutate("uploadChart", fields, repository=repository, archive=chart)

    async def fleet(self, members: dict[str, str], group: str = "fleet") -> str:
        """Registers members (kubeconfig by name), makes a group of them, and uploads the test chart; gives the group's
        id."""
        for name, kubeconfig in members.items():
            answer = await self.register(name, kubeconfig)
            assert "cluster" in answer, answer
        group_id: str = await self.group(group, list(members))
        await self.upload(packaged())
        return group_id

    async def create(self, **given: Any) -> Any:
        given = {"group": "fleet", "chart": "charts/web", "namespace": "default"} | given
        return await self.mutate("createDeployment", PAYLOAD, **given)

    async def update(self, deployment_id: str, **given: Any) -> Any:
        return await self.mutate("updateDeployment", PAYLOAD, id=deployment_id, **given)

    async def reconcile(self, deployment_id: str, **given: Any) -> Any:
        return await self.mutate("reconcileDeployment", PAYLOAD, id=deployment_id, **given)

    async def delete(self, deployment_id: str, **given: Any) -> Any:
        return await self.mutate("deleteDeployment", PAYLOAD, id=deployment_id, **given)

    async def deployed(self, **given: Any) -> str:
        """Creates a deployment, waits until it is on every target, and gives its id."""
        answer = await self.create(**given)
        assert answer["__typename"] == "DeploymentPayload", answer
        operation = await self.settled(answer)
        assert operation["state"] == "SUCCEEDED", operation
        deployment_id: str = answer["deployment"]["id"]
        return deployment_id

    async def settled(self, answer: Any) -> Any:
        """The operation of a payload, once it has ended."""
        query = """query ($id: ID!) { operation(id: $id) {
          kind state finishedAt
          results { clusterName action state error { code message output attempts nextSteps advice }
            abandoned { clusterName namespace releaseName reason objects { kind name namespace } } }
        } }"""

        async def ended() -> Any:
            # Only the state is asked for until it is an end: the whole answer costs many times as much.
            found = (await self.data("query ($id: ID!) { operation(id: $id) { state } }", id=operation_id))["operation"]
            if found["state"] in ("PENDING", "RUNNING"):
                return None
            return (await self.data(query, id=operation_id))["operation"]

        operation_id = answer["operation"]["id"]
        return await eventually(ended)

    async def targets(self, deployment_id: str) -> dict[str, Any]:
        """The deployment's targets by the cluster's name; empty where the deployment is gone."""
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ targets {{ {TARGETS} }} }} }} }}"
        node = (await self.data(query, id=deployment_id))["node"]
        return {target["clusterName"]: target for target in node["targets"]} if node else {}

    async def until_status(self, deployment_id: str, cluster: str, status: str) -> Any:
        """The target, once it has this status."""

        query = """query ($id: ID!, $cluster: String!) {
          node(id: $id) { ... on Deployment { target(cluster: $cluster) { status } } }
        }"""

        async def has_it() -> Any:
            node = (await self.data(query, id=deployment_id, cluster=cluster))["node"]
            if not node or not node["target"] or node["target"]["status"] != status:
                return None
            target = (await self.targets(deployment_id)).get(cluster)
            return target if target and target["status"] == status else None

        return await eventually(has_it)


_ASKS_CLUSTERS = {"registerCluster", "updateCluster", "confirmCluster", "createDeployment", "updateDeployment"}
_CHECKS_INPUT = {
    *("createClusterGroup", "updateClusterGroup", "setGroupFeature", "addChartRepository", "uploadChart"),
    *("createSecret", "updateSecret", "reconcileDeployment", "createOrganization", "createUser", "setRole"),
    *("createApiToken", "register", "setPassword", "migrateApiVersions"),
}
_PLAIN = "... on UserError { __typename code message path }"


def check_codes(answer: dict[str, Any]) -> None:
    """Fails if a mutation was refused with a code that its description does not list."""
    for name, given in (answer.get("data") or {}).items():
        mutation = to_snake_case(name)
        if mutation in CODES and isinstance(given, dict) and (code := given.get("code")):
            assert code in CODES[mutation] + COMMON, f"{code} is not found among the codes of {name}"


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = SETTLE_SECONDS) -> Any:
    """The first true value that `look` gives; a failure when none comes in time."""
    began = time.monotonic()
    while not (found := await look()):
        waited = time.monotonic() - began
        assert waited < seconds, f"nothing came within {seconds:g} s; last: {found!r}"
        await asyncio.sleep(min(max(waited / 4, _SHORTEST_PAUSE), _LONGEST_PAUSE))
    return found


async def waiting_for_locks(stack: Stack) -> int:
    """How many statements in the stack's database wait for another one's lock."""
    found = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pg_blocking_pids(pid) <> '{}'"
    [[count]] = await stack.services.database.rows(text(found))
    return int(count)


@asynccontextmanager
async def open_stack(
    servers: Settings, template: str, folder: Path, *, working: bool, users: bool = True, **changed: object
) -> AsyncIterator[Stack]:
    assert servers.database_url is not None
    name = f"test_{secrets.token_hex(6)}"
    url = await fresh_database(servers.database_url, name, template)
    fast: dict[str, Any] = {
        "data_dir": folder / "polyhelm",
        "database_url": url,
        "allowed_hosts": "polyhelm",
        "redis_url": servers.redis_url,
        "confirm_every": 5,
        "unreachable_after": 3,
        "sweep_every": 0.5,
        "retry_base": 0.05,
        "retry_cap": 0.5,
        "member_timeout": 5,
        "rate_burst": 10_000,
        "anonymous_rate_burst": 10_000,
        "sign_in_burst": 1_000,
        "allowed_networks": HERE,
    }
    settings = Settings(**fast | changed)
    try:
        await empty_redis(servers)
        async with open_services(settings) as services:
            if users:
                await bootstrap(services, TOKEN)
            transport = httpx2.ASGITransport(create_app(services))
            http = httpx2.AsyncClient(transport=transport, base_url="http://polyhelm", timeout=SETTLE_SECONDS)
            async with http as client:
                parts = (run_worker(services), run_observer(services)) if working else ()
                async with running(*parts):
                    yield Stack(services, client)
    finally:
        await drop_database(servers.database_url, name)


async def empty_redis(servers: Settings) -> None:
    assert servers.redis_url is not None
    redis: Redis = ArqRedis.from_url(servers.redis_url)
    await redis.flushall()
    await redis.aclose()


async def fresh_database(server_url: str, name: str, template: str = "template1") -> str:
    """Makes a database; gives its address. Its files are copied: that is half the work of writing them by its log."""
    await _administer(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


async def trust_the_machine(server_url: str) -> None:
    """Has Postgres never wait for the disk: what tests write need not outlive the machine. To drop a database, which
    every test does, would else wait for all that was written meanwhile."""
    await _administer(
        server_url,
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "SELECT pg_reload_conf()",
    )


async def drop_database(server_url: str, name: str) -> None:
    await _administer(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _administer(server_url: str, *statements: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
