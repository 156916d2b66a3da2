"""Charts that fail on the members: the failure is told in Helm's words, once, and the next update mends it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, outcomes, upload_files
from tests.sample_charts import SCHEMA, chart_files, packaged

pytestmark = [pytest.mark.xdist_group("kubernetes"), pytest.mark.foretold]

FRAGILE = {
    "templates/second.yaml": """{{- if .Values.second }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Values.second }}
{{- end }}
""",
    "templates/required.yaml": '{{- if .Values.strict }}{{ required "a colour is needed" .Values.colour }}{{- end }}\n',
}


@pytest.fixture
async def fragile(fleet: Fleet) -> Fleet:
    """The fleet with a chart that can be made to fail by its values."""
    await upload_files(fleet.stack, chart_files("fragile", values="second: ''\nstrict: false\n") | FRAGILE, "fragile")
    return fleet


async def settled_revisions(fleet: Fleet, names: tuple[str, ...]) -> dict[str, Any]:
    """Revision and status by Helm's word, after several sweeps have had the chance to try again."""
    await asyncio.sleep(3 * fleet.stack.services.settings.sweep_every)
    listed = {name: (await fleet.hands[name].listed()).get(fleet.release) for name in names}
    return {name: found and (found["revision"], found["status"]) for name, found in listed.items()}


async def test_an_object_that_the_api_server_refuses_fails_in_its_words_once_and_is_fixed_by_an_update(
    fragile: Fleet,
) -> None:
    answer = await fragile.create(
        chart="charts/fragile", valueOverrides=[{"cluster": "berlin", "values": {"second": "Not_A_Name"}}]
    )
    deployment_id = answer["deployment"]["id"]
    operation = await fragile.stack.settled(answer)
    assert operation["state"] == "FAILED"
    assert outcomes(operation) == {
        "paris": ("INSTALL", "SUCCEEDED"),
        "berlin": ("INSTALL", "FAILED"),
        "tokyo": ("INSTALL", "SUCCEEDED"),
    }
    target = (await fragile.stack.targets(deployment_id))["berlin"]
    words = 'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name"'
    assert (target["status"], target["helmStatus"], target["revision"]) == ("FAILED", "FAILED", 1)
    assert target["generation"] is None
    assert (target["error"]["code"], target["error"]["attempts"]) == ("cluster_refused", 1)
    assert words in target["error"]["message"]
    assert words in target["error"]["output"]
    (reason,) = target["reasons"]
    assert (reason["code"], reason["actual"]) == ("HELM_STATUS", "failed")
    assert words in reason["message"]
    error = next(result["error"] for result in operation["results"] if result["clusterName"] == "berlin")
    assert (error["code"], error["output"]) == ("cluster_refused", target["error"]["output"])
    assert await settled_revisions(fragile, ("paris", "berlin")) == {
        "paris": ("1", "deployed"),
        "berlin": ("1", "failed"),
    }

    operation = await fragile.updated(
        deployment_id, valueOverrides=[{"cluster": "berlin", "values": {"second": "a-name-at-last"}}]
    )
    assert outcomes(operation) == {
        "paris": ("NONE", "SUCCEEDED"),
        "berlin": ("INSTALL", "SUCCEEDED"),
        "tokyo": ("NONE", "SUCCEEDED"),
    }
    target = (await fragile.stack.targets(deployment_id))["berlin"]
    assert (target["status"], target["revision"], target["error"]) == ("DEPLOYED", 1, None)
    assert await fragile.hands["berlin"].find("configmaps/a-name-at-last") is not None


async def test_a_chart_that_does_not_render_fails_in_helms_words_and_makes_no_release(fragile: Fleet) -> None:
    answer = await fragile.create(chart="charts/fragile", values={"strict": True}, targets=["paris", "berlin"])
    deployment_id = answer["deployment"]["id"]
    operation = await fragile.stack.settled(answer)
    assert outcomes(operation) == dict.fromkeys(("paris", "berlin"), ("INSTALL", "FAILED"))
    for target in (await fragile.stack.targets(deployment_id)).values():
        assert (target["status"], target["error"]["code"]) == ("NOT_INSTALLED", "chart_not_rendered")
        assert target["error"]["attempts"] == 1
        assert "a colour is needed" in target["error"]["message"]
    assert await settled_revisions(fragile, ("paris", "berlin")) == {"paris": None, "berlin": None}

    operation = await fragile.updated(deployment_id, values={"strict": True, "colour": "text: red"})
    assert operation["state"] == "FAILED"  # what it renders to is no Kubernetes object
    operation = await fragile.updated(deployment_id, values={"strict": False})
    assert outcomes(operation) == dict.fromkeys(("paris", "berlin"), ("INSTALL", "SUCCEEDED"))


@pytest.fixture
async def often_confirmed(new_fleet: NewFleet, members: Mapping[str, Member]) -> AsyncIterator[Fleet]:
    """Paris alone. Its releases are confirmed often, so that a test can wait for several confirmations."""
    async with new_fleet(members["paris"], confirm_every=2) as opened:
        yield opened


async def test_a_failed_upgrade_is_tried_again_by_a_reconcile_and_by_nothing_else(often_confirmed: Fleet) -> None:
    """What is in the way is somebody's object, of the name that the chart wants."""
    paris = often_confirmed
    await upload_files(paris.stack, chart_files("fragile") | FRAGILE, "fragile")
    deployment_id = await paris.deployed(chart="charts/fragile")
    hand = paris.hands["paris"]
    await hand.apply("configmaps", {"metadata": {"name": "taken"}, "data": {"mine": "yes"}})
    operation = await paris.updated(deployment_id, values={"second": "taken"})
    assert outcomes(operation) == {"paris": ("UPGRADE", "FAILED")}
    error = operation["results"][0]["error"]
    assert error["code"] == "resource_exists"
    assert f'ConfigMap "taken" in namespace "{paris.namespace}" exists and cannot be imported' in error["message"]
    assert (await hand.find("configmaps/taken"))["data"] == {"mine": "yes"}
    before = await settled_revisions(paris, ("paris",))

    await hand.client.delete(f"/api/v1/namespaces/{paris.namespace}/configmaps/taken")
    await asyncio.sleep(3 * paris.stack.services.settings.confirm_every)
    assert await settled_revisions(paris, ("paris",)) == before
    assert (await paris.stack.targets(deployment_id))["paris"]["error"]["code"] == "resource_exists"
    assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}
    target = (await paris.stack.targets(deployment_id))["paris"]
    assert (target["status"], target["error"]) == ("DEPLOYED", None)


async def test_an_atomic_upgrade_that_fails_is_rolled_back_and_reported(paris: Fleet) -> None:
    await upload_files(paris.stack, chart_files("fragile") | FRAGILE, "fragile")
    deployment_id = await paris.deployed(chart="charts/fragile", values={"name": "shop"}, atomic=True)
    operation = await paris.updated(deployment_id, values={"name": "shop", "second": "Not_A_Name"})
    assert outcomes(operation) == {"paris": ("UPGRADE", "FAILED")}
    target = (await paris.stack.targets(deployment_id))["paris"]
    assert (target["status"], target["helmStatus"], target["revision"]) == ("STALE", "DEPLOYED", 3)
    assert (target["values"], target["generation"]) == ({"name": "shop"}, 1)
    assert 'ConfigMap "Not_A_Name" is invalid' in target["error"]["message"]
    assert [entry[1] for entry in await paris.hands["paris"].history(paris.release)] == [
        "superseded",
        "failed",
        "deployed",
    ]


async def test_an_atomic_install_that_fails_leaves_nothing(paris: Fleet) -> None:
    await upload_files(paris.stack, chart_files("fragile") | FRAGILE, "fragile")
    answer = await paris.create(chart="charts/fragile", values={"second": "Not_A_Name"}, atomic=True)
    operation = await paris.stack.settled(answer)
    assert outcomes(operation) == {"paris": ("INSTALL", "FAILED")}
    target = await paris.until(answer["deployment"]["id"], "paris", status="NOT_INSTALLED")
    assert target["error"]["code"] == "cluster_refused"
    assert target["error"]["nextSteps"] == ["RECONCILE", "UPDATE_DEPLOYMENT", "SKIP_HOOKS"]
    assert await paris.hands["paris"].listed() == {}
    assert await paris.hands["paris"].config(paris.release) is None


async def test_values_against_the_charts_schema_are_refused_before_anything_is_written(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], members["berlin"], working=False) as fleet:
        await fleet.stack.upload(packaged("typed", schema=SCHEMA))
        answer = await fleet.create(
            chart="charts/typed",
            values={"replicas": 2},
            valueOverrides=[{"cluster": "berlin", "values": {"replicas": "many"}}],
        )
        assert (answer["__typename"], answer["path"]) == ("ValidationFailed", ["valueOverrides", "berlin", "replicas"])
        assert len(answer["problems"]) == 1
        assert answer["problems"][0]["message"].startswith("replicas: ")
        query = "{ deployments { edges { node { id } } } }"
        assert (await fleet.stack.data(query))["deployments"]["edges"] == []
        assert await fleet.hands["paris"].listed() == await fleet.hands["berlin"].listed() == {}
