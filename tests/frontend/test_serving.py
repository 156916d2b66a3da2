"""How the pages are served: every address of the app leads to it, no other does, and nothing is asked for twice."""

import re

import pytest

from tests.stack import Stack

HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("path", ["/", "/deployments/web/hello", "/clusters/paris.eu", "/no/such/page"])
async def test_every_address_of_the_app_leads_to_it(shared: Stack, path: str) -> None:
    answer = await shared.client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert '<div id="app">' in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_files_of_pages_are_cached_and_come_from_the_server_itself(shared: Stack) -> None:
    page = (await shared.client.get("/", headers=HTML)).text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/assets/"), source
        answer = await shared.client.get(source)
        assert answer.status_code == 200, source
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/assets/gone.js", "/favicon.ico", "/assets/../pyproject.toml"])
async def test_a_missing_file_is_not_answered_with_the_app(shared: Stack, path: str) -> None:
    answer = await shared.client.get(path, headers={"accept": "*/*"})
    assert answer.status_code == 404
    assert "<html" not in answer.text


async def test_a_browser_that_opens_the_api_is_led_to_graphiql_and_a_program_is_not(shared: Stack) -> None:
    answer = await shared.client.get("/graphql", headers=HTML, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/graphiql")
    assert (await shared.client.get("/graphql", headers={"accept": "application/json"})).status_code >= 400
