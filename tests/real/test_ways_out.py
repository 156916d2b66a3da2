"""Releases in trouble on a real member lead to deployed and to gone by what the errors advise."""

import asyncio
import re
import secrets
from typing import Any

import pytest
import yaml

from tests.real.fleet import Fleet, outcomes, upload_files
from tests.real.test_rich_chart import DEFINITION, WIDGET
from tests.sample_charts import chart_files
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")

REFUSED_HOOK = """{{- if .Values.refused }}
apiVersion: v1
kind: ConfigMap
metadata: {name: Not_A_Name, annotations: {"helm.sh/hook": pre-delete}}
{{- end }}
"""
ENDLESS_HOOK = """apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-prepare
  annotations: {"helm.sh/hook": pre-install, "helm.sh/hook-delete-policy": before-hook-creation}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: prepare, image: busybox, command: [sleep, infinity]}]}
"""
ABANDONED = """query ($id: ID!) { operation(id: $id) { results {
  summary abandoned { clusterName namespace releaseName objects { kind name namespace } } } } }"""


async def with_hook(fleet: Fleet, hook: str) -> None:
    files = chart_files("hooked", values="refused: true\n") | {"templates/hook.yaml": hook}
    await upload_files(fleet.stack, files, "hooked")


async def result_of(fleet: Fleet, answer: Any) -> Any:
    assert answer["__typename"] == "DeploymentPayload", answer
    (result,) = (await fleet.stack.settled(answer))["results"]
    return result


def told(result: Any) -> tuple[str, str, list[str]]:
    return result["state"], result["error"]["code"], result["error"]["nextSteps"]


async def test_a_deletion_hook_that_can_not_succeed_is_skipped_when_that_is_asked_for(paris: Fleet) -> None:
    await with_hook(paris, REFUSED_HOOK)
    deployment_id = await paris.deployed(chart="charts/hooked")
    result = await result_of(paris, await paris.stack.delete(deployment_id))
    assert told(result) == ("FAILED", "cluster_refused", ["RECONCILE", "SKIP_HOOKS", "FORCE"])
    assert "skipHooks" in result["error"]["advice"]
    await paris.until(deployment_id, "paris", helmStatus="DELETING")
    # A reconcile repeats the uninstall, and fails alike as long as the cause is there.
    result = await result_of(paris, await paris.stack.reconcile(deployment_id))
    assert told(result) == ("FAILED", "cluster_refused", ["RECONCILE", "SKIP_HOOKS", "FORCE"])

    result = await result_of(paris, await paris.stack.delete(deployment_id, skipHooks=True))
    assert (result["action"], result["state"]) == ("UNINSTALL", "SUCCEEDED")
    assert await paris.hands["paris"].listed() == {}
    assert await paris.targets(deployment_id) == {}


async def test_a_release_that_cannot_be_uninstalled_is_abandoned_by_force_with_a_list_of_its_objects(
    paris: Fleet,
) -> None:
    await with_hook(paris, REFUSED_HOOK)
    deployment_id = await paris.deployed(chart="charts/hooked")
    answer = await paris.stack.delete(deployment_id, force=True)
    assert answer["abandoned"] == []  # the cluster answers: it is tried first
    operation = await paris.stack.settled(answer)
    assert operation["state"] == "CANCELLED"
    (result,) = (await paris.stack.data(ABANDONED, id=answer["operation"]["id"]))["operation"]["results"]
    assert result["summary"] == "abandoned"
    assert result["abandoned"] == {
        "clusterName": "paris",
        "namespace": paris.namespace,
        "releaseName": paris.release,
        "objects": [{"kind": "ConfigMap", "name": paris.release, "namespace": paris.namespace}],
    }
    assert await paris.targets(deployment_id) == {}
    assert (await paris.hands["paris"].listed())[paris.release]["status"] == "uninstalling"
    assert await paris.hands["paris"].config(paris.release) is not None


async def test_an_install_hook_that_never_ends_runs_at_each_try_until_it_is_skipped(paris: Fleet) -> None:
    await with_hook(paris, ENDLESS_HOOK)
    hand, job = paris.hands["paris"], f"apis/batch/v1/jobs/{paris.release}-prepare"
    answer = await paris.create(chart="charts/hooked", timeoutSeconds=2)
    deployment_id = answer["deployment"]["id"]
    steps = ["RECONCILE", "UPDATE_DEPLOYMENT", "SKIP_HOOKS"]
    assert told(await result_of(paris, answer)) == ("FAILED", "helm_timed_out", steps)
    first = (await hand.find(job))["metadata"]["uid"]
    assert told(await result_of(paris, await paris.stack.reconcile(deployment_id))) == (
        *("FAILED", "helm_timed_out"),
        steps,
    )
    second = (await hand.find(job))["metadata"]["uid"]
    assert second != first
    assert await hand.config(paris.release) is None

    assert outcomes(await paris.reconciled(deployment_id, skipHooks=True)) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert (await hand.find(job))["metadata"]["uid"] == second
    assert await paris.targets(deployment_id, "status", "error") == {"paris": ("DEPLOYED", None)}
    assert await hand.config(paris.release) is not None


@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "leaving"])
async def test_an_unreadable_record_that_is_deleted_as_advised_blocks_no_more(paris: Fleet, wanted: bool) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    hand = paris.hands["paris"]
    secret = f"sh.helm.release.v1.{paris.release}.v1"
    path = f"/api/v1/namespaces/{paris.namespace}/secrets/{secret}"
    status, _ = await hand.client.patch(path, {"data": {"release": "bm90IGEgcmVjb3Jk"}})
    assert status == 200
    answer = await (paris.stack.reconcile if wanted else paris.stack.delete)(deployment_id)
    result = await result_of(paris, answer)
    advised = ["DELETE_RECORD", "RECONCILE", *([] if wanted else ["FORCE"])]
    assert told(result) == ("FAILED", "record_unreadable", advised)
    assert f"`kubectl delete secret {secret} --namespace {paris.namespace}`" in result["error"]["advice"]

    await hand.client.delete(path)
    if wanted:
        # What is there already is Helm's by its annotations: the release is installed over it.
        assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("INSTALL", "SUCCEEDED")}
        assert await paris.targets(deployment_id, "status", "error") == {"paris": ("DEPLOYED", None)}
    else:
        assert (await paris.reconciled(deployment_id))["state"] == "SUCCEEDED"
        assert await paris.targets(deployment_id) == {}


async def locked(fleet: Fleet, answer: Any) -> Any:
    async def shown() -> Any:
        (result,) = (await fleet.operation(answer))["results"]
        return result if result["error"] and result["error"]["code"] == "release_locked" else None

    return await eventually(shown)


async def test_a_first_revision_that_somebody_elses_helm_left_pending_is_uninstalled_by_hand_as_advised(
    paris: Fleet,
) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    hand = paris.hands["paris"]
    await hand.mark(paris.release, 1, "pending-upgrade")
    answer = await paris.stack.update(deployment_id, values={"name": "boutique"})
    result = await locked(paris, answer)
    assert result["error"]["nextSteps"] == ["WAIT", "HELM_UNINSTALL"]
    assert f"`helm uninstall {paris.release} --namespace {paris.namespace}`" in result["error"]["advice"]
    await hand("uninstall", paris.release)
    assert outcomes(await paris.stack.settled(answer)) == {"paris": ("INSTALL", "SUCCEEDED")}


async def test_a_release_that_somebody_elses_helm_left_pending_is_uninstalled_by_force(paris: Fleet) -> None:
    deployment_id = await paris.deployed()
    hand = paris.hands["paris"]
    await hand.mark(paris.release, 1, "pending-upgrade")
    answer = await paris.stack.delete(deployment_id)
    result = await locked(paris, answer)
    assert result["error"]["nextSteps"] == ["WAIT", "HELM_UNINSTALL", "FORCE"]
    assert "uninstall it even if another Helm process is still working on it" in result["error"]["advice"]
    await asyncio.sleep(2 * paris.stack.services.settings.sweep_every)
    assert paris.release in await hand.listed()

    result = await result_of(paris, await paris.stack.delete(deployment_id, force=True))
    assert (result["action"], result["state"], result["abandoned"]) == ("UNINSTALL", "SUCCEEDED", None)
    assert await hand.listed() == {}
    assert await hand.config(paris.release) is None


async def test_an_uninstall_that_a_hook_has_broken_off_ends_in_a_new_install_without_hooks(paris: Fleet) -> None:
    """It was started by somebody else, and the release is wanted."""
    await with_hook(paris, REFUSED_HOOK)
    deployment_id = await paris.deployed(chart="charts/hooked")
    hand = paris.hands["paris"]
    assert not await hand.try_to("uninstall", paris.release)
    assert (await hand.listed())[paris.release]["status"] == "uninstalling"
    answer = await paris.stack.reconcile(deployment_id)
    result = await locked(paris, answer)
    assert result["error"]["nextSteps"] == ["WAIT", "HELM_UNINSTALL"]
    assert "--no-hooks" in result["error"]["advice"]
    await hand("uninstall", paris.release, "--no-hooks")
    assert outcomes(await paris.stack.settled(answer)) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert await paris.targets(deployment_id, "status", "error") == {"paris": ("DEPLOYED", None)}


@pytest.mark.parametrize("adopted", [False, True], ids=["deleted", "adopted"])
async def test_an_installation_succeeds_once_a_conflicting_object_is_freed_as_advised(
    paris: Fleet, adopted: bool
) -> None:
    hand, found = paris.hands["paris"], {"metadata": {"name": paris.release}}
    await hand.apply("configmaps", found)
    answer = await paris.create()
    result = await result_of(paris, answer)
    assert told(result) == ("FAILED", "resource_exists", ["FREE_OBJECT", "RECONCILE", "UPDATE_DEPLOYMENT"])
    assert f'ConfigMap "{paris.release}"' in result["error"]["message"]
    path = f"/api/v1/namespaces/{paris.namespace}/configmaps/{paris.release}"
    if adopted:
        (label, name, namespace) = re.findall(r"(\S+/\S+)=(\S+?)\.?(?: |$)", result["error"]["advice"])
        metadata = {"labels": dict([label]), "annotations": dict([name, namespace])}
        assert (await hand.client.patch(path, {"metadata": metadata}))[0] == 200
    else:
        assert (await hand.client.delete(path))[0] == 200
    assert outcomes(await paris.reconciled(answer["deployment"]["id"])) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert await hand.config(paris.release) is not None


@pytest.mark.parametrize("way", ["restored", "adopted", "forced"])
async def test_a_release_whose_definition_is_gone_goes_on_once_it_is_back_or_is_left_behind(
    paris: Fleet, way: str
) -> None:
    hand, group = paris.hands["paris"], f"g{secrets.token_hex(4)}.test"
    definition = DEFINITION.replace("GROUP", group)
    files = {"templates/widget.yaml": WIDGET.replace("GROUP", group), "crds/widgets.yaml": definition}
    await upload_files(paris.stack, chart_files("defined", values="colour: red\n") | files, "defined")
    await upload_files(paris.stack, chart_files("defined", "2.0.0"), "defined")
    deployment_id = await paris.deployed(chart="charts/defined", version="1.0.0")
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

    async def is_gone() -> bool:
        return (await hand.client.get(f"{definitions}/widgets.{group}"))[0] == 404

    await hand.client.delete(f"{definitions}/widgets.{group}")
    await eventually(is_gone)
    result = await result_of(paris, await paris.stack.update(deployment_id, values={"colour": "blue"}))
    assert told(result) == ("FAILED", "cluster_refused", ["RECONCILE", "UPDATE_DEPLOYMENT"])
    assert 'no matches for kind "Widget"' in result["error"]["message"]
    if way == "forced":
        result = await result_of(paris, await paris.stack.delete(deployment_id))
        assert told(result) == ("FAILED", "api_removed", ["RECONCILE", "DELETE_RECORDS", "FORCE"])
        answer = await paris.stack.delete(deployment_id, force=True)
        assert (await paris.stack.settled(answer))["state"] == "CANCELLED"
        (result,) = (await paris.stack.data(ABANDONED, id=answer["operation"]["id"]))["operation"]["results"]
        assert [left["kind"] for left in result["abandoned"]["objects"]] == ["ConfigMap", "Widget"]
        assert await paris.targets(deployment_id) == {}
        return

    if way == "restored":
        assert (await hand.client.post(definitions, yaml.safe_load(definition)))[0] == 201
        assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}
        widget = await hand.find(f"apis/{group}/v1/widgets/{paris.release}")
        assert widget["spec"] == {"colour": "blue"}
    else:
        planned = await paris.stack.update(deployment_id, version="2.0.0", dryRun=True)
        assert planned["plan"]["targets"][0]["error"]["code"] == "api_removed"
        result = await result_of(paris, await paris.stack.update(deployment_id, version="2.0.0"))
        assert told(result) == ("FAILED", "api_removed", ["RECONCILE", "DELETE_RECORDS"])
        (selector,) = re.findall(
            r"`kubectl delete secrets --selector (\S+) --namespace \S+`", result["error"]["advice"]
        )
        secrets_path = f"/api/v1/namespaces/{paris.namespace}/secrets"
        assert (await hand.client.delete(secrets_path, labelSelector=selector))[0] == 200
        await paris.until(deployment_id, "paris", status="NOT_INSTALLED")
        assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert (await paris.stack.settled(await paris.stack.delete(deployment_id)))["state"] == "SUCCEEDED"
    assert await hand.config(paris.release) is None
    await hand.client.delete(f"{definitions}/widgets.{group}")


async def test_an_api_version_that_the_cluster_serves_no_more_is_left_by_an_update(paris: Fleet) -> None:
    """The objects are there under the newer version, and are taken over."""
    hand, group = paris.hands["paris"], f"g{secrets.token_hex(4)}.test"
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    definition = yaml.safe_load(DEFINITION.replace("GROUP", group))
    older = definition["spec"]["versions"][0] | {"name": "v1beta1", "storage": False}
    definition["spec"]["versions"].append(older)
    assert (await hand.client.post(path, definition))[0] == 201
    for version, api in (("1.0.0", "v1beta1"), ("2.0.0", "v1")):
        widget = WIDGET.replace("GROUP/v1", f"{group}/{api}")
        files = chart_files("moved", version, values="colour: red\n") | {"templates/widget.yaml": widget}
        await upload_files(paris.stack, files, "moved")

    async def is_served() -> bool:
        return (await hand.client.get(f"/apis/{group}/v1beta1"))[0] == 200

    await eventually(is_served)
    deployment_id = await paris.deployed(chart="charts/moved", version="1.0.0")
    uid = (await hand.find(f"apis/{group}/v1/widgets/{paris.release}"))["metadata"]["uid"]
    _, definition = await hand.client.get(f"{path}/widgets.{group}")
    older = next(found for found in definition["spec"]["versions"] if found["name"] == "v1beta1")
    older["served"] = False
    assert (await hand.client.put(f"{path}/widgets.{group}", definition))[0] == 200

    async def is_removed() -> bool:
        return not await is_served()

    await eventually(is_removed)
    planned = await paris.stack.update(deployment_id, version="2.0.0", dryRun=True)
    assert planned["plan"]["targets"][0]["error"]["code"] == "api_removed"
    result = await result_of(paris, await paris.stack.update(deployment_id, version="2.0.0"))
    assert told(result) == ("FAILED", "api_removed", ["RECONCILE", "DELETE_RECORDS"])
    await hand.client.delete(f"/api/v1/namespaces/{paris.namespace}/secrets", labelSelector="owner=helm")
    await paris.until(deployment_id, "paris", status="NOT_INSTALLED")
    assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert (await hand.find(f"apis/{group}/v1/widgets/{paris.release}"))["metadata"]["uid"] == uid
    await hand.client.delete(f"{path}/widgets.{group}")


async def test_an_installation_waits_for_a_namespace_that_is_being_deleted(paris: Fleet) -> None:
    """Its end is seen to by the test: a member without controllers leaves it terminating."""
    hand, path = paris.hands["paris"], f"/api/v1/namespaces/{paris.namespace}"
    assert (await hand.client.post("/api/v1/namespaces", {"metadata": {"name": paris.namespace}}))[0] == 201
    assert (await hand.client.delete(path))[1]["status"]["phase"] == "Terminating"
    planned = await paris.create(dryRun=True)
    assert planned["plan"]["targets"][0]["error"]["code"] == "namespace_terminating"
    answer = await paris.create()

    async def tried_often() -> Any:
        (result,) = (await paris.operation(answer))["results"]
        return result if result["error"] and result["error"]["attempts"] > 3 else None

    result = await eventually(tried_often)
    assert (result["state"], *told(result)[1:]) == ("RUNNING", "namespace_terminating", ["WAIT"])
    assert f"The namespace {paris.namespace} is being deleted" in result["error"]["message"]
    _, namespace = await hand.client.get(path)
    namespace["spec"]["finalizers"] = []
    assert (await hand.client.put(f"{path}/finalize", namespace))[0] == 200
    assert outcomes(await paris.stack.settled(answer)) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert (await hand.listed())[paris.release]["revision"] == "1"
