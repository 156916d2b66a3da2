"""A plan says what the installation then does, for every chart."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import pytest

from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, upload_files
from tests.real.plan_charts import Case, cases, files_of

pytestmark = pytest.mark.xdist_group("kubernetes")


async def planned(fleet: Fleet, name: str) -> Any:
    answer = await fleet.create(chart=f"charts/{name}", releaseName=f"{fleet.release}-{name}", dryRun=True)
    assert answer["__typename"] == "DeploymentPayload", answer
    [plan] = answer["plan"]["targets"]
    return plan


async def created(fleet: Fleet, name: str) -> Any:
    answer = await fleet.create(chart=f"charts/{name}", releaseName=f"{fleet.release}-{name}")
    assert answer["__typename"] == "DeploymentPayload", answer
    [result] = (await fleet.stack.settled(answer))["results"]
    return result


def words(error: Any) -> str:
    return f"{error['message']} {error['output']}" if error else ""


async def test_the_plan_of_every_chart_says_what_its_installation_does(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"]) as fleet:
        charts: dict[str, Case] = cases(secrets.token_hex(3))
        for name, case in charts.items():
            await upload_files(fleet.stack, files_of(name, case), name)
        plans = dict(zip(charts, await asyncio.gather(*(planned(fleet, name) for name in charts)), strict=True))
        results = dict(zip(charts, await asyncio.gather(*(created(fleet, name) for name in charts)), strict=True))
        verdicts = {name: (plan["error"] and plan["error"]["code"]) for name, plan in plans.items()}
        assert verdicts == {name: case.error for name, case in charts.items()}, {
            n: words(p["error"]) for n, p in plans.items()
        }
        assert {name: result["state"] for name, result in results.items()} == {
            name: "FAILED" if case.error else "SUCCEEDED" for name, case in charts.items()
        }, {name: words(result["error"]) for name, result in results.items()}
        for name, case in charts.items():
            assert case.words in words(plans[name]["error"]), name
            assert case.words in words(results[name]["error"]), name
            assert case.warning in " ".join(plans[name]["warnings"]), name
        assert "kind: CustomResourceDefinition" in plans["definitions"]["manifest"]
        assert "kind: Widget" in plans["definitions"]["manifest"]


async def test_the_plan_of_an_update_says_what_the_update_does(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    """An immutable field, a field that goes, an object that somebody else has, and one that comes back."""
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    config += "data: {v: '{{ .Values.v }}'}\nimmutable: {{ .Values.fixed }}\n"
    files = {
        "Chart.yaml": "apiVersion: v2\nname: moving\nversion: 1.0.0\n",
        "values.yaml": "v: 1\nfixed: false\nmore: ''\n",
        "templates/a.yaml": config % "{{ .Release.Name }}",
        "templates/b.yaml": "{{ if .Values.more }}\n" + config % "{{ .Values.more }}" + "{{ end }}",
    }
    async with new_fleet(members["paris"]) as fleet:
        await upload_files(fleet.stack, files, "moving")
        deployment_id = await fleet.deployed(chart="charts/moving", values={"fixed": True})
        await fleet.hands["paris"].apply("configmaps", {"metadata": {"name": "somebodys"}})
        for values, error in (
            ({"fixed": True, "more": "mine"}, None),
            ({"fixed": True, "v": 2}, "cluster_refused"),
            ({"fixed": True, "more": "somebodys"}, "resource_exists"),
            ({"fixed": True, "more": "mine"}, None),
        ):
            answer = await fleet.stack.update(deployment_id, values=values, dryRun=True)
            [plan] = answer["plan"]["targets"]
            assert (plan["error"] and plan["error"]["code"]) == error, (values, plan)
            operation = await fleet.updated(deployment_id, values=values)
            assert operation["state"] == ("FAILED" if error else "SUCCEEDED"), operation
