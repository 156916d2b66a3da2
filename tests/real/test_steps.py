"""Steps of workflows on real control planes."""

import pytest

from tests.automation.test_runs import ended, started
from tests.real.fleet import Fleet
from tests.real.test_service_accounts import allow
from tests.steps.test_objects import by_path

pytestmark = pytest.mark.xdist_group("kubernetes")


async def test_fields_of_another_manager_are_a_conflict_unless_the_step_takes_them_over(paris: Fleet) -> None:
    hand = paris.hands["paris"]
    await hand.apply("configmaps", {"metadata": {"name": "settings"}, "data": {"color": "red", "size": "9"}})
    path = f"/api/v1/namespaces/{paris.namespace}/configmaps/settings"
    edited = await hand.client.patch(path, {"data": {"color": "green"}}, fieldManager="kubectl-edit")
    assert edited[0] == 200
    metadata = f"{{namespace: {paris.namespace}, name: settings}}"
    wanted = f"cluster: paris, object: {{apiVersion: v1, kind: ConfigMap, metadata: {metadata}, data: {{color: blue}}}}"
    definition = f"""
name: configure
steps:
  - {{name: refused, type: apply-object, continueOnError: true, inputs: {{{wanted}}}}}
  - {{name: forced, type: apply-object, inputs: {{{wanted}, force: true}}}}
"""
    found = await ended(paris.stack, await started(paris.stack, definition, "configure"))
    assert found["state"] == "SUCCEEDED", found
    error = by_path(found, "error")["refused"]
    assert error["code"] == "conflict"
    assert 'conflict with "kubectl-edit"' in error["message"]
    assert ".data.color" in error["message"]
    live = await hand.find("configmaps/settings")
    assert live["data"] == {"color": "blue", "size": "9"}
    owners = [each["manager"] for each in live["metadata"]["managedFields"] if "f:color" in str(each["fieldsV1"])]
    assert owners == ["polyhelm"]


async def test_steps_have_the_permissions_of_the_service_account_of_the_group(paris: Fleet) -> None:
    hand = paris.hands["paris"]
    await hand.apply("serviceaccounts", {"metadata": {"name": "deployer"}})
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "patch", "create"]}]
    await allow(hand, "ServiceAccount", {"name": "deployer", "namespace": paris.namespace}, rules, "deployer")
    account = f"{paris.namespace}/deployer"
    payload = "... on ClusterGroupPayload { clusterGroup { id } } ... on UserError { code message }"
    answer = await paris.stack.mutate("updateClusterGroup", payload, id=paris.group_id, serviceAccount=account)
    assert "clusterGroup" in answer, answer
    place = f"{{namespace: {paris.namespace}, name: settings}}"
    steps = "".join(
        f"  - {{name: {kind.lower()}, type: apply-object, continueOnError: true, inputs: {{cluster: paris, object:"
        f" {{apiVersion: v1, kind: {kind}, metadata: {place}}}}}}}\n"
        for kind in ("Secret", "ConfigMap")
    )
    found = await ended(paris.stack, await started(paris.stack, f"name: apply\nsteps:\n{steps}", "apply"))
    assert by_path(found, "state") == {"secret": "SUCCEEDED", "configmap": "FAILED"}, found
    error = by_path(found, "error")["configmap"]
    assert error["code"] == "service_account_forbidden"
    assert f"system:serviceaccount:{paris.namespace}:deployer" in error["message"]
    assert await hand.find("configmaps/settings") is None
