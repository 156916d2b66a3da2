"""What chart archives take: reading keeps nothing, what no deployment uses goes, and organizations have a quota."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest_asyncio
from sqlalchemy import text
from sqlmodel import select

from app.charts.pinning import pin
from app.charts.storage import collect_archives, measure_storage
from app.tables.charts import ChartArchive
from app.tables.identity import Organization
from simulator import Member
from tests.charts.servers import Files, digest, served
from tests.sample_charts import archive, chart_files, packaged
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
READ = """{ chart(repository: "stable", name: "shop") {
  versions { version digest defaultValues valuesSchema readme }
} }"""


def shop(version: str) -> bytes:
    return archive(chart_files("shop", version), root="shop")


async def kept(stack: Stack) -> list[str]:
    return [found for (found,) in await stack.services.database.rows(select(ChartArchive.digest))]


async def age(stack: Stack) -> None:
    """Makes all archives two days older."""
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE chart_archive SET created_at = created_at - interval '2 days'"))


@pytest_asyncio.fixture(loop_scope="session")
async def repository(new_stack: NewStack) -> AsyncIterator[tuple[Stack, Files]]:
    files = Files()
    async with served(files) as host, new_stack(plain_http_hosts=host) as stack:
        for version in ("1.0.0", "1.1.0"):
            files.offer("shop", version, shop(version))
        await stack.mutate("addChartRepository", "__typename", name="stable", url=f"http://{host}")
        yield stack, files


async def test_reading_about_versions_keeps_none_of_them(repository: tuple[Stack, Files]) -> None:
    stack, files = repository
    for _ in range(2):
        versions = (await stack.data(READ))["chart"]["versions"]
        assert [(found["version"], found["defaultValues"]) for found in versions] == [
            ("1.1.0", "replicas: 1\n"),
            ("1.0.0", "replicas: 1\n"),
        ]
    assert await kept(stack) == []
    assert list(stack.services.settings.cache.glob("charts/*")) == []
    asked = [path for path, _ in files.asked]
    assert sorted(asked) == ["/index.yaml", "/shop-1.0.0.tgz", "/shop-1.1.0.tgz"]


async def test_archives_that_no_deployment_uses_are_removed_and_used_ones_stay(
    repository: tuple[Stack, Files], simulated: Callable[[str], Member]
) -> None:
    stack, _ = repository
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    uploaded = set(await kept(stack))
    deployment = await stack.deployed(chart="stable/shop", version="1.0.0")
    await pin(stack.services, 1, "stable/shop", "1.1.0")
    assert set(await kept(stack)) == uploaded | {digest(shop("1.0.0")), digest(shop("1.1.0"))}

    assert await collect_archives(stack.services) == 0  # they are young
    await age(stack)
    assert await collect_archives(stack.services) == 1
    assert set(await kept(stack)) == uploaded | {digest(shop("1.0.0"))}
    assert (await pin(stack.services, 1, "stable/shop", "1.1.0")).archive.digest == digest(shop("1.1.0"))

    await stack.settled(await stack.delete(deployment))
    await age(stack)
    assert await collect_archives(stack.services) == 2
    assert set(await kept(stack)) == uploaded


async def test_an_organization_keeps_no_more_than_its_quota(new_stack: NewStack) -> None:
    async with new_stack(working=False, organization_chart_storage=2_000) as stack:
        size = 0
        for number in range(100):
            answer = await stack.upload(packaged(version=f"1.0.{number}"))
            if "digest" not in answer:
                break
            ((size,),) = await stack.services.database.rows(text("SELECT sum(size) FROM chart_archive"))
        assert (answer["__typename"], answer["code"]) == ("Conflict", "chart_storage_full")
        assert "POLYHELM_ORGANIZATION_CHART_STORAGE" in answer["message"]
        assert 0 < size <= 2_000
        assert "digest" in await stack.upload(packaged(version="1.0.0"))  # which is kept already
        await measure_storage(stack.services)
        ((organization_id,),) = await stack.services.database.rows(select(Organization.id))
        metrics = (await stack.client.get("/metrics")).text
        assert f'polyhelm_chart_storage_bytes{{organization="{organization_id}"}} {float(size)}' in metrics
