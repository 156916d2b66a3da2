"""Events, and requests for logs as far as an API server answers them without a kubelet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .objects import create, names

if TYPE_CHECKING:
    from .client import Client


def pod(*containers: str) -> dict[str, Any]:
    spec = {"containers": [{"name": each, "image": "registry.test/a:1"} for each in containers]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


async def test_events_are_selected_by_the_object_that_they_are_about(client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/events"
    for name, about in (("a", "web"), ("b", "shop")):
        involved = {"kind": "Pod", "namespace": namespace, "name": about, "uid": f"uid-of-{about}"}
        await create(client, path, {"metadata": {"name": name}, "involvedObject": involved, "reason": "Test"})
    for selector in ("involvedObject.uid=uid-of-web", "involvedObject.kind=Pod,involvedObject.name=web"):
        status, listed = await client.get(path, fieldSelector=selector, limit="500")
        assert (status, listed["kind"], names(listed)) == (200, "EventList", ["a"])


@pytest.mark.parametrize(
    ("containers", "asked", "expected"),
    [
        (("a", "b"), {}, "a container name must be specified for pod web, choose one of: [a b]"),
        (("a",), {"container": "c"}, "container c is not valid for pod web"),
    ],
)
async def test_the_log_of_a_container_that_is_not_named_rightly_is_refused(
    client: Client, namespace: str, containers: tuple[str, ...], asked: dict[str, str], expected: str
) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    await create(client, path, pod(*containers))
    status, refused = await client.get(f"{path}/web/log", **asked)
    assert (status, refused["reason"], refused["message"]) == (400, "BadRequest", expected)


async def test_a_pod_that_does_not_exist_has_no_log(client: Client, namespace: str) -> None:
    status, refused = await client.get(f"/api/v1/namespaces/{namespace}/pods/none/log")
    assert (status, refused["message"]) == (404, 'pods "none" not found')


async def test_a_pod_that_is_on_no_node_has_an_empty_log(client: Client, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    await create(client, path, pod("a"))
    assert await client.get(f"{path}/web/log", follow="true", timestamps="true") == (204, b"")
