"""Archives in an S3-compatible bucket, which every worker can read."""

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer
from sqlalchemy import text

from app.charts.archives import Archives, Bucket
from app.charts.storage import collect_archives
from app.core.database import Database
from app.core.errors import TemporaryError
from app.helm.binary import find_helm
from reconcilers.jobs.kinds import KINDS
from reconcilers.jobs.runner import Runner
from tests.charts.servers import digest
from tests.sample_charts import packaged
from tests.stack import Stack

CONTENT = base64.b64decode(packaged())


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


async def empty(endpoint: str) -> None:
    async with httpx2.AsyncClient() as client:
        await client.post(f"{endpoint}/moto-api/reset")
        (await client.put(f"{endpoint}/polyhelm")).raise_for_status()


@pytest_asyncio.fixture(loop_scope="session")
async def stored(
    endpoint: str, new_stack: Callable[..., AbstractAsyncContextManager[Stack]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stack]:
    """A Polyhelm that keeps its archives in an empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    await empty(endpoint)
    async with new_stack(working=False, s3_bucket="polyhelm", s3_endpoint_url=endpoint, s3_region="us-east-1") as stack:
        yield stack


@pytest_asyncio.fixture(loop_scope="session")
async def bucket(stored: Stack) -> AsyncIterator[Bucket]:
    """The bucket as anybody who may can use it."""
    opened = Bucket(stored.services.settings)
    yield opened
    await opened.close()


@pytest.fixture
def elsewhere(stored: Stack, bucket: Bucket, tmp_path: Path) -> Archives:
    """The archives as another worker has them, which has nothing in its cache."""
    return Archives(stored.services.database, tmp_path / "elsewhere", bucket)


async def test_an_archive_is_in_the_bucket_and_not_in_postgres(stored: Stack, bucket: Bucket) -> None:
    assert (await stored.upload(packaged()))["digest"] == digest(CONTENT)
    rows = await stored.services.database.rows(text("SELECT digest, size, content FROM chart_archive"))
    assert [tuple(row) for row in rows] == [(digest(CONTENT), len(CONTENT), None)]
    assert await bucket.get(digest(CONTENT)) == CONTENT


async def test_a_worker_that_did_not_receive_the_upload_gives_helm_the_file(
    stored: Stack, elsewhere: Archives, tmp_path: Path
) -> None:
    await stored.upload(packaged())
    path = await elsewhere.file(digest(CONTENT))
    assert path.parent == tmp_path / "elsewhere"
    assert path.read_bytes() == CONTENT
    shown = await asyncio.create_subprocess_exec(find_helm(None).path, "show", "chart", path, stdout=subprocess.PIPE)
    assert b"name: web" in (await shown.communicate())[0]


async def test_an_archive_is_fetched_once_and_then_read_from_the_cache(
    stored: Stack, elsewhere: Archives, bucket: Bucket
) -> None:
    await stored.upload(packaged())
    path = await elsewhere.file(digest(CONTENT))
    await bucket.put(digest(CONTENT), b"other")
    assert await elsewhere.file(digest(CONTENT)) == path
    assert path.read_bytes() == CONTENT


async def test_an_object_that_was_changed_is_not_used(
    stored: Stack, elsewhere: Archives, bucket: Bucket, tmp_path: Path
) -> None:
    await stored.upload(packaged())
    await bucket.put(digest(CONTENT), b"other")
    with pytest.raises(TemporaryError, match=r"^The stored archive [0-9a-f]{64} was changed\.$") as caught:
        await elsewhere.file(digest(CONTENT))
    assert caught.value.code == "chart_storage"
    assert not (tmp_path / "elsewhere").exists()


async def test_a_missing_object_is_reported_in_the_words_of_the_bucket(
    stored: Stack, elsewhere: Archives, endpoint: str
) -> None:
    await stored.upload(packaged())
    await empty(endpoint)
    with pytest.raises(TemporaryError, match=r"^The bucket polyhelm cannot be used: .*NoSuchKey") as caught:
        await elsewhere.file(digest(CONTENT))
    assert caught.value.code == "chart_storage"


async def test_a_process_without_the_bucket_says_so(stored: Stack, tmp_path: Path) -> None:
    await stored.upload(packaged())
    database: Database = stored.services.database
    with pytest.raises(TemporaryError, match=r" is in a bucket that is not configured here\.$"):
        await Archives(database, tmp_path / "elsewhere", None).file(digest(CONTENT))


async def test_a_bucket_that_is_missing_keeps_the_chart_from_being_announced(stored: Stack, endpoint: str) -> None:
    async with httpx2.AsyncClient() as client:
        await client.post(f"{endpoint}/moto-api/reset")
    answer = await stored.upload(packaged())
    assert (answer["__typename"], answer["code"]) == ("ValidationFailed", "chart_storage")
    assert (await stored.data("{ charts { name } }"))["charts"] == []


async def test_the_object_of_an_unused_archive_is_deleted_even_if_the_bucket_is_away_at_first(
    stored: Stack, bucket: Bucket, endpoint: str
) -> None:
    services, runner = stored.services, Runner(stored.services, KINDS)
    await stored.upload(packaged())
    async with services.transaction() as transaction:
        await transaction.session.execute(text("DELETE FROM chart_repository"))
        await transaction.session.execute(text("UPDATE chart_archive SET created_at = created_at - interval '2 days'"))
    assert await collect_archives(services) == 1
    ((job_id,),) = await services.database.rows(text("SELECT id FROM job"))
    async with httpx2.AsyncClient() as client:
        await client.post(f"{endpoint}/moto-api/reset")
    await runner.work_on(job_id)
    ((attempts, error),) = await services.database.rows(text("SELECT attempts, error FROM job"))
    assert attempts == 1
    assert error.startswith("The bucket polyhelm cannot be used: ")

    await empty(endpoint)
    await bucket.put(digest(CONTENT), CONTENT)
    async with services.transaction() as transaction:  # as if the pause were over
        await transaction.session.execute(text("UPDATE job SET due_at = now()"))
    await runner.work_on(job_id)
    assert await services.database.rows(text("SELECT id FROM job")) == []
    with pytest.raises(TemporaryError, match="NoSuchKey"):
        await bucket.get(digest(CONTENT))
