"""What is refused, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .client import Client
from .objects import create, secret

if TYPE_CHECKING:
    from .conftest import Cluster


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


async def test_immutable_fields_cannot_be_changed(client: Client, namespace: str) -> None:
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
async def test_missing_fields_are_named(client: Client, path: str, message: str, details: dict[str, str]) -> None:
    _, told = await client.get(path)
    assert (told["message"], told["details"]) == (message, details)


async def test_an_invalid_name_is_explained(client: Client, path: str) -> None:
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
