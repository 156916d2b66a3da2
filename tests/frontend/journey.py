"""The way from nothing to a deployment on several clusters, as one goes it: by clicking."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path

from playwright.async_api import Page, expect

from tests.sample_charts import packaged


async def register(page: Page, name: str, kubeconfig: str) -> None:
    await page.get_by_label("Kubeconfig").fill(kubeconfig)
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Register", exact=True).click()


async def from_nothing(
    page: Page, kubeconfigs: Mapping[str, str], folder: Path, *, namespace: str = "default", release: str = "shop"
) -> None:
    """Registers the clusters, makes the group `web` of them, and deploys a chart with `replicas: 2` to all. `page` is
    signed in; the chart is packed into `folder`."""
    archive = folder / "web-1.0.0.tgz"
    archive.write_bytes(base64.b64decode(packaged(values="replicas: 1\n")))
    await page.goto("/")
    await expect(page.get_by_role("heading", name="No clusters yet")).to_be_visible()
    await page.get_by_role("link", name="Register a cluster").click()
    await register(page, "paris", "kind: Config\nclusters: []\nusers: []\ncontexts: []\n")
    await expect(page.get_by_role("alert")).to_be_visible()
    for name, kubeconfig in kubeconfigs.items():
        await page.goto("/register")
        await page.get_by_label("Labels").fill(f"tier=test, city={name}")
        await register(page, name, kubeconfig)
        await expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        await expect(page.get_by_text("Reachable")).to_be_visible()
        await expect(page.get_by_text(f"city={name}")).to_be_visible()

    await page.goto("/clusters?tab=groups")
    await page.get_by_role("button", name="Create group", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("web")
    for name in kubeconfigs:
        await dialog.get_by_role("checkbox", name=name).check()
    await dialog.get_by_role("button", name="Create", exact=True).click()
    await expect(page.get_by_role("heading", name="web", exact=True)).to_be_visible()
    await expect(page.get_by_text("multi-cluster-deployment", exact=True)).to_be_visible()

    await page.get_by_role("link", name="Deploy a chart").click()
    await page.get_by_role("button", name="Upload a chart").click()
    await dialog.get_by_label("Packaged chart").set_input_files(archive)
    await dialog.get_by_role("button", name="Upload", exact=True).click()
    await page.get_by_label("Release name").fill(release)
    await page.get_by_label("Namespace").fill(namespace)
    await page.get_by_label("Description").fill("Sells things.")
    await page.get_by_role("textbox", name="Common values").click()
    await page.keyboard.type("repl")
    await page.get_by_role("option", name=re.compile("replicas")).click()
    await page.keyboard.type("2")
    await page.get_by_role("button", name="Show the plan").click()
    await expect(page.get_by_text(f"Install on {len(kubeconfigs)}")).to_be_visible()
    given = page.locator("[data-cluster=paris]").get_by_role("row", name="replicas")
    await expect(given.get_by_role("cell")).to_have_text(["2", "—", "common"])
    await page.get_by_role("button", name="Deploy", exact=True).click()

    await expect(page.get_by_role("heading", name=release, exact=True)).to_be_visible()
    await expect(page.get_by_text("Sells things.")).to_be_visible()
    for name in kubeconfigs:
        await expect(page.get_by_role("article", name=f"{name}: Deployed")).to_be_visible()
    await page.get_by_role("link", name="Fleet").first.click()
    await expect(page.get_by_role("button", name=f"{len(kubeconfigs)} Deployed")).to_be_visible()
    for name in kubeconfigs:
        await expect(page.get_by_role("link", name=f"{release} on {name}: Deployed")).to_be_visible()
