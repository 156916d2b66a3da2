import asyncio
import base64
from typing import Any

import pytest

from app.charts.pinning import pin
from tests.charts.servers import digest
from tests.sample_charts import SCHEMA, archive, chart_files, packaged
from tests.stack import Stack

FIELDS = "__typename ... on UploadChartPayload { version digest chart { repository name versions { version } } }"


async def upload(stack: Stack, chart: str, repository: str = "charts") -> Any:
    return await stack.mutate("uploadChart", FIELDS, repository=repository, archive=chart)


async def test_a_chart_is_available_once_it_was_uploaded(quiet: Stack) -> None:
    content = archive(chart_files(schema=SCHEMA))
    assert await upload(quiet, base64.b64encode(content).decode()) == {
        "__typename": "UploadChartPayload",
        "version": "1.0.0",
        "digest": digest(content),
        "chart": {"repository": "charts", "name": "web", "versions": [{"version": "1.0.0"}]},
    }
    query = '{ chart(repository: "charts", name: "web") { versions { version digest valuesSchema defaultValues } } }'
    assert (await quiet.data(query))["chart"]["versions"] == [
        {
            "version": "1.0.0",
            "digest": digest(content),
            "valuesSchema": SCHEMA,
            "defaultValues": "replicas: 1\n",
        }
    ]
    path = await quiet.services.archives.file(digest(content))
    assert path.read_bytes() == content


@pytest.mark.parametrize("version", ["latest", "01.2.3", "1.02.3", "1.2.3.4", "1.2.3-", "1.x", "sha256-abc.sig"])
async def test_a_version_that_is_not_semantic_is_refused(shared: Stack, version: str) -> None:
    answer = await upload(shared, packaged(version=f"'{version}'"))
    assert (answer["__typename"], answer["code"], answer["message"]) == (
        "ValidationFailed",
        "chart_malformed",
        f"Chart.yaml has the version '{version}', which is not a semantic version such as 1.2.3.",
    )


@pytest.mark.parametrize(("said", "deprecated"), [("true", True), ("false", False), (None, False)])
async def test_a_chart_that_calls_itself_deprecated_is_listed_as_deprecated(
    quiet: Stack, said: str | None, deprecated: bool
) -> None:
    files = chart_files()
    files["Chart.yaml"] += f"deprecated: {said}\n" if said else ""
    await upload(quiet, base64.b64encode(archive(files)).decode())
    found = await quiet.data('{ chart(repository: "charts", name: "web") { versions { version deprecated } } }')
    assert found["chart"]["versions"] == [{"version": "1.0.0", "deprecated": deprecated}]


async def test_the_same_chart_again_changes_nothing(quiet: Stack) -> None:
    first = await upload(quiet, packaged())
    assert await upload(quiet, packaged()) == first
    assert first["chart"]["versions"] == [{"version": "1.0.0"}]


async def test_the_same_version_with_other_content_is_a_conflict(quiet: Stack) -> None:
    first = await upload(quiet, packaged())
    assert await upload(quiet, packaged(values="replicas: 2\n")) == {
        "__typename": "Conflict",
        "code": "chart_version_taken",
        "message": "web 1.0.0 was already uploaded with other content. Increase its version.",
        "path": ["archive"],
    }
    assert (await pin(quiet.services, 1, "charts/web", None)).archive.digest == first["digest"]
    assert (await upload(quiet, packaged(values="replicas: 2\n"), "other"))["version"] == "1.0.0"


async def test_of_the_same_version_uploaded_at_once_one_wins_and_the_others_conflict(quiet: Stack) -> None:
    charts = [packaged(values=f"replicas: {number}\n") for number in range(5)]
    answers = await asyncio.gather(*(upload(quiet, chart) for chart in charts))
    assert sorted(answer.get("code", "taken in") for answer in answers) == ["chart_version_taken"] * 4 + ["taken in"]


async def test_the_same_chart_uploaded_at_once_to_many_repositories_is_kept_once(quiet: Stack) -> None:
    answers = await asyncio.gather(*(upload(quiet, packaged(), f"charts-{number}") for number in range(5)))
    assert {answer["digest"] for answer in answers} == {digest(base64.b64decode(packaged()))}


async def test_other_versions_stand_beside_it(quiet: Stack) -> None:
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"):
        answer = await upload(quiet, packaged(version=version))
    assert [found["version"] for found in answer["chart"]["versions"]] == ["2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0"]
    assert (await pin(quiet.services, 1, "charts/web", None)).archive.version == "1.10.0"


async def test_an_upload_that_is_not_a_chart_is_refused_and_stores_nothing(quiet: Stack) -> None:
    for chart, code in (
        ("no base64!", "archive_not_base64"),
        ("ü", "archive_not_base64"),
        ("", "chart_malformed"),
        (base64.b64encode(b"no archive").decode(), "chart_malformed"),
        (base64.b64encode(archive({"README.md": "a"})).decode(), "chart_malformed"),
    ):
        answer = await upload(quiet, chart)
        assert (answer["__typename"], answer["code"], answer["path"]) == ("ValidationFailed", code, ["archive"])
    assert (await quiet.data("{ charts { name } chartRepositories { name } }")) == {
        "charts": [],
        "chartRepositories": [],
    }


async def test_a_repository_has_a_name_and_takes_uploads(quiet: Stack) -> None:
    answer = await upload(quiet, packaged(), "Not A Name")
    assert (answer["code"], answer["path"]) == ("invalid_input", ["repository"])
    await quiet.mutate("addChartRepository", "", name="registry", url="oci://registry.example/charts")
    assert await upload(quiet, packaged(), "registry") == {
        "__typename": "Conflict",
        "code": "not_an_upload_repository",
        "message": "registry takes its charts from oci://registry.example/charts. Charts cannot be uploaded to it.",
        "path": ["repository"],
    }
