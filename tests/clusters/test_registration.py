"""Registering a cluster, keeping its credentials, and removing it."""

import base64
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from pydantic import SecretStr
from sqlmodel import select

from app.tables.clusters import Cluster
from simulator import Member
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


async def test_a_cluster_is_registered_with_what_its_api_server_says(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    answer = await quiet.register("paris", paris.kubeconfig, labels={"tier": "one"}, region="eu-west-3")
    kube_system = next(found for found in paris.objects("namespaces") if found["metadata"]["name"] == "kube-system")
    assert answer["cluster"] | {"id": ""} == {
        "id": "",
        "name": "paris",
        "reachability": "REACHABLE",
        "kubernetesVersion": paris.kubernetes_version,
        "uid": kube_system["metadata"]["uid"],
        "server": paris.server,
    }
    assert paris.writes == 0


async def test_the_same_cluster_under_a_second_name_is_a_conflict_that_names_the_first(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await quiet.register("paris", paris.kubeconfig)
    answer = await quiet.register("lutetia", paris.kubeconfig)
    assert (answer["__typename"], answer["code"]) == ("Conflict", "cluster_registered")
    assert answer["message"] == (
        "This cluster is already registered as paris: use updateCluster (polyhelm cluster update paris) to give it"
        " new credentials or another name."
    )
    answer = await quiet.register("paris", simulated("berlin").kubeconfig)
    assert (answer["__typename"], answer["code"], answer["path"]) == ("Conflict", "name_taken", ["name"])


async def test_a_cluster_that_does_not_answer_or_does_not_accept_us_is_distinguished(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    paris.faults.down = True
    answer = await quiet.register("paris", paris.kubeconfig)
    assert (answer["__typename"], answer["clusters"]) == ("ClusterUnreachable", ["paris"])
    paris.faults.update({"down": False, "unauthorized": True})
    answer = await quiet.register("paris", paris.kubeconfig)
    assert (answer["__typename"], answer["code"]) == ("ValidationFailed", "cluster_unauthorized")
    paris.faults.update({"unauthorized": False, "forbidden": True})
    answer = await quiet.register("paris", paris.kubeconfig)
    assert (answer["__typename"], answer["code"]) == ("ValidationFailed", "cluster_permissions")


async def test_all_problems_of_a_clusters_description_are_reported_at_once(quiet: Stack) -> None:
    answer = await quiet.register(
        "Paris!", "x", cloud="moon", distribution="cheese", labels={"a": 1, "b": "\n"}, region=""
    )
    assert [problem["path"] for problem in answer["problems"]] == [
        *(["name"], ["cloud"], ["distribution"], ["region"], ["labels", "a"], ["labels", "b"])
    ]


async def test_credentials_are_sealed(new_stack: NewStack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    async with new_stack(working=False, encryption_keys=SecretStr(key("old"))) as stack:
        await stack.register("paris", paris.kubeconfig)
        cluster: Cluster = (await stack.services.database.rows(select(Cluster)))[0][0]
        assert cluster.credentials_key == "old"
        assert paris.token.encode() not in repr(cluster).encode() + cluster.credentials
        assert stack.services.members.of(cluster).access.token == paris.token


async def test_a_cluster_in_use_is_removed_by_force_alone_and_its_releases_are_named(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop")
    cluster_id = (await stack.data('{ cluster(name: "paris") { id } }'))["cluster"]["id"]
    fields = "... on RemoveClusterPayload { abandoned { clusterName namespace releaseName } }"
    assert (await stack.mutate("removeCluster", fields, id=cluster_id))["code"] == "cluster_in_use"
    answer = await stack.mutate("removeCluster", fields, id=cluster_id, force=True)
    assert answer["abandoned"] == [{"clusterName": "paris", "namespace": "default", "releaseName": "shop"}]
    assert list(await stack.targets(deployment_id)) == ["berlin"]
    answer = await stack.update(deployment_id, values={"replicas": 3})
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert len(paris.objects("secrets")) == 1
