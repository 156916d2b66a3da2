"""Canaries in everything that is secret, all features used, and then a search through all that is kept or told."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from arq.connections import ArqRedis
from redis.asyncio import Redis
from sqlalchemy import text

from app.charts.download import Login
from app.helm.command import Options
from simulator import Member
from tests.charts.servers import Files
from tests.charts.servers import served as site
from tests.helm.places import place_on
from tests.live.client import socket
from tests.live.serving import served
from tests.sample_charts import archive, chart_files
from tests.stack import TOKEN, Stack, eventually

SIGN_IN, MISTYPED = "canary-sign-in-5f2e", "canary-mistyped-5f2e"
PASSWORD, CHANGED, BY_HAND, QUOTED = (f"canary-{word}-5f2e" for word in ("secret", "changed", "by-hand", "quoted"))
REST = "&<'\" of it"
"""Follows them in what is secret: JSON and YAML write these letters in other ways."""
LOGIN = Login("reader", "canary-repository-5f2e")
REFERENCE = {"secret": "db", "key": "password", "path": "database.password"}
FAILS = """{{ if .Values.failing }}{{ with .Values.database }}
{{ fail (printf "no good: %s %q" .password (b64enc .password)) }}
{{ end }}{{ end }}"""
EVERYTHING = """
query ($id: ID!) {
  secrets { nodes { name keys usedBy { releaseName } } }
  clusters { nodes { name server labels releases { name chartVersion } } }
  chartRepositories { name url error }
  events(first: 200) { nodes { message data actor } }
  node(id: $id) { ... on Deployment {
    values valuesFrom { secret key path } valueOverrides { values valuesFrom { key } }
    history { nodes { values valuesFrom { key } } }
    operations { nodes { results { output error { message output } } } }
    targets { values desiredValues reasons { message desired actual } error { message output } }
  } }
}
"""


def forms(canary: str) -> Iterator[str]:
    yield canary
    yield quote(canary, safe="")
    yield canary.encode().hex()
    # Within a longer text, base64 has three forms.
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + canary.encode()).decode().rstrip("=")
        yield encoded[4 if before else 0 : -2]


def found(canaries: list[str], told: str) -> list[str]:
    return [canary for canary in canaries if any(form in told for form in forms(canary))]


async def postgres(stack: Stack) -> str:
    async with stack.services.database.reading() as session:
        tables = (await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        rows = [
            (await session.execute(text(f'SELECT row_to_json(kept)::text FROM "{table}" kept'))).scalars().all()
            for table in tables.all()
        ]
    return "\n".join(row for table in rows for row in table)


async def redis(stack: Stack) -> str:
    """Every key, with what it holds."""
    client: Any = ArqRedis.from_url(str(stack.services.settings.redis_url))
    read = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"list": lambda key: client.lrange(key, 0, -1),
        b"stream": client.xrange,
    }
    try:
        return str([(key, await read[await client.type(key)](key)) async for key in client.scan_iter("*")])
    finally:
        await client.aclose()


@asynccontextmanager
async def overheard(stack: Stack) -> AsyncIterator[list[str]]:
    """All that Redis is told meanwhile."""
    client: Any = Redis.from_url(str(stack.services.settings.redis_url))
    commands: list[str] = []
    async with client.monitor() as monitor:

        async def listen() -> None:
            async for command in monitor.listen():
                commands.append(str(command))  # noqa: PERF401 - it never ends

        listening = asyncio.create_task(listen())
        try:
            yield commands
        finally:
            listening.cancel()
            await client.aclose()


def files(folder: Path) -> str:
    """Names and contents of all files that are left, but for keys and charts."""
    told = []
    for path in folder.rglob("*"):
        told.append(str(path))
        if path.is_file() and path.suffix not in (".keys", ".tgz"):
            told.append(path.read_bytes().decode("latin-1"))
    return "\n".join(told)


async def test_no_secret_is_found_outside_of_the_place_where_it_is_used(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
    simulated: Callable[[str], Member],
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    answers: list[str] = []
    told: list[Any] = []
    repository = Files(login=LOGIN)
    charts = chart_files() | {
        "templates/check.yaml": FAILS,
        "templates/NOTES.txt": "Sign in with {{ (.Values.database).password }}, or {{ .Values | toJson | b64enc }}."
        "\n{{ .Values | toJson }} {{ .Values | toJson | toJson }}\n{{ .Values | toYaml }}\n",
        "templates/secret.yaml": "kind: Secret\napiVersion: v1\nmetadata: {name: kept}\n"
        "stringData: {a: {{ (.Values.database).password | default (print 1) | quote }}}\n",
    }
    chart = tmp_path / "web.tgz"
    chart.write_bytes(archive(charts))
    repository.offer("web", "1.0.0", chart.read_bytes())

    async def overhear(response: httpx2.Response) -> None:
        answers.append((await response.aread()).decode())

    async with (
        site(repository) as host,
        new_stack(plain_http_hosts=host, log_level="debug") as stack,
        overheard(stack) as commands,
        served(stack) as url,
        socket(url) as opened,
    ):
        token = (await stack.mutate("createApiToken", "... on ApiTokenPayload { token }", name="second"))["token"]
        stack.client.event_hooks["response"].append(overhear)
        await stack.mutate("setPassword", "__typename", password=SIGN_IN)
        await stack.mutate("signIn", "__typename", None, name="admin", password=MISTYPED)
        await stack.mutate("signIn", "__typename", None, name=MISTYPED, password=SIGN_IN)
        await stack.mutate("signIn", "__typename", None, name="admin", password=SIGN_IN)
        (session,) = [cookie.value for cookie in stack.client.cookies.jar]
        stack.client.cookies.clear()
        events = await opened.subscribe("subscription { events { message data } }")
        targets = await opened.subscribe("subscription { targets { values desiredValues reasons { message actual } } }")
        given = {"url": f"http://{host}", "username": LOGIN.username, "password": LOGIN.password}
        await stack.mutate("addChartRepository", "__typename", name="stable", **given)
        await stack.register("paris", paris.kubeconfig)
        await stack.register("berlin", berlin.kubeconfig)
        await stack.register("again", paris.kubeconfig)
        await stack.register("wrong", paris.kubeconfig.replace("https:", "http:"))
        await stack.group("fleet", ["paris", "berlin"])
        secret = "... on SecretPayload { secret { id } }"
        secret_id = (await stack.mutate("createSecret", secret, name="db", data={"password": PASSWORD + REST}))[
            "secret"
        ]["id"]
        wanted = {"chart": "stable/web", "releaseName": "shop", "valuesFrom": [REFERENCE]}
        await stack.create(**wanted, dryRun=True)
        deployment_id = await stack.deployed(**wanted)
        async with place_on(paris.kubeconfig, name="shop") as place:
            await stack.services.helm.deploy(
                place, chart, {"database": {"password": BY_HAND + REST}}, Options(), exists=True
            )
        await stack.until_status(deployment_id, "paris", "STALE")
        await stack.mutate("updateSecret", secret, id=secret_id, data={"password": CHANGED + REST})
        await stack.reconcile(deployment_id, dryRun=True)
        await stack.settled(await stack.reconcile(deployment_id))
        await stack.mutate("updateSecret", secret, id=secret_id, data={"password": QUOTED + REST})
        failed = await stack.settled(await stack.update(deployment_id, values={"failing": True}))
        assert [result["error"]["code"] for result in failed["results"]] == ["chart_not_rendered"] * 2
        await stack.update(deployment_id, values={"failing": True, "more": 1}, dryRun=True)
        await stack.settled(await stack.update(deployment_id, values={}))
        await stack.mutate("revokeApiToken", "__typename", name="second")
        # What nobody planned for quotes nothing either.
        await stack.ask(
            "mutation ($input: CreateSecretInput!) { createSecret(input: $input) { __typename } }", input={}
        )
        await stack.data(EVERYTHING, id=deployment_id)
        seen = await eventually(lambda: _is_seen(stack, deployment_id))
        assert {target["status"] for target in seen.values()} == {"DEPLOYED"}
        kept = {"postgres": await postgres(stack), "redis": await redis(stack)}
        for subscription in (events, targets):
            while not subscription.told.empty():
                told.append(subscription.told.get_nowait())
        await stack.settled(await stack.delete(deployment_id))

    canaries = [
        SIGN_IN,
        MISTYPED,
        str(session),
        PASSWORD,
        CHANGED,
        BY_HAND,
        QUOTED,
        LOGIN.password,
        paris.token,
        berlin.token,
        token,
        TOKEN,
    ]
    logs = "".join(capfd.readouterr())
    assert "helm.ran" in logs
    assert len(told) > 10
    assert any("polyhelm" in command for command in commands)
    places = kept | {
        "answers": "\n".join(answers),
        "subscriptions": json.dumps(told),
        "logs": logs,
        "what Redis was told": "\n".join(commands),
        "files": files(tmp_path),
    }
    assert {place: found(canaries, words) for place, words in places.items()} == {place: [] for place in places}
    # The search finds what is there.
    assert found(canaries, f"…{base64.b64encode(f'user:{PASSWORD}'.encode()).decode()}…") == [PASSWORD]


async def _is_seen(stack: Stack, deployment_id: str) -> Any:
    targets = await stack.targets(deployment_id)
    return targets if all(target["status"] == "DEPLOYED" for target in targets.values()) else None
