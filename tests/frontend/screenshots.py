"""`make screenshots`: every screen, light and dark, on a desk and on a phone, into docs/images.

On simulated members, so that it takes a minute; what is on them is made to look like a day at work.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Page

from app.core import migrations
from app.core.settings import Settings
from app.program.demo import sample_chart
from app.program.embedded import embedded
from simulator import Member, Simulator
from tests.contract.helm import PACKAGED, Helm
from tests.frontend.chromium import launched
from tests.frontend.site import PHONE, WIDE, Site, opened, serving
from tests.sample_charts import packaged
from tests.stack import Stack, eventually, fresh_database, open_stack
from tests.workflows.documented import documented

RELEASE = """
name: release-image
description: Loads an image in several regions, and shifts the traffic after a review.
parameters: {required: [regions], properties: {regions: {type: array, items: {type: string}}}}
steps:
  - {name: announce, type: log, inputs: {message: Releasing the image.}}
  - name: load
    forEach: {items: "${{ parameters.regions }}", as: region}
    sequence: [{name: pull, type: log, inputs: {message: "Loading the image in ${{ region }}."}}]
  - {name: review, type: approve, inputs: {message: Shift the traffic?}}
  - {name: shift, type: log, inputs: {message: Shifting the traffic.}}
"""
IMAGES = Path(__file__).parents[2] / "docs/images"
PLACES = {
    "berlin": ("google", "gke", "europe-west10"),
    "dublin": ("amazon", "eks", "eu-west-1"),
    "frankfurt": ("amazon", "eks", "eu-central-1"),
    "helsinki": ("onprem", "kubeadm", None),
    "madrid": ("google", "gke", "europe-southwest1"),
    "oslo": ("azure", "aks", "norwayeast"),
    "paris": ("amazon", "eks", "eu-west-3"),
    "tokyo": ("amazon", "eks", "ap-northeast-1"),
}
SCREENS = {
    "fleet": "/",
    "deployments": "/deployments",
    "deployment": "/deployments/web/hello",
    "target": "/deployments/web/hello/targets/paris?object=apps%2FDeployment%2Fdemo%2Fhello",
    "resources": "/resources",
    "values": "/deployments/web/hello?tab=values&cluster=paris",
    "history": "/deployments/web/hello?tab=history",
    "operations": "/deployments/web/hello?tab=operations",
    "create": "/create?chart=samples/hello",
    "plan": "/deployments/web/hello/edit",
    "clusters": "/clusters",
    "cluster": "/clusters/paris",
    "register": "/register",
    "group": "/groups/web",
    "secrets": "/settings/secrets",
    "workflow": "/workflows/preload-image",
    "run": "/workflows?tab=runs",
    "activity": "/activity",
    "tokens": "/settings/tokens",
    "graphiql": "/graphiql",
}


async def a_day_at_work(stack: Stack, simulator: Simulator, folder: Path) -> None:
    """Eight clusters with four releases: one was changed by hand, one cluster can't be reached, one release fails."""
    members: dict[str, Member] = {name: simulator.add(name) for name in PLACES}
    for name, (cloud, distribution, region) in PLACES.items():
        await stack.register(name, members[name].kubeconfig, cloud=cloud, distribution=distribution, region=region)
    await stack.group("web", list(PLACES))
    await stack.upload(sample_chart(), "samples")
    await stack.upload(packaged("ingress", "2.3.1"), "platform")
    await stack.upload(packaged("metrics", "0.9.4"), "platform")
    secret = "... on SecretPayload { secret { id } }"
    await stack.mutate(
        "createSecret", secret, name="registry", kind="REGISTRY", data={"username": "x", "password": "x"}
    )
    described = {"description": "The shop's database in production", "data": {"user": "shop", "password": "x"}}
    await stack.mutate("createSecret", secret, name="shop-db", **described)
    for definition in (documented(), RELEASE):
        await stack.mutate("saveWorkflow", "__typename", definition=definition)
    started = {"workflow": "release-image", "workflowId": "shop-2.4.0", "parameters": {"regions": ["eu", "us", "asia"]}}
    await stack.mutate("startWorkflow", "__typename", **started)
    greetings = {"paris": "Bonjour", "berlin": "Guten Tag", "frankfurt": "Guten Tag", "tokyo": "こんにちは"}
    overrides = [{"cluster": name, "values": {"greeting": words}} for name, words in greetings.items()]
    given = {"group": "web", "chart": "samples/hello", "namespace": "demo"}
    hello = await stack.deployed(**given, releaseName="hello", values={"greeting": "Hello"}, valueOverrides=overrides)
    await stack.deployed(group="web", chart="platform/ingress", namespace="platform", releaseName="ingress")
    for name, targets in (("metrics", ["berlin", "dublin", "oslo"]), ("shop", ["paris", "madrid", "tokyo"])):
        chart = {"metrics": "platform/metrics", "shop": "samples/hello"}[name]
        references = [{"secret": "shop-db", "key": "password", "path": "database.password"}] if name == "shop" else []
        chosen = {"group": "web", "chart": chart, "namespace": name, "releaseName": name, "targets": targets}
        await stack.deployed(**chosen, valuesFrom=references)
    answer = await stack.update(hello, values={"greeting": "Hello", "replicaCount": 3}, valueOverrides=overrides)
    await stack.settled(answer)

    home = folder / "by-hand"
    home.mkdir()
    helm = Helm.at(home, members["paris"].kubeconfig, PACKAGED)
    hello_chart = Path(__file__).parents[2] / "app/program/demo_chart"
    await helm("upgrade", "hello", str(hello_chart), "--namespace", "demo", "--reuse-values", "--set", "replicaCount=5")
    await stack.until_status(hello, "paris", "STALE")
    await Helm.at(home, members["madrid"].kubeconfig, PACKAGED)("uninstall", "shop", "--namespace", "shop")
    members["helsinki"].faults.down = True
    await stack.until_status(hello, "helsinki", "UNKNOWN")

    async def is_gone() -> bool:
        counts = "{ fleet { statusCounts { status count } } }"
        found = (await stack.data(counts))["fleet"]["statusCounts"]
        return any(count["status"] == "NOT_INSTALLED" for count in found)

    await eventually(is_gone)


async def prepared(page: Page, name: str) -> None:
    """What has to be done on a screen before there is something to see."""
    if name == "plan":
        await page.get_by_role("tab", name="berlin").click()
        await page.get_by_role("textbox", name="Values for berlin").fill("greeting: Moin\nreplicaCount: 4\n")
        await page.get_by_role("button", name="Show the plan").click()
        await page.get_by_role("region", name="The plan").wait_for()
    if name == "run":
        await page.get_by_role("link", name="shop-2.4.0").click()
        await page.get_by_role("region", name="Approval of review").wait_for()
    if name == "history":
        await page.locator(".diff").wait_for()
    if name == "graphiql":
        await page.get_by_role("button", name=re.compile("Execute|Run")).click()
        await page.wait_for_timeout(1000)


async def photographed(site: Site, chosen: Callable[[str], bool]) -> None:
    async with launched() as browser:
        for scheme in ("light", "dark"):
            for size, label in ((WIDE, "1280"), (PHONE, "390")):
                async with opened(browser, site, size=size, scheme=scheme) as page:
                    for name, path in SCREENS.items():
                        if not chosen(name):
                            continue
                        await page.goto(path)
                        await page.wait_for_load_state("networkidle")
                        await page.wait_for_function("() => !document.querySelector('.skeleton')")
                        await prepared(page, name)
                        await page.screenshot(path=IMAGES / f"{name}-{scheme}-{label}.png")
                if chosen("sign-in"):
                    async with opened(browser, site, token=None, size=size, scheme=scheme) as page:
                        await page.goto("/")
                        await page.get_by_label("Password", exact=True).wait_for()
                        await page.screenshot(path=IMAGES / f"sign-in-{scheme}-{label}.png")


async def main(names: list[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="polyhelm-screens-")))
        folder.chmod(0o755)  # noqa: ASYNC240 - as root, Postgres is another user
        servers = await closing.enter_async_context(embedded(Settings(data_dir=folder / "servers")))
        assert servers.database_url is not None
        await migrations.migrate(await fresh_database(servers.database_url, "screens"))
        simulator = await closing.enter_async_context(Simulator())
        stack = await closing.enter_async_context(open_stack(servers, "screens", folder, working=True))
        await a_day_at_work(stack, simulator, folder)
        site = await closing.enter_async_context(serving(stack))
        await photographed(site, lambda name: not names or name in names)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
