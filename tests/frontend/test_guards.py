"""The pages let nobody remove many clusters, or act on many of them, without seeing what happens first."""

from pathlib import Path

from playwright.async_api import Browser, expect

from simulator import Member
from tests.contract.helm import Helm
from tests.frontend.site import Site, opened


async def generation(site: Site) -> int:
    found = await site.stack.data('{ deployment(group: "fleet", releaseName: "shop") { generation } }')
    number: int = found["deployment"]["generation"]
    return number


async def test_removing_all_targets_asks_for_their_number(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_role("checkbox", name="All", exact=True).uncheck()
        await page.get_by_role("button", name="Show the plan").click()
        await expect(page.get_by_text("uninstalled from 3 clusters: berlin, paris, tokyo")).to_be_visible()
        deed = page.get_by_role("button", name="Apply", exact=True)
        await expect(deed).to_be_disabled()
        number = page.get_by_label("Type 3 to confirm")
        await number.fill("2")
        await expect(deed).to_be_disabled()
        await number.fill("3")
        await deed.click()
        await expect(page.get_by_role("heading", name="shop", exact=True)).to_be_visible()
        assert await generation(site) == 2


async def test_emptying_a_group_asks_for_the_number_of_its_members(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/groups/fleet")
        await page.get_by_role("button", name="Change").click()
        dialog = page.get_by_role("dialog")
        for name in shop:
            await dialog.get_by_role("checkbox", name=name).uncheck()
        save = dialog.get_by_role("button", name="Save, and remove 3 clusters")
        await save.click()
        await expect(dialog.get_by_role("alert")).to_contain_text("This removes 3 of 3 clusters")
        await expect(save).to_be_disabled()
        found = await site.stack.data('{ clusterGroup(name: "fleet") { members { name } } }')
        assert len(found["clusterGroup"]["members"]) == 3
        await dialog.get_by_label("Type 3 to confirm").fill("3")
        await save.click()
        await expect(dialog).to_be_hidden()
        found = await site.stack.data('{ clusterGroup(name: "fleet") { members { name } } }')
        assert found["clusterGroup"]["members"] == []


async def test_many_targets_are_reconciled_after_their_plan_and_not_past_its_errors(
    site: Site, browser: Browser, shop: dict[str, Member], tmp_path: Path
) -> None:
    for name in ("paris", "tokyo"):
        (tmp_path / name).mkdir()
        await Helm.at(tmp_path / name, shop[name].kubeconfig)("uninstall", "shop", "--namespace", "default")
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        many = page.get_by_role("button", name="Reconcile 2 clusters")
        await many.click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.locator("[data-cluster=paris]")).to_have_attribute("data-action", "INSTALL")
        await expect(dialog.locator("[data-cluster=tokyo]")).to_contain_text("Install")
        await dialog.get_by_role("button", name="Cancel").click()

        # Somebody else's object is in the way on tokyo.
        shop["tokyo"].put("configmaps", {"metadata": {"name": "shop", "namespace": "default"}, "data": {}})
        await many.click()
        reconcile = dialog.get_by_role("button", name="Reconcile", exact=True)
        await expect(dialog.locator("[data-cluster=tokyo]")).to_contain_text("exists")
        await expect(reconcile).to_be_disabled()
        await dialog.get_by_role("checkbox", name="Continue despite errors on 1 cluster").check()
        await reconcile.click()
        await expect(page.get_by_role("article", name="paris: Deployed")).to_be_visible()
        await expect(page.get_by_role("article", name="tokyo")).to_contain_text("exists")
