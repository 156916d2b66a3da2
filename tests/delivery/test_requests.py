"""Checks that send requests, to a server on this machine that answers like a website and like Prometheus."""

import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from sqlalchemy import text

from simulator import Member
from tests.delivery.asking import (
    check,
    register,
    results,
    rollout_by_id,
    rollout_of,
    steer,
    until_phase,
    until_verified,
    until_waiting,
    wave,
    waves,
)
from tests.stack import Stack, eventually

PAGE = Path(__file__).parents[2] / "docs" / "rollouts.md"
NAMES = ("healthy-before", "healthy", "settings", "ready", "smoke-test", "errors")
CANARY = "a-secret-that-nobody-sees"
FEW = [{"metric": {"job": "shop"}, "value": [1, "0.005"]}]
PADDING = {"echo": "", "echo-late": "x" * 275}
"""Queries that are answered with an error that ends with the token of the request."""
RESULTS: dict[str, Any] = {"vector": FEW, "sum(rate(http_errors_total[5m]))": FEW, "up": []}


class Handler(BaseHTTPRequestHandler):
    """`/ready` needs a token, `/echo` repeats its headers, `/moved` redirects, `/large` is too large."""

    def do_GET(self) -> None:
        if self.path == "/ready":
            is_known = self.headers.get("Authorization") == f"Bearer {CANARY}"
            self._answer(200 if is_known else 401, {"version": "2.0.0"})
        elif self.path == "/echo":
            self._answer(200, dict(self.headers))
        elif self.path == "/large":
            self._answer(200, "x" * 2**21)
        else:
            self.send_response(302)
            self.send_header("Location", "/ready")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_POST(self) -> None:
        query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["query"][0]
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if query in PADDING:
            self._answer(400, {"status": "error", "errorType": "bad_data", "error": PADDING[query] + token})
        elif query not in RESULTS or self.path != "/api/v1/query":
            self._answer(400, {"status": "error", "errorType": "bad_data", "error": "unknown function"})
        else:
            self._answer(200, {"status": "success", "data": {"resultType": "vector", "result": RESULTS[query]}})

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def website() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest_asyncio.fixture(loop_scope="session")
async def stack(
    website: str, new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member]
) -> AsyncIterator[Stack]:
    hosts = f"{website},127.0.0.2:1"
    async with new_stack(unreachable_after=60, member_timeout=60, plain_http_hosts=hosts) as opened:
        await register(opened, {"paris": simulated("paris")})
        payload = "... on SecretPayload { secret { id } }"
        answer = await opened.mutate("createSecret", payload, name="website", data={"token": CANARY})
        assert "secret" in answer, answer
        yield opened


def secret_header(name: str = "Authorization", prefix: str = "Bearer ") -> dict[str, Any]:
    return {"name": name, "secret": "website", "key": "token", "prefix": prefix}


async def test_requests_and_queries_pass_and_secrets_are_sent_and_not_shown(stack: Stack, website: str) -> None:
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    url, prometheus = f"http://{website}", {"url": f"http://{website}/", "query": "vector"}
    echo = {"url": f"{url}/echo", "headers": [{"name": "X-A", "value": "b"}], "passes": "json['X-A'] == 'b'"}
    assert await results(
        stack,
        shop,
        check("ready", http={"url": f"{url}/ready", "secretHeaders": [secret_header()]}),
        check("version", http={"url": f"{url}/ready", "passes": "json.version == '2.0.0' && status == 401"}),
        check("echo", http=echo),
        check("moved", http={"url": f"{url}/moved", "passes": "status == 302 && headers.location == '/ready'"}),
        check("errors", prometheus=prometheus | {"passes": "result[0] < 0.01", "fails": "result[0] > 0.1"}),
        check("labels", prometheus=prometheus | {"passes": "samples.all(s, s.labels.job == 'shop')"}),
    ) == {
        "ready": ("PASSED", "The answer has the status 200."),
        "version": ("PASSED", "The condition `passes` is true (status 401)."),
        "echo": ("PASSED", "The condition `passes` is true (status 200)."),
        "moved": ("PASSED", "The condition `passes` is true (status 302)."),
        "errors": ("PASSED", "The condition `passes` is true (0.005)."),
        "labels": ("PASSED", "The condition `passes` is true (0.005)."),
    }
    await until_phase(stack, shop, "SUCCEEDED")
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { strategy { waves { checks { spec } } } } } }"
    shown = await stack.data(query, id=shop)
    header = shown["node"]["strategy"]["waves"][0]["checks"][0]["spec"]["secretHeaders"]
    assert header == [secret_header()]


async def test_plans_show_no_ids_of_secrets_and_only_options_that_change(stack: Stack, website: str) -> None:
    http = {"url": f"http://{website}/ready", "secretHeaders": [secret_header()]}
    strategy = {
        "waves": [wave("first", before=[{"check": check("before", http=http)}], checks=[check("a", http=http)])]
    }
    options = "... on PlanDeploymentPayload { plan { options } }"

    async def planned(**given: Any) -> Any:
        return (await stack.mutate("planDeployment", options, **given))["plan"]["options"]

    chart = {"group": "fleet", "chart": "charts/web", "namespace": "default", "releaseName": "other"}
    shown = [
        (await planned(create=chart | {"strategy": strategy}))["strategy"],
        (await planned(create=chart | {"strategyOverride": strategy}))["strategy_override"],
    ]
    for each in shown:
        [first] = each["waves"]
        assert [one["spec"]["secretHeaders"] for one in first["checksBefore"] + first["checks"]] == [
            [secret_header()]
        ] * 2
        assert set(first["checksBefore"][0]) == set(first["checks"][0])
    shop = await stack.deployed(releaseName="shop", strategy=strategy)
    assert await planned(update={"id": shop, "values": {"replicas": 2}, "strategy": strategy}) == {}


async def test_a_secret_that_a_check_sends_cannot_be_deleted(stack: Stack, website: str) -> None:
    http = {"url": f"http://{website}/ready", "secretHeaders": [secret_header()]}
    strategy = {"waves": [wave("first", checks=[check("ready", http=http)])]}
    query = "query { secrets { nodes { id usedBy { releaseName } } } }"
    [secret] = (await stack.data(query))["secrets"]["nodes"]
    assert secret["usedBy"] == []
    shop = await stack.deployed(releaseName="shop")
    await stack.update(shop, strategy=strategy)  # options alone make no new generation
    [used] = (await stack.data(query))["secrets"]["nodes"]
    assert used["usedBy"] == [{"releaseName": "shop"}]
    deletion = "... on DeleteSecretPayload { id }"
    kept = await stack.mutate("deleteSecret", deletion, id=secret["id"])
    assert (kept["code"], kept["message"]) == (
        "secret_in_use",
        "website is used by shop. Remove it from their valuesFrom and rollout strategies first.",
    )
    update = "... on SecretPayload { secret { id } }"
    kept = await stack.mutate("updateSecret", update, id=secret["id"], data={"token": None, "other": "x"})
    assert kept["code"] == "secret_in_use"
    await stack.update(shop, values={"replicas": 2})  # a new generation with the same strategy
    assert (await stack.mutate("deleteSecret", deletion, id=secret["id"]))["code"] == "secret_in_use"
    await stack.update(shop, strategy={"waves": []})  # the rollout in progress keeps its own strategy
    assert (await stack.mutate("deleteSecret", deletion, id=secret["id"]))["code"] == "secret_in_use"
    await steer(stack, "abortRollout", await rollout_of(stack, shop))
    await until_phase(stack, shop, "ABORTED")

    async def is_deleted() -> bool:
        """Once no target of the rollout is in flight."""
        return "id" in await stack.mutate("deleteSecret", deletion, id=secret["id"])

    await eventually(is_deleted)


async def test_the_example_of_the_documentation_succeeds(stack: Stack, website: str) -> None:
    web = await stack.deployed(releaseName="web")
    await until_verified(stack, web)
    [example] = [text for text in re.findall(r"```graphql\n(.*?)```", PAGE.read_text(), re.DOTALL) if "check:" in text]
    example = re.sub(r"https://(shop|prometheus)\.example\.com", f"http://{website}", example)
    answer = (await stack.data(example.replace("RGVwbG95bWVudDox", web)))["updateDeployment"]
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    checks = (await rollout_of(stack, web))["waves"][0]["checks"]
    assert {each["rule"]["name"]: each["run"]["verdict"] for each in checks} == dict.fromkeys(NAMES, "PASSED")


async def test_what_has_no_answer_is_an_error_that_shows_no_secret(stack: Stack, website: str) -> None:
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    url, hidden = f"http://{website}", [secret_header("X-Token", prefix="")]
    found = await results(
        stack,
        shop,
        check("refused", http={"url": "http://127.0.0.2:1"}),
        check("plain", http={"url": "http://127.0.0.1:1"}),
        check("metadata", http={"url": "https://169.254.169.254/latest"}),
        check("large", http={"url": f"{url}/large"}),
        check("leak", http={"url": f"{url}/echo", "secretHeaders": hidden, "passes": "{'a': true}[json['X-Token']]"}),
        check("unknown", prometheus={"url": url, "query": "nonsense", "passes": "true"}),
        check("empty", prometheus={"url": url, "query": "up", "passes": "result[0] > 0"}),
        *(
            check(query, prometheus={"url": url, "query": query, "passes": "true", "secretHeaders": [secret_header()]})
            for query in PADDING
        ),
    )
    assert {verdict for verdict, _ in found.values()} == {"ERROR"}
    messages = {name: message for name, (_, message) in found.items()}
    assert CANARY[:8] not in str(messages)
    assert {messages[query].startswith("Prometheus answers: ") for query in PADDING} == {True}
    [[leaks]] = await stack.services.database.rows(_LEAKS, canary=f"%{CANARY}%")
    assert leaks == 0
    assert messages["refused"] == "http://127.0.0.2:1 cannot be reached: ConnectError."
    assert messages["plain"] == "Use https, or add 127.0.0.1:1 to POLYHELM_PLAIN_HTTP_HOSTS."
    assert messages["metadata"].endswith("Polyhelm never connects there.")
    assert messages["large"].startswith(f"{url} answers with more than 1,048,576 bytes")
    assert messages["unknown"] == "Prometheus answers: unknown function"
    assert messages["empty"].endswith("(the query has no result).")


_LEAKS = text(
    "SELECT (SELECT count(*) FROM check_measurement WHERE message LIKE :canary)"
    " + (SELECT count(*) FROM event WHERE message || data::text LIKE :canary)"
    " + (SELECT count(*) FROM rollout WHERE strategy::text LIKE :canary)"
)


@pytest.mark.parametrize(
    ("header", "field", "message"),
    [
        ({"secret": "other"}, "secret", "There is no secret 'other' for the group fleet."),
        ({"key": "other"}, "key", "The secret website has no key 'other'."),
    ],
)
async def test_a_header_with_an_unknown_secret_is_refused(
    stack: Stack, header: dict[str, str], field: str, message: str
) -> None:
    given = check("one", http={"url": "https://example.com", "secretHeaders": [secret_header() | header]})
    refused = await stack.create(releaseName="shop", strategy={"waves": [wave("first", checks=[given])]})
    at = ["strategy", "waves", "0", "checks", "0", "http", "secretHeaders", "0", field]
    assert [(each["path"], each["message"]) for each in refused["problems"]] == [(at, message)]


async def test_a_secret_that_only_a_rollout_sends_cannot_be_deleted_until_the_rollout_has_been_replaced(
    stack: Stack, website: str
) -> None:
    http = {"url": f"http://{website}/ready", "secretHeaders": [secret_header()]}
    approval: list[dict[str, Any]] = [{"approval": {}}]
    once = {"waves": [wave("first", before=approval, checks=[check("ready", http=http)])]}
    [secret] = (await stack.data("query { secrets { nodes { id } } }"))["secrets"]["nodes"]
    shop = await stack.deployed(releaseName="shop")
    await stack.update(shop, values={"replicas": 2}, strategyOverride=once)
    waiting = await until_waiting(stack, shop, "ApprovalGate")

    async def codes() -> list[str | None]:
        """Of the refusals to delete the secret, and its key."""
        deletion = await stack.mutate("deleteSecret", "__typename ... on UserError { code }", id=secret["id"])
        data = {"token": None, "other": "x"}
        change = await stack.mutate("updateSecret", "__typename ... on UserError { code }", id=secret["id"], data=data)
        return [deletion.get("code"), change.get("code")]

    assert await codes() == ["secret_in_use"] * 2
    await stack.update(shop, strategy=waves("paris"))  # the rollout in progress keeps its own
    assert await codes() == ["secret_in_use"] * 2
    await stack.update(shop, values={"replicas": 3})
    assert (await rollout_by_id(stack, waiting))["phase"] == "SUPERSEDED"
    assert await codes() == [None, "secret_not_found"]
