"""What every answer tells a browser to be careful with."""

import httpx2
import pytest

from tests.live.serving import served
from tests.resolvers.engine.test_limits import NewStack
from tests.stack import Stack

HTML = {"Accept": "text/html"}
SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", ["/", "/graphiql", "/graphql", "/healthz", "/readyz", "/metrics", "/gone.js", "/assets/x"]
)
async def test_every_answer_is_kept_from_being_sniffed_framed_or_read_by_other_sites(shared: Stack, path: str) -> None:
    response = await shared.client.get(path, headers=HTML if path in ("/", "/graphiql") else {})
    assert SAFE.items() <= dict(response.headers).items()
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert "strict-transport-security" not in response.headers


async def test_answers_of_the_api_are_neither_rendered_nor_cached_by_a_browser(shared: Stack) -> None:
    for response in (
        await shared.client.post("/graphql", json={"query": "{ viewer { name } }"}),
        await shared.client.get("/graphql", params={"query": "{ viewer { name } }"}),
        await shared.client.get("/metrics"),
    ):
        assert response.headers["content-security-policy"].startswith("default-src 'none';")
        assert response.headers["cache-control"] == "no-store"


async def test_pages_run_only_scripts_of_the_app(shared: Stack) -> None:
    for path in ("/", "/graphiql"):
        policy = (await shared.client.get(path, headers=HTML)).headers["content-security-policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'"
        assert not {"script-src", "worker-src", "connect-src"} & set(rules)
        assert "unsafe-eval" not in policy


@pytest.mark.parametrize(("proxies", "believed"), [("", False), ("10.0.0.0/8", False), ("127.0.0.0/8,::1", True)])
async def test_a_proxy_is_believed_that_it_was_reached_by_tls_if_it_is_trusted(
    new_stack: NewStack, proxies: str, believed: bool
) -> None:
    headers = {"X-Forwarded-Proto": "https"}
    async with (
        new_stack(working=False, trusted_proxies=proxies) as stack,
        served(stack) as url,
        httpx2.AsyncClient() as client,
    ):
        response = await client.get(f"{url}/healthz", headers=headers)
    assert ("strict-transport-security" in response.headers) is believed
