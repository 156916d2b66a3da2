"""Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

# The one that has no windows opens a page for a tenth of the CPU time.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


class ChromiumMissingError(Exception):
    """There is none on this machine; says how to get it."""


def program() -> str:
    """Raises ChromiumMissingError."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        raise ChromiumMissingError("There is no Chromium: on Debian, apt install chromium-headless-shell.")
    return found


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """Raises ChromiumMissingError."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program(), args=_FLAGS)
        yield browser
        await browser.close()
