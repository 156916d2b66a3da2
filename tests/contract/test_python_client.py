"""kubernetes-asyncio, the client that Polyhelm itself uses, works on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from kubernetes_asyncio import client as kubernetes
from kubernetes_asyncio import config, watch

if TYPE_CHECKING:
    from .conftest import Cluster


async def connect(cluster: Cluster) -> Any:
    configuration = kubernetes.Configuration()
    document = yaml.safe_load(cluster.kubeconfig)
    await config.load_kube_config_from_dict(document, client_configuration=configuration)
    return kubernetes.ApiClient(configuration)


async def test_writing_reading_and_watching(cluster: Cluster, namespace: str) -> None:
    async with await connect(cluster) as api:
        core = kubernetes.CoreV1Api(api)
        for name, labels in (("a", {"owner": "helm"}), ("b", {})):
            metadata = kubernetes.V1ObjectMeta(name=name, labels=labels)
            await core.create_namespaced_secret(namespace, kubernetes.V1Secret(metadata=metadata))
        listed = await core.list_namespaced_secret(namespace, label_selector="owner=helm")
        assert [item.metadata.name for item in listed.items] == ["a"]
        assert listed.items[0].type == "Opaque"
        await core.patch_namespaced_secret("a", namespace, {"metadata": {"labels": {"status": "deployed"}}})
        await core.delete_namespaced_secret("a", namespace)
        told = []
        async with watch.Watch() as stream:
            since = {"resource_version": listed.metadata.resource_version, "label_selector": "owner=helm"}
            async for event in stream.stream(core.list_namespaced_secret, namespace, timeout_seconds=5, **since):
                told.append((event["type"], event["object"].metadata.labels))
                if event["type"] == "DELETED":
                    break
        labels = {"owner": "helm", "status": "deployed"}
        assert told == [("MODIFIED", labels), ("DELETED", labels)]


async def test_errors_are_reported(cluster: Cluster, namespace: str) -> None:
    async with await connect(cluster) as api:
        core = kubernetes.CoreV1Api(api)
        with pytest.raises(kubernetes.ApiException) as refused:
            await core.read_namespaced_secret("none", namespace)
    assert (refused.value.status, refused.value.reason) == (404, "Not Found")
