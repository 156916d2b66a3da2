"""The values that templates see, with those of subcharts, held to what Helm's templates see."""

import base64
from typing import Any

import pytest

from app.charts.defaults import chart_values
from app.releases.canonical import canonical
from app.releases.values import to_helm
from tests.releases.oracle import Oracle
from tests.sample_charts import archive, chart_files
from tests.stack import Stack


def chart(name: str, values: str, dependencies: str = "") -> dict[str, str]:
    return {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n{dependencies}",
        "values.yaml": values,
        "templates/nothing.yaml": "",
    }


def below(folder: str, files: dict[str, str]) -> dict[str, str]:
    return {f"charts/{folder}/{path}": text for path, text in files.items()}


PLAIN = chart("web", "replicas: 1\nsub: {b: 2}\nglobal: {g: root, h: root}") | below(
    "sub", chart("sub", "a: 1\nb: 1\nglobal: {g: sub, i: sub}") | below("deep", chart("deep", "x: 1e6\ny: {z: 08}"))
)
LISTED = """dependencies:
- {name: sub, version: 1.0.0, repository: "", condition: "sub.enabled,other.enabled", tags: [back]}
- {name: sub, version: 1.0.0, repository: "", alias: second, condition: second.enabled}
- {name: tagged, version: 1.0.0, repository: "", tags: [back, front]}
"""
CHOSEN = (
    chart("web", "sub: {enabled: true}\nsecond: {a: 3}", LISTED)
    | below("sub", chart("sub", "a: 1\nenabled: false"))
    | below("tagged", chart("tagged", "t: 1"))
    | below("unlisted", chart("unlisted", "u: 1"))
)


@pytest.mark.parametrize(
    ("files", "values"),
    [
        (PLAIN, {}),
        (PLAIN, {"sub": {"a": None, "deep": {"x": "y"}}, "global": {"g": "given", "j": {"k": 1}}}),
        (PLAIN, {"replicas": None, "sub": {"global": {"g": "low", "j": 1}}}),
        (CHOSEN, {}),
        (CHOSEN, {"sub": {"enabled": False}}),
        (CHOSEN, {"second": {"enabled": False}, "tags": {"back": False}}),
        (CHOSEN, {"sub": {"enabled": "text"}, "other": {"enabled": False}, "tags": {"back": False, "front": True}}),
        (CHOSEN, {"sub": {"enabled": None}, "tags": {"back": True}}),
        (chart("web", "a: 1\n---\nb: 2\n"), {}),
        (chart("web", "a: &a {b: 1}\nc: {<<: *a, d: 2}\n2: e\ntrue: f\n1.5: g\nh: 2024-01-01\ni: 0x1f"), {}),
        (chart("web", ""), {}),
    ],
)
def test_templates_see_what_helm_shows_them(oracle: Oracle, files: dict[str, str], values: dict[str, Any]) -> None:
    found = chart_values({path: text.encode() for path, text in files.items()})
    assert found is not None
    seen = oracle.sees_in(files, to_helm(values))
    assert canonical(found.seen(values)) == canonical(seen)


def test_a_chart_that_imports_values_is_left_to_helm() -> None:
    listed = 'dependencies:\n- {name: sub, version: 1.0.0, repository: "", import-values: [data]}\n'
    files = chart("web", "", listed) | below("sub", chart("sub", "exports: {data: {a: 1}}"))
    assert chart_values({path: text.encode() for path, text in files.items()}) is None


async def test_a_schema_is_checked_with_numbers_and_subcharts_as_helm_reads_them(quiet: Stack) -> None:
    schema = {
        "type": "object",
        "required": ["sub"],
        "properties": {"max": {"type": "number"}, "sub": {"properties": {"a": {"minimum": 1}}, "required": ["a"]}},
    }
    files = chart_files("strict", values="max: 1e6\n", schema=schema) | below("sub", chart("sub", "a: 1"))
    await quiet.upload(base64.b64encode(archive(files, root="strict")).decode())
    await quiet.fleet({})
    refused = await quiet.create(chart="charts/strict", targets=[], values={"sub": {"a": 0}}, dryRun=True)
    assert [problem["message"] for problem in refused["problems"]] == ["sub.a: 0 is less than the minimum of 1"]
    planned = await quiet.create(chart="charts/strict", targets=[], dryRun=True)
    assert planned["__typename"] == "DeploymentPayload", planned
