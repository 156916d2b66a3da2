"""Lists that are longer than a page go on: nothing is out of reach."""

import asyncio
import re
from contextlib import suppress

from playwright.async_api import Browser, Route, expect
from playwright.async_api import Error as PlaywrightError
from sqlmodel import select

from app.identity.codes import IdentityEvent
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster, Reachability
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.identity import Organization
from app.tables.operations import Operation, OperationKind
from app.tables.secrets import Secret, SecretKind
from app.tables.states import OperationState
from tests.frontend.site import opened, serving
from tests.happenings import Happening
from tests.stack import Stack

GENERATIONS, OPERATIONS, CLUSTERS, MANY, EVENTS = 120, 45, 230, 60, 130


async def fill(stack: Stack) -> None:
    async with stack.services.transaction() as transaction:
        session = transaction.session
        organization_id = (await session.exec(select(Organization.id))).one()
        group = ClusterGroup(organization_id=organization_id, name="fleet")
        session.add_all([group, ChartArchive(digest="0" * 64, name="web", version="1.0.0", size=0)])
        await session.flush()
        deployment = Deployment(
            organization_id=organization_id,
            group_id=group.id,
            release_name="shop",
            namespace="default",
            chart="charts/web",
            chart_name="web",
            generation=GENERATIONS,
        )
        session.add(deployment)
        await session.flush()
        session.add_all(
            DeploymentRevision(
                deployment_id=deployment.id,
                generation=number,
                chart_version="1.0.0",
                chart_digest="0" * 64,
                values={"number": number},
            )
            for number in range(1, GENERATIONS + 1)
        )
        session.add_all(
            Operation(
                organization_id=organization_id,
                deployment_id=deployment.id,
                kind=OperationKind.UPDATE,
                state=OperationState.SUCCEEDED,
                generation=number,
                finished_at=now(),
            )
            for number in range(GENERATIONS - OPERATIONS + 1, GENERATIONS + 1)
        )
        small = [
            Deployment(
                organization_id=organization_id,
                group_id=group.id,
                release_name=f"small-{number:03}",
                namespace="default",
                chart="charts/web",
                chart_name="web",
            )
            for number in range(1, MANY + 1)
        ]
        session.add_all(small)
        await session.flush()
        session.add_all(
            DeploymentRevision(deployment_id=one.id, generation=1, chart_version="1.0.0", chart_digest="0" * 64)
            for one in small
        )
        session.add_all(
            ClusterGroup(organization_id=organization_id, name=f"group-{number:03}") for number in range(1, MANY + 1)
        )
        session.add_all(
            Secret(
                organization_id=organization_id,
                name=f"secret-{number:03}",
                kind=SecretKind.OPAQUE,
                marks={f"key-{number}": "0"},
            )
            for number in range(1, MANY + 1)
        )
        session.add_all(
            Cluster(
                organization_id=organization_id,
                name=f"cluster-{number:03}",
                cloud="amazon",
                distribution="eks",
                server="https://example.invalid",
                uid=str(number),
                kubernetes_version="v1.34.4",
                reachability=Reachability.REACHABLE,
                confirmed_at=now(),
            )
            for number in range(1, CLUSTERS + 1)
        )
        for number in range(EVENTS):
            transaction.record(
                Happening.CLUSTER_LOOKED, f"It was looked at: {number}.", organization_id=organization_id
            )


async def test_lists_continue_after_their_first_page(quiet: Stack, browser: Browser) -> None:
    await fill(quiet)
    async with serving(quiet) as site, opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop?tab=history")
        generations = page.get_by_role("region", name="Generations").get_by_role("listitem")
        await expect(generations).to_have_count(50)
        for shown in (100, 120):
            await page.get_by_role("button", name="Older generations", exact=True).click()
            await expect(generations).to_have_count(shown)
        await expect(page.get_by_role("button", name="Older generations", exact=True)).to_be_hidden()

        # An address that names an old one leads to it.
        await page.goto("/deployments/fleet/shop?tab=history&from=3&to=4")
        await expect(page.locator(".diff .cut")).to_have_text(re.compile("number: 3"))
        await expect(page.locator(".diff .add")).to_have_text(re.compile("number: 4"))

        await page.goto("/deployments/fleet/shop?tab=operations")
        operations = page.locator(".operation")
        await expect(operations).to_have_count(20)
        for shown in (40, 45):
            await page.get_by_role("button", name="Older operations", exact=True).click()
            await expect(operations).to_have_count(shown)

        await page.goto("/groups/fleet")
        deployments = page.get_by_role("region", name="Deployments").get_by_role("listitem")
        await expect(deployments).to_have_count(50)
        await page.get_by_role("button", name="More deployments").click()
        await expect(deployments).to_have_count(MANY + 1)

        await page.goto("/settings/secrets")
        secrets = page.get_by_role("region", name="Secrets").get_by_role("listitem")
        await expect(secrets).to_have_count(50)
        await page.get_by_label("Name or description").fill("secret-06")
        await expect(secrets).to_have_count(1)
        await expect(page).to_have_url(re.compile("q=secret-06$"))

        await page.goto("/activity?q=looked")
        happened = page.get_by_role("region", name="Events").get_by_role("listitem")
        await expect(happened).to_have_count(100)
        async with quiet.services.transaction() as transaction:
            organization_id = (await transaction.session.exec(select(Organization.id))).one()
            transaction.record(IdentityEvent.TOKEN_CREATED, "Somebody looked.", organization_id=organization_id)
        await expect(happened.first).to_contain_text("Somebody looked.")
        await page.get_by_role("button", name="Older events", exact=True).click()
        await expect(happened).to_have_count(EVENTS + 1)

        await page.goto("/clusters?tab=groups")
        groups = page.get_by_role("region", name="Groups").get_by_role("listitem")
        await expect(groups).to_have_count(50)
        await page.get_by_role("button", name="More groups").click()
        await expect(groups).to_have_count(MANY + 1)
        await page.get_by_label("Name").fill("OUP-06")
        await expect(groups).to_have_count(1)
        await page.get_by_role("button", name="Create group", exact=True).click()
        dialog = page.get_by_role("dialog")
        for shown in (100, 200, 230):
            await expect(dialog.get_by_role("checkbox")).to_have_count(shown)
            if shown < CLUSTERS:
                await dialog.get_by_role("button", name="More clusters").click()
        await dialog.get_by_role("checkbox", name="cluster-230").check()
        await dialog.get_by_label("Search clusters").fill("cluster-001")
        await expect(dialog.get_by_role("checkbox")).to_have_count(1)
        await dialog.get_by_role("checkbox", name="cluster-001").check()
        await dialog.get_by_label("Name").fill("ends")
        await dialog.get_by_role("button", name="Create", exact=True).click()
        await expect(page.get_by_role("heading", name="ends", exact=True)).to_be_visible()
        found = await quiet.data('{ clusterGroup(name: "ends") { members { name } } }')
        assert found["clusterGroup"]["members"] == [{"name": "cluster-001"}, {"name": "cluster-230"}]


async def test_choices_that_a_picker_does_not_show_are_found_by_typing(quiet: Stack, browser: Browser) -> None:
    await fill(quiet)
    async with serving(quiet) as site, opened(browser, site) as page:
        await page.goto("/")
        group = page.locator("input[list]")
        await group.fill("group-059")
        await expect(page).to_have_url(re.compile("group=group-059$"))
        await group.fill("")
        await expect(page).not_to_have_url(re.compile("group="))

        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_role("button", name="Use a value from a secret", exact=True).click()
        secret = page.locator(".reference input[list]")
        await secret.fill("secret-05")
        await expect(page.locator("datalist option")).to_have_count(10)
        await secret.fill("secret-058")
        await expect(page.get_by_label("Key")).to_have_value("key-58")


async def test_the_next_page_arrives_even_if_the_list_is_refreshed_while_it_loads(
    quiet: Stack, browser: Browser
) -> None:
    async with quiet.services.transaction() as transaction:
        organization_id = (await transaction.session.exec(select(Organization.id))).one()
        transaction.session.add_all(
            ClusterGroup(organization_id=organization_id, name=f"group-{number:03}") for number in range(1, MANY + 1)
        )
    refreshed = asyncio.Event()
    firsts = 0

    async def hold(route: Route) -> None:
        nonlocal firsts
        request = route.request.post_data_json or {}
        if request.get("operationName") != "Groups":
            return await route.continue_()
        if request["variables"]["after"] is None:
            firsts += 1
            await route.fulfill(response=await route.fetch())
            if firsts > 1:
                refreshed.set()
            return None
        await quiet.group("zone", [])
        await refreshed.wait()
        with suppress(PlaywrightError):  # The page may have given this request up.
            await route.continue_()
        return None

    async with serving(quiet) as site, opened(browser, site) as page:
        await page.goto("/clusters?tab=groups")
        groups = page.get_by_role("region", name="Groups").get_by_role("listitem")
        await expect(groups).to_have_count(50)
        await page.route("**/graphql", hold)
        firsts = 1
        await page.get_by_role("button", name="More groups").click()
        await expect(groups).to_have_count(MANY + 1)
