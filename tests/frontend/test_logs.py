"""The log viewer: followed live, searched, paused, saved, and complete after a lost connection."""

from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import PHONE, Site, findings, opened
from tests.logs.test_logs import running_pods
from tests.resources.pods import at
from tests.stack import eventually

LOGS = "/deployments/fleet/shop/targets/paris?tab=logs"


async def test_logs_of_all_pods_are_followed_searched_paused_and_saved(
    site: Site, browser: Browser, simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    paris = simulated("paris")
    await running_pods(site.stack, paris, "shop-1", "shop-2")
    paris.logs.write(at("shop-1"), *(f"line {number}" for number in range(150)))
    paris.logs.write(at("shop-2"), "\x1b[31mrefused\x1b[0m the \x1b[2Jorder")

    async def nobody_reads() -> bool:
        return paris.logs.readers == 0

    async with opened(browser, site) as page:
        await page.goto(LOGS)
        log = page.get_by_role("region", name="Log", exact=True)
        await expect(log).to_contain_text("refused the order")
        await expect(log.locator(".ansi-red")).to_have_text("refused")
        await expect(log.locator(".source", has_text="shop-2/web")).to_be_visible()
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await findings(page) == []
        paris.logs.write(at("shop-1"), "and one more")
        await expect(log).to_contain_text("and one more")

        await page.get_by_label("Search the log").fill("line 14")
        await expect(page.get_by_text("11 lines")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(log.locator(".found")).to_contain_text("line 14")
        await expect(page.get_by_text("Paused")).to_be_visible()
        paris.logs.write(at("shop-1"), "not shown yet")
        await page.get_by_role("button", name="Resume: 1 new lines").click()
        await expect(log).to_contain_text("not shown yet")
        await page.get_by_label("Only matching lines").check()
        await expect(log).not_to_contain_text("not shown yet")
        await page.get_by_label("Only matching lines").uncheck()
        await page.get_by_label("Search the log").fill("")

        await expect(log).to_contain_text("not shown yet")
        await log.hover()
        await page.mouse.wheel(0, -400)
        await expect(page.get_by_text("Paused")).to_be_visible()
        await page.mouse.wheel(0, 4000)
        await expect(page.get_by_text("Following")).to_be_visible()

        await site.stop()
        await expect(page.get_by_text("The connection to Polyhelm is lost")).to_be_visible()
        await eventually(nobody_reads)
        paris.logs.write(at("shop-1"), "written meanwhile")
        site.start()
        await expect(log).to_contain_text("written meanwhile")
        await expect(log.get_by_text("not shown yet")).to_have_count(1)

        async with page.expect_download() as saved:
            await page.get_by_role("button", name="Download").click()
        file = await saved.value
        assert file.suggested_filename == "shop-paris.log"
        await file.save_as(tmp_path / "saved.log")
        text = (tmp_path / "saved.log").read_text()
        assert text.count(" shop-1/web line ") == 150
        assert text.count("written meanwhile") == 1
        assert " shop-2/web refused the order\n" in text

        paris.logs.restart(at("shop-2"))
        await page.get_by_label("Pod").select_option("shop-2")
        await page.get_by_label("Previous run").check()
        await expect(log).to_contain_text("refused the order")
        await expect(page.get_by_text("The log has ended")).to_be_visible()
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
