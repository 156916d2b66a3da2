"""Repositories and charts from the command line: added, refreshed, searched, shown, uploaded and removed."""

import base64
from pathlib import Path

from tests.cli.polyhelm import Polyhelm
from tests.sample_charts import SCHEMA, chart_files, packaged


def unpacked(home: Path, version: str) -> str:
    """The folder of a chart, as its author has it."""
    for path, text in chart_files(version=version, schema=SCHEMA).items():
        target = home / "web" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return "web"


async def test_charts_are_uploaded_packaged_or_not_searched_and_shown(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "web-1.0.0.tgz").write_bytes(base64.b64decode(packaged()))
    done = await polyhelm("chart", "push", "web-1.0.0.tgz", "mine")
    assert (done.code, done.lines, done.words) == (0, [], ["mine/web 1.0.0 uploaded."])
    folder = unpacked(polyhelm.home, "1.1.0")
    assert await polyhelm.fine("chart", "push", folder, "mine", "-o", "name") == ["mine/web"]

    assert await polyhelm.fine("chart", "search") == [
        "CHART      VERSION   APP   DESCRIPTION",
        "mine/web   1.1.0     2.0   A test.",
    ]
    done = await polyhelm("chart", "search", "nothing")
    assert (done.lines, done.words) == ([], ["Nothing matches."])
    assert await polyhelm.fine("chart", "show", "mine/web") == [
        "Chart:         mine/web",
        "Description:   A test.",
        "",
        "VERSION   APP   DEPRECATED",
        "1.1.0     2.0   -",
        "1.0.0     2.0   -",
    ]
    found = (await polyhelm("chart", "show", "mine/web", "--version", "1.0.0", "-o", "json")).data
    assert [version["version"] for version in found["versions"]] == ["1.0.0"]
    assert await polyhelm.fine("chart", "show", "mine/web", "values") == ["replicas: 1"]
    assert await polyhelm.fine("chart", "show", "mine/web", "readme") == ["# web"]
    assert (await polyhelm.fine("chart", "show", "mine/web", "schema"))[:2] == ["type: object", "properties:"]
    done = await polyhelm("chart", "show", "mine/web", "schema", "--version", "1.0.0")
    assert (done.code, done.lines, done.words) == (0, [], ["The chart has no schema."])

    for code, arguments, words in (
        (1, ("show", "mine/none"), "Error: There is no chart 'mine/none'."),
        (1, ("show", "mine/web", "--version", "9.9.9"), "Error: mine/web has no version 9.9.9."),
        (2, ("show", "web"), "Error: 'web' is not a valid chart name."),
        (2, ("push", ".", "mine"), "Error: . is not a chart: it has no Chart.yaml with a name."),
    ):
        done = await polyhelm("chart", *arguments)
        assert (done.code, done.words[0]) == (code, words)


async def test_repositories_are_added_listed_refreshed_and_removed(polyhelm: Polyhelm) -> None:
    done = await polyhelm("repo", "add", "stable", "oci://127.0.0.1:1/charts")
    assert (done.code, done.words) == (0, ["Repository stable added."])
    await polyhelm.stack.upload(packaged(), "mine")
    assert await polyhelm.fine("repo", "ls") == [
        "NAME     KIND     URL                        REFRESHED   ERROR",
        "mine     UPLOAD   -                          -           -",
        "stable   OCI      oci://127.0.0.1:1/charts <age> -",
    ]
    done = await polyhelm("repo", "refresh", "mine")
    assert (done.code, done.words) == (0, ["mine refreshed."])
    done = await polyhelm("repo", "refresh", "none")
    assert (done.code, done.words) == (
        1,
        ["Error: There is no repository 'none'.", "Next: List repositories: polyhelm repo ls"],
    )
    assert (await polyhelm("repo", "rm", "stable", "--yes")).words == ["stable removed."]
    assert await polyhelm.fine("repo", "ls", "-o", "name") == ["mine"]


async def test_a_repository_that_can_not_be_read_is_not_added(polyhelm: Polyhelm) -> None:
    done = await polyhelm("repo", "add", "stable", "https://127.0.0.1:1/charts")
    assert (done.code, done.lines) == (1, [])
    assert done.words[0].startswith("Error: ")
    assert await polyhelm.fine("repo", "ls", "-o", "name", "-q") == []
