"""A group with a service account of its own does on real API servers what that account may do, and nothing more."""

import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.drift.looking import until_drift
from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, Hand, outcomes, upload_files
from tests.real.test_live_corrections import corrections, delete, until
from tests.real.test_live_drift import edit
from tests.sample_charts import chart_files
from tests.stack import Stack, eventually

pytestmark = [pytest.mark.xdist_group("kubernetes"), pytest.mark.foretold]

ACCOUNT = "deployer"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
RULES = [{"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["*"]}]

LOOKS_UP = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-found
data:
  found: {{ (lookup "v1" "Secret" "kube-system" "NAME").data | toJson | quote }}
"""
BINDS = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .Release.Name }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: default, namespace: {{ .Release.Namespace }}}]
"""
ELSEWHERE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: kube-system
"""


async def make(hand: Hand, path: str, body: Any) -> None:
    status, told = await hand.client.post(path, body)
    assert status == 201, told


async def allow(hand: Hand, kind: str, subject: dict[str, str], rules: list[dict[str, Any]], name: str) -> None:
    """A Role in the test's namespace, for a user or service account."""
    path = f"{RBAC}/namespaces/{hand.namespace}"
    await make(hand, f"{path}/roles", {"metadata": {"name": name}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    await make(
        hand,
        f"{path}/rolebindings",
        {"metadata": {"name": name}, "roleRef": role, "subjects": [{"kind": kind, **subject}]},
    )


async def restrict(fleet: Fleet, account: str) -> Any:
    fields = "... on ClusterGroupPayload { clusterGroup { serviceAccount } warnings }"
    return await fleet.stack.mutate("updateClusterGroup", fields, id=fleet.group_id, serviceAccount=account)


@pytest_asyncio.fixture(loop_scope="session")
async def restricted(new_fleet: NewFleet, members: Mapping[str, Member]) -> AsyncIterator[Fleet]:
    """Paris as the only member of a group whose service account may write Secrets and ConfigMaps in one namespace."""
    async with new_fleet(members["paris"]) as fleet:
        paris = fleet.hands["paris"]
        await make(paris, "/api/v1/namespaces", {"metadata": {"name": fleet.namespace}})
        subject = {"name": ACCOUNT, "namespace": fleet.namespace}
        await allow(paris, "ServiceAccount", subject, RULES, ACCOUNT)
        answer = await restrict(fleet, f"{fleet.namespace}/{ACCOUNT}")
        assert answer == {"clusterGroup": {"serviceAccount": f"{fleet.namespace}/{ACCOUNT}"}, "warnings": []}
        yield fleet


def user(fleet: Fleet) -> str:
    return f"system:serviceaccount:{fleet.namespace}:{ACCOUNT}"


async def tried(fleet: Fleet, template: str) -> tuple[Any, Any]:
    """What a plan says of a chart with one more template, and how its installation ends: an error each."""
    name = f"tried-{secrets.token_hex(2)}"
    await upload_files(fleet.stack, chart_files(name) | {"templates/more.yaml": template}, name)
    given = {"chart": f"charts/{name}", "releaseName": f"{fleet.release}-{name}"}
    answer = await fleet.create(**given, dryRun=True)
    assert answer["__typename"] == "DeploymentPayload", answer
    [plan] = answer["plan"]["targets"]
    [result] = (await fleet.stack.settled(await fleet.create(**given)))["results"]
    return plan["error"], result["error"]


async def test_a_deployment_within_the_permissions_of_its_account_is_installed_changed_and_removed(
    restricted: Fleet,
) -> None:
    paris = restricted.hands["paris"]
    deployment_id = await restricted.deployed(values={"color": "red"})
    operation = await restricted.updated(deployment_id, values={"color": "blue"})
    assert outcomes(operation) == {"paris": ("UPGRADE", "SUCCEEDED")}
    found = await paris.config(restricted.release)
    assert found == {"color": "blue", "replicas": 1}
    [field] = (await paris.find(f"configmaps/{restricted.release}"))["metadata"]["managedFields"]
    assert field["manager"] == "helm"
    await restricted.stack.settled(await restricted.stack.delete(deployment_id))
    assert await paris.listed() == {}


async def test_a_chart_that_looks_a_secret_of_the_system_up_fails_and_shows_nothing(restricted: Fleet) -> None:
    paris = restricted.hands["paris"]
    name = f"canary-{restricted.release}"
    path = "/api/v1/namespaces/kube-system/secrets"
    await make(paris, path, {"metadata": {"name": name}, "stringData": {"key": "canary-value"}})
    try:
        words = (
            f'secrets "{name}" is forbidden: User "{user(restricted)}" cannot get resource "secrets" in API group ""'
            ' in the namespace "kube-system"'
        )
        for error in await tried(restricted, LOOKS_UP.replace("NAME", name)):
            assert error["code"] == "service_account_forbidden"
            assert (
                error["message"] == f"The service account {restricted.namespace}/{ACCOUNT} lacks a permission: {words}"
            )
            assert "canary-value" not in str(error)
        assert await paris.listed() == {}
        # What is refused is the account's lack of rights: the cluster's own credentials may read it.
        assert (await restrict(restricted, ""))["clusterGroup"] == {"serviceAccount": None}
        assert await tried(restricted, LOOKS_UP.replace("NAME", name)) == (None, None)
    finally:
        await paris.client.delete(f"{path}/{name}")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (
            BINDS,
            'clusterrolebindings.rbac.authorization.k8s.io{} is forbidden: User "{user}" cannot {} resource'
            ' "clusterrolebindings" in API group "rbac.authorization.k8s.io" at the cluster scope',
        ),
        (
            ELSEWHERE,
            'configmaps{} is forbidden: User "{user}" cannot {} resource "configmaps" in API group "" in the namespace'
            ' "kube-system"',
        ),
    ],
    ids=["a-cluster-role-binding", "an-object-in-kube-system"],
)
async def test_an_object_that_the_account_may_not_write_is_refused_by_the_plan_and_by_the_installation(
    restricted: Fleet, template: str, words: str
) -> None:
    for error in await tried(restricted, template):
        assert error["code"] == "service_account_forbidden"
        assert f'User "{user(restricted)}" cannot ' in error["message"]
        assert words.rpartition("resource")[2] in error["message"]


async def test_the_next_run_uses_the_account_that_the_group_has_then(restricted: Fleet) -> None:
    deployment_id = await restricted.deployed(values={"a": 1})
    await restrict(restricted, f"{restricted.namespace}/nobody")
    operation = await restricted.updated(deployment_id, values={"a": 2})
    [result] = operation["results"]
    assert result["error"]["code"] == "service_account_forbidden"
    assert f"system:serviceaccount:{restricted.namespace}:nobody" in result["error"]["message"]
    await restrict(restricted, f"{restricted.namespace}/{ACCOUNT}")
    assert outcomes(await restricted.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}


async def test_a_namespace_that_is_missing_is_made_only_by_an_account_that_may(restricted: Fleet) -> None:
    [result] = (await restricted.stack.settled(await restricted.create(namespace=f"{restricted.namespace}-more")))[
        "results"
    ]
    assert (result["state"], result["error"]["code"]) == ("FAILED", "service_account_forbidden")
    assert result["error"]["nextSteps"] == ["GRANT_PERMISSION", "RECONCILE"]
    assert f'User "{user(restricted)}" cannot' in result["error"]["message"]


async def test_credentials_that_may_not_impersonate_are_refused_by_name_until_they_may(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"]) as fleet:
        paris = fleet.hands["paris"]
        await make(paris, "/api/v1/namespaces", {"metadata": {"name": fleet.namespace}})
        await fleet.stack.mutate(
            "updateClusterGroup",
            "... on ClusterGroupPayload { clusterGroup { name } }",
            id=fleet.group_id,
            members=[],
            confirmRemoval=1,
        )
        query = '{ cluster(name: "paris") { id } }'
        cluster_id = (await fleet.stack.data(query))["cluster"]["id"]
        binding = {
            "metadata": {"name": f"secrets-{fleet.release}"},
            "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]},
                {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
            ],
        }
        name = binding["metadata"]["name"]  # type: ignore[index]
        await make(paris, f"{RBAC}/clusterroles", binding)
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        viewer = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "viewer"}
        await make(
            paris,
            f"{RBAC}/clusterrolebindings",
            {"metadata": {"name": name}, "roleRef": role, "subjects": [viewer]},
        )
        try:
            changed = await fleet.stack.mutate(
                "updateCluster",
                "... on ClusterPayload { cluster { name } }",
                id=cluster_id,
                kubeconfig=paris.member.viewer_kubeconfig,
            )
            assert changed == {"cluster": {"name": "paris"}}, changed
            account = f"{fleet.namespace}/{ACCOUNT}"
            fields = "... on ClusterGroupPayload { clusterGroup { name } warnings }"
            given = {"id": fleet.group_id, "members": ["paris"], "serviceAccount": account}
            answer = await fleet.stack.mutate("updateClusterGroup", fields, **given)
            assert answer["problems"] == [
                {
                    "path": ["serviceAccount"],
                    "message": (
                        f"The credentials of paris may not impersonate the service account {account}. Allow it with a"
                        f" Role and a RoleBinding in the namespace {fleet.namespace} (docs/permissions.md), then try"
                        " again."
                    ),
                }
            ]
            rules = [
                {
                    "apiGroups": [""],
                    "resources": ["serviceaccounts"],
                    "resourceNames": [ACCOUNT],
                    "verbs": ["impersonate"],
                }
            ]
            await allow(paris, "User", {"name": "viewer"}, rules, "impersonate")
            await allow(paris, "ServiceAccount", {"name": ACCOUNT, "namespace": fleet.namespace}, RULES, ACCOUNT)
            answer = await fleet.stack.mutate("updateClusterGroup", fields, **given)
            assert answer == {"clusterGroup": {"name": "fleet"}, "warnings": []}
            await fleet.deployed()  # with these rights of the credentials, and no others
            assert set(await paris.listed()) == {fleet.release}
        finally:
            await paris.client.delete(f"{RBAC}/clusterrolebindings/{name}")
            await paris.client.delete(f"{RBAC}/clusterroles/{name}")


async def test_objects_are_compared_and_corrected_as_the_account(restricted: Fleet) -> None:
    stack, paris, release = restricted.stack, restricted.hands["paris"], restricted.release
    deployment_id = await restricted.deployed(values={"color": "red"}, liveDrift="CORRECT")
    await until_drift(stack, deployment_id, "NONE")
    wanted = (await paris.find(f"configmaps/{release}"))["data"]["values"]
    await edit(paris, f"configmaps/{release}", {"data": {"values": "{}"}})
    await until(paris, f"configmaps/{release}", "data", "values", value=wanted)
    await until_drift(stack, deployment_id, "NONE")

    await permit(paris, [{**RULES[0], "verbs": ["get", "list", "watch", "patch", "update", "delete"]}])
    await delete(paris, f"configmaps/{release}")

    async def is_refused() -> Any:
        [result] = (await corrections(stack, deployment_id))[0]["results"]
        return result["error"]

    error = await eventually(is_refused)
    assert error["code"] == "service_account_forbidden"
    assert error["message"].startswith(f"ConfigMap {release}: ")
    assert "cannot create resource" in error["message"]
    await permit(paris, RULES)
    # A plan of a reconcile is about the release, and does not foresee a correction of its objects.
    plain = Stack(stack.services, stack.client)
    await plain.settled(await plain.reconcile(deployment_id))
    await until(paris, f"configmaps/{release}", "data", "values", value=wanted)
    await until_drift(stack, deployment_id, "NONE")

    await permit(paris, [{**RULES[0], "verbs": ["get", "list", "watch"]}])
    await edit(paris, f"configmaps/{release}", {"data": {"values": "{}"}})
    await until_drift(stack, deployment_id, "NOT_CHECKED")
    await permit(paris, RULES)


async def permit(hand: Hand, rules: list[dict[str, Any]]) -> None:
    """What the account may do from now on."""
    status, told = await hand.client.patch(f"{RBAC}/namespaces/{hand.namespace}/roles/{ACCOUNT}", {"rules": rules})
    assert status == 200, told
