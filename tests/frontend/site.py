"""A Polyhelm that listens, as a browser needs it, and a page in that browser."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Browser, BrowserContext, Page

from app.program.processes import run_api
from tests.stack import TOKEN, Stack

AXE = (Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js").read_text()
WIDE, PHONE = (1280, 800), (390, 844)
SIGN_IN = "sessionStorage.setItem('polyhelm.session', JSON.stringify({token: %s, organization: null}))"


class Served(Protocol):
    """Whatever has the pages at an address."""

    @property
    def url(self) -> str: ...


class Site:
    """A stack behind a port of this machine. It can be stopped and started again, and keeps its address."""

    def __init__(self, stack: Stack, port: int) -> None:
        self.stack = stack
        self.port = port
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(run_api(self.stack.services, listener))

    async def stop(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            with suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None


@asynccontextmanager
async def serving(stack: Stack) -> AsyncIterator[Site]:
    site = Site(stack, 0)
    site.start()
    try:
        yield site
    finally:
        await site.stop()


@asynccontextmanager
async def opened(
    browser: Browser,
    site: Served,
    *,
    token: str | None = TOKEN,
    size: tuple[int, int] = WIDE,
    scheme: str = "light",
    also: tuple[str, ...] = (),
) -> AsyncIterator[Page]:
    """A page of a browser that knows nothing but, perhaps, a token. What its scripts complain about fails the test, and
    so does what it asks elsewhere than at the site and at those in `also`."""
    context: BrowserContext = await browser.new_context(
        base_url=site.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    if token:
        await context.add_init_script(SIGN_IN % json.dumps(token))
    page = await context.new_page()
    page.set_default_timeout(120_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.extend(_blocked(told.text)))
    page.on("request", lambda request: complaints.extend(_elsewhere(site, request.url, also)))
    try:
        yield page
        assert not complaints, "\n".join(complaints)
    finally:
        await context.close()


def _blocked(text: str) -> list[str]:
    """What our own policy for content has kept a page from."""
    return [text[:300]] if "Content Security Policy" in text else []


def _elsewhere(site: Served, url: str, also: tuple[str, ...]) -> list[str]:
    """Nothing is loaded but from the API itself."""
    own = (site.url, site.url.replace("http", "ws"), "data:", "blob:", *also)
    return [] if url.startswith(own) else [f"asks {url}"]


_RUN_AXE = """async options => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
  return axe.run(document, options)
}"""
"""Once the page is drawn: after a change of the color scheme, some elements still have the old colors."""


async def findings(page: Page, rules: Sequence[str] = ()) -> Sequence[str]:
    """What axe calls serious or critical, by all its rules or by these."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    told: dict[str, Any] = await page.evaluate(_RUN_AXE, options)
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in told["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"][:3]
    ]
