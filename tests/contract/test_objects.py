"""Objects are written and read on a member of the simulator as on a real cluster."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import pytest

from .client import METADATA, METADATA_LIST, PROTOBUF, TABLE, Client

if TYPE_CHECKING:
    from .client import Object
    from .conftest import Cluster


@pytest.fixture
def path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def secret(name: str, labels: dict[str, str] | None = None, **texts: str) -> Object:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in texts.items()}
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


async def create(client: Client, path: str, obj: Object) -> Object:
    status, created = await client.post(path, obj)
    assert status == 201, created
    assert isinstance(created, dict)
    return created


def names(listed: Object) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


async def gone(client: Client, path: str) -> None:
    """Wait until controllers have removed it."""
    async with asyncio.timeout(20):
        while (await client.get(path))[0] != 404:  # noqa: ASYNC110 - the other side is a server
            await asyncio.sleep(0.05)


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


async def test_deleting_tells_what_is_gone(client: Client, path: str) -> None:
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


async def test_what_is_owned_goes_with_its_owner(client: Client, path: str) -> None:
    owner = await create(client, path, secret("owner"))
    owned = secret("owned")
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned["metadata"]["ownerReferences"] = [reference]
    await create(client, path, owned)
    await client.delete(f"{path}/owner", propagationPolicy="Background")
    await gone(client, f"{path}/owned")


async def test_a_namespace_takes_what_is_in_it_along(client: Client, namespace: str) -> None:
    space = f"/api/v1/namespaces/{namespace}-doomed"
    await create(client, "/api/v1/namespaces", {"metadata": {"name": f"{namespace}-doomed"}})
    await create(client, f"{space}/secrets", secret("a"))
    status, told = await client.delete(space)
    assert (status, told["kind"]) == (200, "Namespace")
    await gone(client, space)
    assert (await client.get(f"{space}/secrets/a"))[0] == 404
    status, refused = await client.post(f"{space}/secrets", secret("b"))
    assert (status, refused["message"]) == (404, f'namespaces "{namespace}-doomed" not found')


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=shop", ["a", "b"]),
        ("app==shop,tier=front", ["a"]),
        ("app!=shop", ["c", "d"]),
        ("app in (shop, web)", ["a", "b", "c"]),
        ("app notin (shop)", ["c", "d"]),
        ("tier", ["a", "c"]),
        ("!tier", ["b", "d"]),
        ("app,!tier", ["b"]),
        ("app in (shop),tier notin (back)", ["a", "b"]),
        ("app=", []),
    ],
)
async def test_label_selectors(client: Client, path: str, selector: str, expected: list[str]) -> None:
    labels = {"a": {"app": "shop", "tier": "front"}, "b": {"app": "shop"}, "c": {"app": "web", "tier": "back"}, "d": {}}
    for name, given in labels.items():
        await create(client, path, secret(name, given))
    status, listed = await client.get(path, labelSelector=selector)
    assert (status, names(listed)) == (200, expected)


async def test_field_selectors(client: Client, path: str, namespace: str) -> None:
    await create(client, path, secret("a"))
    await create(client, path, {**secret("b"), "type": "helm.sh/release.v1"})
    for selector, expected in {
        "type=helm.sh/release.v1": ["b"],
        "type!=helm.sh/release.v1": ["a"],
        "metadata.name=a": ["a"],
        f"metadata.namespace={namespace},metadata.name!=a": ["b"],
    }.items():
        _, listed = await client.get(path, fieldSelector=selector)
        assert names(listed) == expected


async def test_pages(client: Client, path: str) -> None:
    for name in ("c", "a", "e", "b", "d"):
        await create(client, path, secret(name))
    _, first = await client.get(path, limit="2")
    assert (names(first), first["metadata"]["remainingItemCount"]) == (["a", "b"], 3)
    _, second = await client.get(path, **{"limit": "2", "continue": first["metadata"]["continue"]})
    _, third = await client.get(path, **{"limit": "2", "continue": second["metadata"]["continue"]})
    assert (names(second), names(third)) == (["c", "d"], ["e"])
    assert "continue" not in third["metadata"]
    versions = {page["metadata"]["resourceVersion"] for page in (first, second, third)}
    assert len(versions) == 1


async def test_metadata_only(client: Client, path: str) -> None:
    created = await create(client, path, secret("a", {"owner": "helm"}, k="v"))
    status, listed = await client.get(path, accept=METADATA_LIST, labelSelector="owner=helm")
    assert (status, listed["kind"], listed["apiVersion"]) == (200, "PartialObjectMetadataList", "meta.k8s.io/v1")
    assert [(sorted(item), item["metadata"]["uid"]) for item in listed["items"]] in (
        [(["apiVersion", "kind", "metadata"], created["metadata"]["uid"])],
        [(["metadata"], created["metadata"]["uid"])],
    )
    status, told = await client.get(f"{path}/a", accept=METADATA)
    assert (status, told["kind"], sorted(told)) == (200, "PartialObjectMetadata", ["apiVersion", "kind", "metadata"])


async def test_tables(client: Client, path: str) -> None:
    await create(client, path, secret("a"))
    status, table = await client.get(path, accept=TABLE)
    assert (status, table["kind"], table["columnDefinitions"][0]["name"]) == (200, "Table", "Name")
    assert [(row["cells"][0], row["object"]["kind"]) for row in table["rows"]] == [("a", "PartialObjectMetadata")]


def field(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


async def test_protobuf_bodies(client: Client, path: str, namespace: str) -> None:
    """As Helm writes: the object in a runtime.Unknown, with the empty strings that Go writes too."""
    label = field(1, b"owner") + field(2, b"helm")
    metadata = field(1, b"a") + field(2, b"") + field(8, b"") + field(11, label)
    message = (
        field(1, metadata) + field(2, field(1, b"release") + field(2, b"\x00\xff")) + field(3, b"helm.sh/release.v1")
    )
    body = b"k8s\x00" + field(1, field(1, b"v1") + field(2, b"Secret")) + field(2, message) + field(3, b"")
    status, created = await client.post(path, body, content_type=PROTOBUF)
    assert status == 201, created
    assert (created["metadata"]["labels"], created["type"]) == ({"owner": "helm"}, "helm.sh/release.v1")
    assert created["data"] == {"release": "AP8="}
    assert created["metadata"]["namespace"] == namespace


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


async def test_the_status_is_written_apart(client: Client, namespace: str) -> None:
    path = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"
    status = {"currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 1, "expectedPods": 1}
    created = await create(client, path, {"metadata": {"name": "a"}, "spec": {"minAvailable": 1}, "status": status})
    assert created["status"]["currentHealthy"] == 0 if created.get("status") else "status" not in created
    code, told = await client.patch(f"{path}/a/status", {"spec": {"minAvailable": 7}, "status": status})
    assert (code, told["status"], told["spec"]["minAvailable"]) == (200, status, 1)
    code, told = await client.patch(f"{path}/a", {"spec": {"minAvailable": 2}, "status": {"currentHealthy": 9}})
    assert (code, told["status"], told["spec"]["minAvailable"]) == (200, status, 2)
    assert told["metadata"]["generation"] == 2


async def test_what_may_be_done(client: Client) -> None:
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


async def test_an_unknown_token(cluster: Cluster) -> None:
    async with Client(cluster.kubeconfig, token="wrong") as stranger:
        for path in ("/api/v1/namespaces", "/apis/none.test/v1/things"):
            status, told = await stranger.get(path)
            assert (status, told) == (
                401,
                {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "metadata": {},
                    "status": "Failure",
                    "message": "Unauthorized",
                    "reason": "Unauthorized",
                    "code": 401,
                },
            )


LONG = "x" * (2**20 + 1)
SELECTOR = {"matchLabels": {"app": "web"}}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "none"}]}}


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "reason"),
    [
        ("GET", "/api/v1/namespaces/{}/secrets/none", None, 404, "NotFound"),
        ("GET", "/apis/apps/v1/namespaces/{}/deployments/none", None, 404, "NotFound"),
        ("PUT", "/api/v1/namespaces/{}/secrets/none", {"metadata": {"name": "none"}}, 404, "NotFound"),
        ("DELETE", "/api/v1/namespaces/{}/secrets/none", None, 404, "NotFound"),
        ("POST", "/api/v1/namespaces/{}-none/secrets", {"metadata": {"name": "a"}}, 404, "NotFound"),
        ("GET", "/apis/none.test/v1/things", None, 404, None),
        ("GET", "/api/v1/namespaces/{}/things", None, 404, "NotFound"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": "here"}}, 409, "AlreadyExists"),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "default"}}, 409, "AlreadyExists"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": "No_Name"}}, 422, "Invalid"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {}}, 422, "Invalid"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": 7}}, 400, "BadRequest"),
        ("POST", "/api/v1/namespaces/{}/services", {"metadata": {"name": "1a"}}, 422, "Invalid"),
        ("POST", "/api/v1/namespaces", {"metadata": {"name": "a.b"}}, 422, "Invalid"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": "a", "labels": {"k": "-"}}}, 422, "Invalid"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": "a"}, "data": {"k": "?"}}, 400, "BadRequest"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"kind": "Pod", "metadata": {"name": "a"}}, 400, "BadRequest"),
        (
            "POST",
            "/api/v1/namespaces/{}/secrets",
            {"metadata": {"name": "a", "namespace": "default"}},
            400,
            "BadRequest",
        ),
        ("POST", "/api/v1/namespaces/{}/secrets", b"{", 400, "BadRequest"),
        ("POST", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": "a", "resourceVersion": "1"}}, 500, ""),
        ("POST", "/api/v1/namespaces/{}/configmaps", {"metadata": {"name": "a"}, "data": {"k": LONG}}, 422, "Invalid"),
        ("POST", "/api/v1/namespaces/{}/configmaps", b"x" * (3 * 2**20 + 1), 413, "RequestEntityTooLarge"),
        ("POST", "/apis/apps/v1/namespaces/{}/deployments", {"metadata": {"name": "a"}, "spec": {}}, 422, "Invalid"),
        (
            "POST",
            "/apis/apps/v1/namespaces/{}/deployments",
            {"metadata": {"name": "a"}, "spec": {"selector": {"matchLabels": {"app": "other"}}, "template": TEMPLATE}},
            422,
            "Invalid",
        ),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {}}, 422, "Invalid"),
        ("PUT", "/api/v1/namespaces/{}/secrets/here", {"metadata": {"name": "other"}}, 400, "BadRequest"),
        ("PUT", "/api/v1/namespaces/{}/secrets/here", {"metadata": {"name": "here"}, "type": "x/y"}, 422, "Invalid"),
        (
            "PUT",
            "/api/v1/namespaces/{}/secrets/here",
            {"metadata": {"name": "here", "uid": "00000000-0000-0000-0000-000000000000"}},
            409,
            "Conflict",
        ),
        ("PUT", "/api/v1/namespaces/{}/secrets", {"metadata": {"name": "a"}}, 405, "MethodNotAllowed"),
        ("POST", "/api/v1/secrets", {"metadata": {"name": "a"}}, 405, "MethodNotAllowed"),
        ("GET", "/api/v1/namespaces/{}/secrets?labelSelector=a+b", None, 400, "BadRequest"),
        ("GET", "/api/v1/namespaces/{}/secrets?fieldSelector=data.k=v", None, 400, "BadRequest"),
        ("GET", "/api/v1/namespaces/{}/secrets?resourceVersion=x", None, 400, "BadRequest"),
        ("GET", "/api/v1/namespaces/{}/secrets?resourceVersion=99999999999", None, 504, "Timeout"),
        ("GET", "/api/v1/namespaces/{}/secrets?continue=nonsense", None, 400, "BadRequest"),
        ("DELETE", "/api/v1/namespaces/default", None, 403, "Forbidden"),
    ],
)
async def test_errors(
    client: Client, namespace: str, method: str, path: str, body: Any, code: int, reason: str | None
) -> None:
    await client.post(f"/api/v1/namespaces/{namespace}/secrets", secret("here"))
    status, told = await client.ask(method, path.format(namespace), body)
    assert status == code
    if reason is not None:  # a real server answers a group that it doesn't know in plain text
        assert (told["kind"], told["status"], told["code"], told.get("reason", "")) == (
            "Status",
            "Failure",
            code,
            reason,
        )


async def test_what_is_fixed_at_creation(client: Client, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    spec = {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}
    await create(client, path, {"metadata": {"name": "web"}, "spec": spec})
    other = {"matchLabels": {"app": "web", "more": "x"}}
    status, told = await client.patch(f"{path}/web", {"spec": {"selector": other}})
    assert (status, told["reason"]) == (422, "Invalid")
    assert "field is immutable" in told["message"]


@pytest.mark.parametrize(
    ("path", "message", "details"),
    [
        ("/api/v1/namespaces/default/secrets/none", 'secrets "none" not found', {"name": "none", "kind": "secrets"}),
        (
            "/apis/apps/v1/namespaces/default/deployments/none",
            'deployments.apps "none" not found',
            {"name": "none", "group": "apps", "kind": "deployments"},
        ),
    ],
)
async def test_what_is_missing_is_named(client: Client, path: str, message: str, details: dict[str, str]) -> None:
    _, told = await client.get(path)
    assert (told["message"], told["details"]) == (message, details)


async def test_a_bad_name_is_explained(client: Client, path: str) -> None:
    _, told = await client.post(path, secret("No_Name"))
    rule = (
        'Invalid value: "No_Name": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '
        "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
        r"validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    )
    assert told["message"] == f'Secret "No_Name" is invalid: metadata.name: {rule}'
    assert told["details"] == {
        "name": "No_Name",
        "kind": "Secret",
        "causes": [{"reason": "FieldValueInvalid", "message": rule, "field": "metadata.name"}],
    }
