"""Hostile charts and hostile repositories, given to the API as anybody may."""

import base64
import gzip
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from sqlalchemy import text

from simulator import Member
from tests.canary import Pipe, listening
from tests.charts.servers import served
from tests.charts.test_package import LIMITS, REFUSED
from tests.sample_charts import archive, chart_files
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
KEPT = "{ chartRepositories { name } events { nodes { kind } } }"


async def test_each_archive_is_refused_by_its_code_and_nothing_is_kept(new_stack: NewStack, tmp_path: Path) -> None:
    limits = {"chart_max_bytes": LIMITS.packed, "chart_max_unpacked_bytes": LIMITS.unpacked}
    outside = tmp_path / "outside"
    outside.mkdir()
    async with new_stack(working=False, **limits) as stack:
        told = {}
        for case, (content, _) in REFUSED.items():
            answer = await stack.upload(base64.b64encode(content).decode())
            assert (answer["__typename"], answer["path"]) == ("ValidationFailed", ["archive"]), case
            told[case] = answer["code"]
        kept = await stack.data(KEPT)
        folder = stack.services.settings.cache
    assert told == {case: code for case, (_, code) in REFUSED.items()}
    assert kept["chartRepositories"] == []
    assert [event["kind"] for event in kept["events"]["nodes"] if event["kind"].startswith("chart")] == []
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def index(url: str) -> bytes:
    return yaml.safe_dump({"entries": {"web": [{"name": "web", "version": "1.0.0", "urls": [url]}]}}).encode()


URLS = {
    "file://{pipe}": "url_not_supported",
    "ftp://127.0.0.1:{port}/web.tgz": "url_not_supported",
    "gopher://127.0.0.1:{port}/web.tgz": "url_not_supported",
    "data:application/gzip;base64,AAAA": "url_not_supported",
    "http://127.0.0.1:{port}/web.tgz": "plain_http",
    "//127.0.0.1:{port}/web.tgz": "plain_http",
    "https://user:word@127.0.0.1:{port}/web.tgz": "url_with_credentials",
    "https://127.0.0.2:{port}/web.tgz": "address_refused",
    "https://localhost:{port}/web.tgz": "repository_unreachable",
    "https://[::1]:{port}/web.tgz": "address_refused",
    "https://10.0.0.1/web.tgz": "address_refused",
    "https://169.254.169.254/latest/meta-data": "address_refused",
    "https://[fd00:ec2::254]/latest/meta-data": "address_refused",
    "https://0xa9fea9fe/latest/meta-data": "address_refused",
}


@pytest.mark.parametrize("where", ["its index", "a redirect"])
async def test_a_repository_cannot_lead_to_other_addresses(new_stack: NewStack, tmp_path: Path, where: str) -> None:
    """Allowed is 127.0.0.1, and plain HTTP there to the repository alone."""
    pipe, target = Pipe(tmp_path / "pipe"), ""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/index.yaml":
            return web.Response(body=index(target if where == "its index" else "web.tgz"))
        return web.Response(status=302, headers={"Location": target})

    async with (
        listening() as canary,
        served(answer) as host,
        new_stack(working=False, plain_http_hosts=host, allowed_networks="127.0.0.1") as stack,
    ):
        repository = ""
        told = {}
        for url in URLS:
            target = url.replace("{port}", str(canary.port)).replace("{pipe}", str(pipe.path))
            repository = repository or await added(stack, f"http://{host}")
            fields = "... on ChartRepositoryPayload { chartRepository { id } }"
            await stack.mutate("refreshChartRepository", fields, id=repository)
            answered = await stack.ask('{ chart(repository: "stable", name: "web") { versions { readme } } }')
            told[url] = code_of(answered)
        # To 127.0.0.1 it may connect, by TLS; what is there is no repository.
        heard = [first for first in canary.heard if not first.startswith(b"\x16\x03")]
    assert heard == []
    by_redirect = {"data:application/gzip;base64,AAAA": "repository_unreachable"}  # the client refuses it itself
    assert told == (URLS | by_redirect if where == "a redirect" else URLS)
    assert not pipe.is_open


async def added(stack: Stack, url: str) -> str:
    fields = "... on ChartRepositoryPayload { chartRepository { id } }"
    answer = await stack.mutate("addChartRepository", fields, name="stable", url=url)
    assert "chartRepository" in answer, answer
    return str(answer["chartRepository"]["id"])


def code_of(answer: dict[str, Any]) -> Any:
    [error] = answer["errors"]
    return error["extensions"]["code"]


ALIASES = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    + [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]" for n in range(12)]
    + ["entries: {web: *m}"]
)
ZEROS = gzip.compress(b"#" * 2**24)
INDEXES = {
    "aliases that unfold": (ALIASES.encode(), None, "repository_malformed"),
    "nested too deep": (b"entries: " + b"[" * 100_000, None, "repository_malformed"),
    "a tag that runs a program": (b"entries: !!python/object/apply:os.abort []", None, "repository_malformed"),
    "too large once unpacked": (ZEROS, "gzip", "download_too_large"),
    "packed twice": (gzip.compress(ZEROS), "gzip, gzip", "repository_malformed"),
    "packed in an unknown way": (b"x", "zstd", "repository_malformed"),
    "no index": (b"x", "identity", "repository_malformed"),
}


@pytest.mark.parametrize("case", INDEXES)
async def test_an_index_that_is_a_bomb_is_refused(new_stack: NewStack, case: str) -> None:
    body, encoding, code = INDEXES[case]

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding} if encoding else {})

    async with served(answer) as host, new_stack(working=False, plain_http_hosts=host, index_max_bytes=2**20) as stack:
        fields = "... on ChartRepositoryPayload { chartRepository { id } }"
        answered = await stack.mutate("addChartRepository", fields, name="stable", url=f"http://{host}")
        assert answered["code"] == code
        assert (await stack.data(KEPT))["chartRepositories"] == []


async def test_an_archive_with_another_digest_than_its_index_says_is_not_kept(new_stack: NewStack) -> None:
    content = archive(chart_files())
    entry = {"name": "web", "version": "1.0.0", "urls": ["web.tgz"], "digest": "0" * 64}

    async def answer(request: web.Request) -> web.Response:
        body = yaml.safe_dump({"entries": {"web": [entry]}}).encode() if request.path == "/index.yaml" else content
        return web.Response(body=body)

    async with served(answer) as host, new_stack(working=False, plain_http_hosts=host) as stack:
        await added(stack, f"http://{host}")
        answered = await stack.ask('{ chart(repository: "stable", name: "web") { versions { readme } } }')
        assert code_of(answered) == "chart_digest"
        assert await stack.services.database.rows(text("SELECT 1 FROM chart_archive")) == []


async def test_a_bomb_is_reported_by_its_operation_and_the_worker_goes_on(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    files = chart_files("bomb") | {"templates/config.yaml": '{{ repeat 1000000000 "xxxxxxxxxx" }}'}
    await stack.upload(base64.b64encode(archive(files, root="bomb")).decode())
    bomb = await stack.create(chart="charts/bomb", releaseName="bomb")
    await stack.deployed(releaseName="shop")
    [result] = (await stack.settled(bomb))["results"]
    assert (result["state"], result["error"]["code"]) == ("FAILED", "helm_memory")
    assert result["error"]["message"] == "Helm needs more than 1,024 MiB of memory for this chart."
    names = {secret["metadata"]["labels"]["name"] for secret in paris.objects("secrets")}
    assert names == {"shop"}


async def test_words_that_postgres_does_not_keep_neither_repeat_a_failure_nor_hide_a_success(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    for name, path, line in (
        ("fails", "templates/fail.yaml", '{{ fail "no\\u0000 luck" }}'),
        ("says", "templates/NOTES.txt", 'Good {{ "\\u0000" }}luck.'),
    ):
        files = chart_files(name) | {path: line}
        await stack.upload(base64.b64encode(archive(files, root=name)).decode())
    answer = await stack.create(chart="charts/fails", releaseName="fails")
    [result] = (await stack.settled(answer))["results"]
    assert (result["state"], result["error"]["code"]) == ("FAILED", "chart_not_rendered")
    assert (result["error"]["attempts"], result["error"]["message"].endswith("no luck")) == (1, True)
    answer = await stack.create(chart="charts/says", releaseName="says")
    await stack.settled(answer)
    query = "query ($id: ID!) { operation(id: $id) { state results { output } } }"
    ended = (await stack.data(query, id=answer["operation"]["id"]))["operation"]
    assert ended["state"] == "SUCCEEDED"
    assert ended["results"][0]["output"].endswith("Good luck.")


async def test_a_chart_that_takes_for_ever_to_render_is_given_up_after_three_tries(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.helm.command.MARGIN_SECONDS", -0.5)  # half a second is left
    monkeypatch.setattr("app.helm.command.GRACE_SECONDS", 0.1)
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    loops = "{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}"
    files = chart_files("slow") | {"templates/config.yaml": loops}
    await stack.upload(base64.b64encode(archive(files, root="slow")).decode())
    slow = await stack.create(chart="charts/slow", releaseName="slow", timeoutSeconds=1)
    for asked in (slow, None):  # and again where it is asked for again
        asked = asked or await stack.reconcile(slow["deployment"]["id"])
        [result] = (await stack.settled(asked))["results"]
        error = result["error"]
        assert (result["state"], error["code"], error["attempts"]) == ("FAILED", "helm_hung", 3)
        assert error["message"] == (
            "Helm did not end within 0.5 s and was terminated. If the cluster is the cause, reconcile; if the chart"
            " takes too long to render, change the chart."
        )
