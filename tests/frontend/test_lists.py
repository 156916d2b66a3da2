"""Lists that are longer than a page go on: nothing is out of reach."""

import re

from playwright.async_api import Browser, expect
from sqlmodel import select

from app.charts.tables import ChartArchive
from app.clusters.tables import Cluster, Reachability
from app.deployments.tables import Deployment, DeploymentRevision
from app.groups.tables import ClusterGroup
from app.identity.tables import Organization
from app.operations.tables import Operation, OperationKind, OperationState
from app.tables import now
from tests.frontend.site import opened, serving
from tests.stack import Stack

GENERATIONS, OPERATIONS, CLUSTERS = 120, 45, 230


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


async def test_lists_go_on_beyond_their_first_page(quiet: Stack, browser: Browser) -> None:
    await fill(quiet)
    async with serving(quiet) as site, opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop?tab=history")
        generations = page.get_by_role("region", name="Generations").get_by_role("listitem")
        await expect(generations).to_have_count(50)
        for shown in (100, 120):
            await page.get_by_role("button", name="Earlier ones").click()
            await expect(generations).to_have_count(shown)
        await expect(page.get_by_role("button", name="Earlier ones")).to_be_hidden()

        # An address that names an old one leads to it.
        await page.goto("/deployments/fleet/shop?tab=history&from=3&to=4")
        await expect(page.locator(".diff .cut")).to_have_text(re.compile("number: 3"))
        await expect(page.locator(".diff .add")).to_have_text(re.compile("number: 4"))

        await page.goto("/deployments/fleet/shop?tab=operations")
        operations = page.locator(".operation")
        await expect(operations).to_have_count(20)
        for shown in (40, 45):
            await page.get_by_role("button", name="What was asked before").click()
            await expect(operations).to_have_count(shown)

        await page.goto("/clusters?tab=groups")
        await page.get_by_role("button", name="Make a group").click()
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
        await dialog.get_by_role("button", name="Make it").click()
        await expect(page.get_by_role("heading", name="ends", exact=True)).to_be_visible()
        found = await quiet.data('{ clusterGroup(name: "ends") { members { name } } }')
        assert found["clusterGroup"]["members"] == [{"name": "cluster-001"}, {"name": "cluster-230"}]
