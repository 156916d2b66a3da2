"""A cluster is its kube-system uid, whatever answers at its address: real control planes take turns behind one."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.client import Client
from tests.faults import Proxy
from tests.kubernetes.member import Member
from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("kubernetes")

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

CLUSTER = """query ($name: String!) { cluster(name: $name) {
  id uid answeringUid reachability reachabilityMessage
} }"""


async def until_reachability(stack: Stack, expected: str) -> Any:
    async def is_so() -> Any:
        cluster = (await stack.data(CLUSTER, name="paris"))["cluster"]
        return cluster if cluster["reachability"] == expected else None

    return await eventually(is_so)


async def until_refused(stack: Stack, answer: Any) -> Any:
    """Until the operation of a payload has been put off because another cluster answers; its one result."""

    async def is_so() -> Any:
        query = "query ($id: ID!) { operation(id: $id) { results { state error { code message } } } }"
        (result,) = (await stack.data(query, id=answer["operation"]["id"]))["operation"]["results"]
        return result if result["error"] and result["error"]["code"] == "cluster_mismatched" else None

    return await eventually(is_so)


class Stranger:
    """Another cluster that accepts our token, with releases of our names that are its own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def uid(self) -> str:
        return str((await self._get("/api/v1/namespaces/kube-system"))["metadata"]["uid"])

    async def put(self, *releases: str) -> None:
        for name in releases:
            labels = {"owner": "helm", "name": name, "version": "1", "status": "deployed"}
            metadata = {"name": f"sh.helm.release.v1.{name}.v1", "labels": labels}
            body = {"metadata": metadata, "type": "helm.sh/release.v1", "data": {"release": "dGhlaXJz"}}
            status, told = await self._client.post("/api/v1/namespaces/default/secrets", body)
            assert status == 201, told

    async def remove(self, *releases: str) -> None:
        for name in releases:
            await self._client.delete(f"/api/v1/namespaces/default/secrets/sh.helm.release.v1.{name}.v1")

    async def state(self) -> dict[str, str]:
        """The resource version of all that a release could have changed."""
        found = {}
        for kind in ("namespaces", "secrets", "configmaps"):
            for each in (await self._get(f"/api/v1/{kind}"))["items"]:
                metadata = each["metadata"]
                found[f"{kind} {metadata.get('namespace')} {metadata['name']}"] = metadata["resourceVersion"]
        return found

    async def _get(self, path: str) -> Any:
        status, found = await self._client.get(path)
        assert status == 200, found
        return found


@pytest.mark.parametrize("connections", ["stay", "are cut"])
async def test_another_cluster_at_the_same_address_is_not_observed_and_not_changed(
    new_stack: NewStack, members: Mapping[str, Member], cache: Path, connections: str
) -> None:
    paris, berlin = members["paris"], members["berlin"]
    async with (
        Client(berlin.kubeconfig) as client,
        Proxy(paris.kubeconfig) as proxy,
        new_stack(cache_dir=cache) as stack,
    ):
        stranger = Stranger(client)
        await stack.fleet({"paris": proxy.kubeconfig})
        shop = await stack.deployed(releaseName="shop", driftPolicy="CORRECT")
        blog = await stack.deployed(releaseName="blog")
        await stranger.put("shop", "blog")
        before = await stranger.state()
        ours = (await until_reachability(stack, "REACHABLE"))["uid"]

        proxy.swap(berlin.kubeconfig)
        asked = len(proxy.requests)
        if connections == "are cut":
            proxy.reset()
        cluster = await until_reachability(stack, "MISMATCHED")
        theirs = await stranger.uid()
        assert (cluster["uid"], cluster["answeringUid"]) == (ours, theirs)
        assert cluster["reachabilityMessage"] == (
            f"Another cluster answers at its address: the uid of its kube-system namespace is {theirs}, and that of the"
            f" registered cluster is {ours}."
        )
        target = await stack.until_status(shop, "paris", "UNKNOWN")
        assert [reason["message"] for reason in target["reasons"]] == [cluster["reachabilityMessage"]]

        updated = await stack.update(shop, values={"color": "red"})
        deleted = await stack.delete(blog)
        for answer in (updated, deleted):
            result = await until_refused(stack, answer)
            assert result["error"]["message"] == cluster["reachabilityMessage"]
        assert {request.method for request in list(proxy.requests)[asked:]} == {"GET"}
        assert await stranger.state() == before

        proxy.heal()
        assert (await until_reachability(stack, "REACHABLE"))["answeringUid"] is None
        assert [(await stack.settled(answer))["state"] for answer in (updated, deleted)] == ["SUCCEEDED", "SUCCEEDED"]
        assert (await stack.targets(shop))["paris"]["status"] == "DEPLOYED"
        assert await stack.targets(blog) == {}
        assert await stranger.state() == before
        kinds = await stack.data('{ events(kinds: ["cluster.mismatched"]) { nodes { message } } }')
        told = [event["message"] for event in kinds["events"]["nodes"]]
        assert told == [f"paris does not answer as the registered cluster: {cluster['reachabilityMessage']}"]
        await stack.settled(await stack.delete(shop))
        await stranger.remove("shop", "blog")
