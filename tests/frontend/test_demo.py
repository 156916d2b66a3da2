"""The pages of `make demo`: what it says to try, tried in a browser, where a page outlives its restart."""

import re
import shlex
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.contract.helm import PACKAGED, Helm
from tests.frontend.site import opened
from tests.program.test_programs import started
from tests.stack import TOKEN

READY = "Press Ctrl-C to stop"


@dataclass(frozen=True)
class Demo:
    url: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folder: as root, Postgres is another user, and pytest shuts others out of its folder."""
    with tempfile.TemporaryDirectory(prefix="polyhelm-tests-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


async def test_the_demo_shows_in_a_browser_what_is_done_by_hand_and_a_page_outlives_its_restart(
    browser: Browser, folder: Path
) -> None:
    data, port = folder / "demo", free_port()
    data.mkdir()
    (data / "demo.token").write_text(TOKEN)
    lost = "The connection to Polyhelm is lost"
    async with opened(browser, Demo(f"http://127.0.0.1:{port}")) as page:
        async with started("demo", data, READY, port=port) as printed:
            told = re.search(r"^  (?:\S*/)?helm (.*)$", printed, re.MULTILINE)
            assert told, printed
            _, kubeconfig, *upgrade = shlex.split(told[1])
            by_hand = Helm(PACKAGED, Path(kubeconfig), folder)
            await page.goto("/")
            for name in ("berlin", "paris", "tokyo"):
                await expect(page.get_by_role("link", name=f"hello on {name}: Deployed")).to_be_visible()
            await by_hand(*upgrade)
            await page.get_by_role("link", name="hello on paris: Stale").click()
            await expect(page.get_by_text("replicaCount: wanted 3, found 5")).to_be_visible()
            await page.get_by_role("button", name="Reconcile", exact=True).click()
            await expect(page.get_by_role("article", name="paris: Deployed")).to_be_visible()
        await expect(page.get_by_text(lost)).to_be_visible()
        async with started("demo", data, READY, port=port):
            await expect(page.get_by_text(lost)).to_be_hidden()
            await by_hand(*upgrade)
            await expect(page.get_by_role("article", name="paris: Stale")).to_be_visible()
