"""Who deploys a chart version is told what is odd about it; what is deployed is what was kept first."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio

from simulator import Member
from tests.charts.servers import Files, OciRegistry, digest, served
from tests.sample_charts import archive, chart_files, packaged
from tests.stack import Stack

PAYLOAD = "... on DeploymentPayload { notices { code message } deployment { id chartDigest } }"
INDEX = "entries: {web: [{version: 1.0.0, urls: [web-1.0.0.tgz]}]}"


def content(values: str, **more: Any) -> bytes:
    files = chart_files(values=values)
    files["Chart.yaml"] += "".join(f"{key}: {value}\n" for key, value in more.items())
    return archive(files)


FIRST, SECOND = content("replicas: 1\n"), content("replicas: 2\n")


@pytest_asyncio.fixture(loop_scope="session", params=["http", "oci"])
async def republish(
    request: pytest.FixtureRequest,
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
    simulated: Callable[[str], Member],
) -> AsyncIterator[tuple[Stack, Callable[[bytes | None], None]]]:
    """A Polyhelm with a repository, and what publishes web 1.0.0 in it; None takes it away."""
    files, registry = Files(), OciRegistry()
    is_http = request.param == "http"

    def publish(archive: bytes | None) -> None:
        registry.manifests.clear()
        files.files = {"/index.yaml": INDEX.encode()}
        if archive is not None:
            files.files["/web-1.0.0.tgz"] = archive
            registry.push("charts/web", "1.0.0", archive)

    async with (
        served(files if is_http else registry) as host,
        new_stack(working=False, plain_http_hosts=host) as stack,
    ):
        publish(FIRST)
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        url = f"http://{host}" if is_http else f"oci://{host}/charts"
        await stack.mutate("addChartRepository", "__typename", name="far", url=url)
        yield stack, publish


async def deploy(stack: Stack, **given: Any) -> Any:
    given = {"group": "fleet", "chart": "far/web", "namespace": "default", "version": "1.0.0"} | given
    return await stack.mutate("createDeployment", PAYLOAD, **given)


async def test_a_version_that_was_published_again_is_reported_and_the_first_content_is_deployed(
    republish: tuple[Stack, Callable[[bytes | None], None]],
) -> None:
    stack, publish = republish
    assert (await deploy(stack))["notices"] == []
    assert (await deploy(stack))["notices"] == []
    publish(SECOND)
    told = {
        "code": "chart_republished",
        "message": "far/web 1.0.0 was published again with other content. Its digest has changed from"
        f" {digest(FIRST)} to {digest(SECOND)}. The first content is deployed; publish the other one under a new"
        " version.",
    }
    assert (await deploy(stack, dryRun=True))["notices"] == [told]
    made = await deploy(stack)
    assert (made["notices"], made["deployment"]["chartDigest"]) == ([told], digest(FIRST))
    updated = await stack.mutate("updateDeployment", PAYLOAD, id=made["deployment"]["id"], version="1.0.0")
    assert updated["notices"] == [told]
    updated = await stack.mutate("updateDeployment", PAYLOAD, id=made["deployment"]["id"], values={"a": 1})
    assert updated["notices"] == []


async def test_stored_charts_can_be_deployed_while_their_repository_does_not_answer(
    republish: tuple[Stack, Callable[[bytes | None], None]],
) -> None:
    stack, publish = republish
    await deploy(stack)
    publish(None)
    made = await deploy(stack)
    assert (made["notices"], made["deployment"]["chartDigest"]) == ([], digest(FIRST))


async def test_a_deprecated_chart_is_reported(republish: tuple[Stack, Callable[[bytes | None], None]]) -> None:
    stack, publish = republish
    publish(content("replicas: 1\n", deprecated="true"))
    told = [{"code": "chart_deprecated", "message": "far/web 1.0.0 is deprecated by its maintainers."}]
    assert (await deploy(stack, dryRun=True))["notices"] == told
    assert (await deploy(stack))["notices"] == told
    assert (await deploy(stack))["notices"] == told


async def test_an_uploaded_chart_has_no_notice_but_its_deprecation(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.upload(packaged())
    assert (await deploy(quiet, chart="charts/web"))["notices"] == []
