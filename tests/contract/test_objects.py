"""Objects are written and read on a member of the simulator as on a real cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stack import eventually

from .objects import create, gone, names, secret

if TYPE_CHECKING:
    from .client import Client


async def test_a_created_object_has_what_the_server_adds(client: Client, path: str, namespace: str) -> None:
    created = await create(client, path, {**secret("a", k="v"), "stringData": {"text": "hi"}})
    metadata = created["metadata"]
    assert (created["kind"], created["apiVersion"], created["type"]) == ("Secret", "v1", "Opaque")
    assert created["data"] == {"k": "dg==", "text": "aGk="}
    assert "stringData" not in created
    assert metadata["namespace"] == namespace
    assert len(metadata["uid"]) == 36
    assert len(metadata["creationTimestamp"]) == 20
    assert int(metadata["resourceVersion"]) > 0
    assert "generation" not in metadata
    assert await client.get(f"{path}/a") == (200, created)


async def test_generated_names(client: Client, path: str) -> None:
    created = [await create(client, path, {"metadata": {"generateName": "job-"}}) for _ in range(2)]
    first, second = (obj["metadata"]["name"] for obj in created)
    assert first != second
    assert first.startswith("job-")
    assert len(first) == len("job-") + 5


async def test_a_stale_update_is_a_conflict(client: Client, path: str) -> None:
    created = await create(client, path, secret("a", k="1"))
    status, updated = await client.put(f"{path}/a", {**created, "data": {"k": "Mg=="}})
    assert status == 200
    assert int(updated["metadata"]["resourceVersion"]) > int(created["metadata"]["resourceVersion"])
    status, refused = await client.put(f"{path}/a", {**created, "data": {"k": "Mw=="}})
    assert (status, refused["reason"]) == (409, "Conflict")
    assert refused["message"] == (
        'Operation cannot be fulfilled on secrets "a": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert refused["details"] == {"name": "a", "kind": "secrets"}
    assert await client.get(f"{path}/a") == (200, updated)


async def test_an_update_that_changes_nothing_is_no_new_version(client: Client, path: str) -> None:
    created = await create(client, path, secret("a", {"app": "shop"}, k="1"))
    assert await client.put(f"{path}/a", created) == (200, created)
    assert await client.patch(f"{path}/a", {"metadata": {"labels": {"app": "shop"}}}) == (200, created)


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge-patch+json", {"metadata": {"labels": {"a": None, "c": "3"}}, "data": {"k": "Mg=="}}),
        ("strategic-merge-patch+json", {"metadata": {"labels": {"a": None, "c": "3"}}, "data": {"k": "Mg=="}}),
        (
            "json-patch+json",
            [
                {"op": "test", "path": "/metadata/labels/a", "value": "1"},
                {"op": "move", "from": "/metadata/labels/a", "path": "/metadata/labels/c"},
                {"op": "replace", "path": "/metadata/labels/c", "value": "3"},
                {"op": "replace", "path": "/data/k", "value": "Mg=="},
            ],
        ),
    ],
)
async def test_patches(client: Client, path: str, kind: str, patch: Any) -> None:
    await create(client, path, secret("a", {"a": "1", "b": "2"}, k="1"))
    status, patched = await client.patch(f"{path}/a", patch, kind)
    assert status == 200
    assert patched["metadata"]["labels"] == {"b": "2", "c": "3"}
    assert patched["data"] == {"k": "Mg=="}


async def test_a_strategic_patch_merges_containers_by_name(client: Client, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    containers = [{"name": "a", "image": "a:1", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    await create(client, path, {"metadata": {"name": "web"}, "spec": spec})
    change = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
        "containers": [
            {"name": "c", "image": "c:1"},
            {"name": "a", "image": "a:2", "env": [{"name": "Y", "value": "2"}]},
            {"name": "b", "$patch": "delete"},
        ],
    }
    patch = {"spec": {"template": {"spec": change}}}
    status, patched = await client.patch(f"{path}/web", patch, "strategic-merge-patch+json")
    assert status == 200
    told = patched["spec"]["template"]["spec"]["containers"]
    assert [(item["name"], item["image"]) for item in told] == [("c", "c:1"), ("a", "a:2")]
    assert sorted(entry["name"] for entry in told[1]["env"]) == ["X", "Y"]
    assert patched["metadata"]["generation"] == 2


async def test_server_side_apply_creates_then_merges(client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/a"
    first = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}}
    status, _ = await client.patch(path, first, "apply-patch+yaml", fieldManager="test")
    assert status == 201
    second = {**first, "data": {"k": "2", "l": "3"}}
    status, applied = await client.patch(path, second, "apply-patch+yaml", fieldManager="test")
    assert (status, applied["data"]) == (200, {"k": "2", "l": "3"})
    status, refused = await client.patch(path, second, "apply-patch+yaml")
    assert status == 422 or (status, refused["reason"]) == (400, "BadRequest")


async def test_an_apply_as_helm_is_tried_out_and_never_overwrites_an_object_that_has_changed(
    client: Client, namespace: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    wanted: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "1"}}
    status, created = await client.post(path, wanted, fieldManager="helm")
    assert status == 201
    edit = {"data": {"k": "9", "added": "by hand"}}
    _, live = await client.patch(f"{path}/a", edit, fieldManager="kubectl-edit")
    merged = {"k": "1", "added": "by hand"}

    query = {"fieldManager": "helm", "force": "true"}
    status, tried = await client.patch(f"{path}/a", wanted, "apply-patch+yaml", **query, dryRun="All")
    assert (status, tried["data"]) == (200, merged)
    identity = {name: live["metadata"][name] for name in ("uid", "resourceVersion")}
    assert {name: tried["metadata"][name] for name in identity} == identity
    assert await client.get(f"{path}/a") == (200, live)

    outdated = identity | {"resourceVersion": created["metadata"]["resourceVersion"]}
    body = wanted | {"metadata": {"name": "a", **outdated}}
    status, refused = await client.patch(f"{path}/a", body, "apply-patch+yaml", **query)
    assert (status, refused["reason"]) == (409, "Conflict")
    assert await client.get(f"{path}/a") == (200, live)

    body = wanted | {"metadata": {"name": "a", **identity}}
    status, applied = await client.patch(f"{path}/a", body, "apply-patch+yaml", **query)
    assert (status, applied["data"], applied["metadata"]["uid"]) == (200, merged, identity["uid"])
    await client.delete(f"{path}/a")
    status, refused = await client.patch(f"{path}/a", body, "apply-patch+yaml", **query)
    assert (status, refused["reason"]) == (409, "Conflict")
    assert (await client.get(f"{path}/a"))[0] == 404
    status, _ = await client.post(path, wanted, fieldManager="helm")
    status, refused = await client.post(path, wanted, fieldManager="helm")
    assert (status, refused["reason"]) == (409, "AlreadyExists")


async def test_deleting_prints_what_was_deleted(client: Client, path: str) -> None:
    created = await create(client, path, secret("a"))
    uid = created["metadata"]["uid"]
    status, refused = await client.delete(f"{path}/a", {"preconditions": {"uid": "other"}})
    assert (status, refused["reason"]) == (409, "Conflict")
    status, told = await client.delete(f"{path}/a")
    assert (status, told["status"]) == (200, "Success")
    assert told["details"] == {"name": "a", "kind": "secrets", "uid": uid}
    status, told = await client.get(f"{path}/a")
    assert (status, told["reason"]) == (404, "NotFound")


async def test_deleting_a_collection(client: Client, path: str) -> None:
    for name, app in (("a", "shop"), ("b", "shop"), ("c", "web")):
        await create(client, path, secret(name, {"app": app}))
    status, told = await client.delete(path, labelSelector="app=shop")
    assert (status, told["kind"]) == (200, "SecretList")
    _, listed = await client.get(path)
    assert names(listed) == ["c"]


async def test_finalizers_keep_what_is_deleted(client: Client, path: str) -> None:
    obj = secret("a")
    obj["metadata"]["finalizers"] = ["contract.test/keep"]
    await create(client, path, obj)
    status, told = await client.delete(f"{path}/a")
    assert (status, told["kind"]) == (200, "Secret")
    assert len(told["metadata"]["deletionTimestamp"]) == 20
    status, _ = await client.patch(f"{path}/a", {"metadata": {"finalizers": None}})
    assert status == 200
    status, _ = await client.get(f"{path}/a")
    assert status == 404


async def test_owned_objects_are_deleted_with_their_owner(client: Client, path: str) -> None:
    owner = await create(client, path, secret("owner"))
    owned = secret("owned")
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned["metadata"]["ownerReferences"] = [reference]
    await create(client, path, owned)
    await client.delete(f"{path}/owner", propagationPolicy="Background")
    await gone(client, f"{path}/owned")


async def test_a_namespace_is_deleted_with_its_objects(client: Client, namespace: str) -> None:
    space = f"/api/v1/namespaces/{namespace}-doomed"
    await create(client, "/api/v1/namespaces", {"metadata": {"name": f"{namespace}-doomed"}})
    await create(client, f"{space}/secrets", secret("a"))
    status, told = await client.delete(space)
    assert (status, told["kind"]) == (200, "Namespace")
    await gone(client, space)
    assert (await client.get(f"{space}/secrets/a"))[0] == 404
    status, refused = await client.post(f"{space}/secrets", secret("b"))
    assert (status, refused["message"]) == (404, f'namespaces "{namespace}-doomed" not found')


@pytest.mark.parametrize("place", ["post", "put", "patch", "delete", "deletecollection"])
async def test_dry_runs_write_nothing(client: Client, path: str, place: str) -> None:
    created = await create(client, path, secret("a", k="1"))
    changed = {**created, "data": {"k": "Mg=="}}
    match place:
        case "post":
            status, told = await client.post(path, secret("b", k="1"), dryRun="All")
            assert (status, len(told["metadata"]["uid"])) == (201, 36)
        case "put":
            status, told = await client.put(f"{path}/a", changed, dryRun="All")
            assert (status, told["data"]) == (200, {"k": "Mg=="})
        case "patch":
            status, told = await client.patch(f"{path}/a", {"data": {"k": "Mg=="}}, dryRun="All")
            assert (status, told["data"]) == (200, {"k": "Mg=="})
        case "delete":
            status, _ = await client.delete(f"{path}/a", {"dryRun": ["All"]})
            assert status == 200
        case _:
            status, _ = await client.delete(path, dryRun="All")
            assert status == 200
    _, listed = await client.get(path)
    assert names(listed) == ["a"]
    assert await client.get(f"{path}/a") == (200, created)


async def test_the_status_is_a_subresource(client: Client, namespace: str) -> None:
    path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    status = {"currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 1, "expectedPods": 1}
    created = await create(client, path, {"metadata": {"name": "a"}, "spec": {"minAvailable": 1}, "status": status})
    assert created["status"]["currentHealthy"] == 0 if created.get("status") else "status" not in created
    code, told = await client.patch(f"{path}/a/status", {"spec": {"minAvailable": 7}, "status": status})
    assert (code, told["status"], told["spec"]["minAvailable"]) == (200, status, 1)
    code, told = await client.patch(f"{path}/a", {"spec": {"minAvailable": 2}, "status": {"currentHealthy": 9}})
    assert (code, told["status"], told["spec"]["minAvailable"]) == (200, status, 2)
    assert told["metadata"]["generation"] == 2


async def test_access_reviews_answer_what_is_allowed(client: Client) -> None:
    attributes = {"namespace": "default", "verb": "create", "resource": "secrets"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    status, told = await client.post(path, {"spec": {"resourceAttributes": attributes}})
    assert (status, told["status"]["allowed"]) == (201, True)
    assert told["spec"] == {"resourceAttributes": attributes}
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    status, told = await client.post(path, {"spec": {"namespace": "default"}})
    assert (status, told["status"]["incomplete"]) == (201, False)
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in told["status"]["resourceRules"]


async def test_discovery(client: Client) -> None:
    _, version = await client.get("/version")
    assert version["gitVersion"].startswith("v1.")
    assert [await client.get(path) for path in ("/readyz", "/livez", "/healthz")] == [(200, b"ok")] * 3
    _, groups = await client.get("/apis")
    preferred = {group["name"]: group["preferredVersion"]["groupVersion"] for group in groups["groups"]}
    expected = {"apps": "apps/v1", "batch": "batch/v1", "policy": "policy/v1", "autoscaling": "autoscaling/v2"}
    assert expected.items() <= preferred.items()
    _, core = await client.get("/api/v1")
    secrets = next(resource for resource in core["resources"] if resource["name"] == "secrets")
    assert (secrets["kind"], secrets["namespaced"]) == ("Secret", True)
    _, kube_system = await client.get("/api/v1/namespaces/kube-system")
    assert len(kube_system["metadata"]["uid"]) == 36


async def test_a_deployment_that_is_ready_says_so_in_its_conditions(client: Client, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    labels = {"app": "web"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    await create(
        client, path, {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": labels}, "template": pod}}
    )

    async def conditions() -> set[tuple[str, str, str]]:
        _, found = await client.get(f"{path}/web")
        status = found.get("status", {})
        shown = status.get("conditions", []) if status.get("availableReplicas") else []
        return {(each["type"], each["status"], each["reason"]) for each in shown}

    assert await eventually(conditions) == READY


READY = {
    ("Available", "True", "MinimumReplicasAvailable"),
    ("Progressing", "True", "NewReplicaSetAvailable"),
}
