"""The file of docs/cockroachdb.md on two clusters with real pods: those of the second one join those of the first."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.contract.client import Client
from tests.kubernetes.binaries import Binaries, NodeBinaries
from tests.kubernetes.controlplane import ControlPlanes
from tests.kubernetes.node import IMAGE, Node
from tests.real.cockroachdb import documented, upload_cockroachdb
from tests.real.fleet import Fleet, Hand
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("node")

NAMESPACE = "cockroachdb"
SCRIPT = """
join="${3#--join=}"
if [ "$join" != cockroachdb-0.cockroachdb ]; then
  until busybox nc -w 2 "$join" 26257 < /dev/null | busybox grep -q "^node$"; do sleep 0.2; done
  echo "joined $join"
  touch /tmp/ready
  exec sleep 1000000
fi
touch /tmp/ready
exec busybox nc -ll -p 26257 -e busybox echo node
"""
"""Understands the arguments of `cockroach start`: a node that joins others is ready once one of them has answered."""
CONTAINER = {
    "command": ["sh", "-c", SCRIPT, "cockroach"],
    "readinessProbe": {"exec": {"command": ["cat", "/tmp/ready"]}, "periodSeconds": 1},
}


@pytest_asyncio.fixture(loop_scope="session")
async def pair(shop: Fleet, programs: Binaries, node_programs: NodeBinaries) -> AsyncIterator[Fleet]:
    """The fleet with a second member that has a node."""
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="polyhelm-node-")))
        planes = await closing.enter_async_context(ControlPlanes(folder / "planes", programs))
        lima = await planes.start("lima", controllers=True)
        await closing.enter_async_context(Node(lima, folder / "node", node_programs))
        client = await closing.enter_async_context(Client(lima.kubeconfig))
        quito = shop.hands["quito"]
        hands = {
            "quito": replace(quito, namespace=NAMESPACE),
            "lima": Hand(lima, quito.helm, client, NAMESPACE, has_controllers=True),
        }
        answer = await shop.stack.register("lima", lima.kubeconfig)
        assert "cluster" in answer, answer
        await set_members(shop, "quito", "lima")
        await upload_cockroachdb(shop.stack)
        yield Fleet(shop.stack, shop.group_id, NAMESPACE, "cockroachdb", hands)
        await set_members(shop, "quito")
        removed = await shop.stack.mutate("removeCluster", "__typename", id=answer["cluster"]["id"])
        assert removed == {"__typename": "RemoveClusterPayload"}


async def set_members(fleet: Fleet, *names: str) -> None:
    answer = await fleet.stack.mutate("updateClusterGroup", "__typename", id=fleet.group_id, members=list(names))
    assert answer == {"__typename": "ClusterGroupPayload"}


async def pod(fleet: Fleet, cluster: str) -> Any:
    """The pod of a cluster, once it is ready."""

    async def ready() -> Any:
        found = await fleet.hands[cluster].find("pods/cockroachdb-0")
        conditions = found["status"].get("conditions", []) if found else []
        is_ready = any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)
        return found if is_ready and "deletionTimestamp" not in found["metadata"] else None

    return await eventually(ready)


async def balance(fleet: Fleet) -> str:
    """Gives the Service of quito the address of its pod, as the controller of a cloud would; returns it."""
    address: str = (await pod(fleet, "quito"))["status"]["podIP"]
    path = f"/api/v1/namespaces/{NAMESPACE}/services/cockroachdb-public/status"
    status, told = await fleet.hands["quito"].client.patch(
        path, {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    )
    assert status == 200, told
    return address


async def until_joined(fleet: Fleet, address: str) -> None:
    """Waits until the pod of lima has been answered at this address."""

    async def joined() -> bool:
        found = await fleet.hands["lima"].client.get(f"/api/v1/namespaces/{NAMESPACE}/pods/cockroachdb-0/log")
        return found == (200, f"joined {address}\n".encode())

    await pod(fleet, "lima")
    await eventually(joined)


async def test_pods_of_the_second_cluster_find_those_of_the_first_also_when_their_address_changes(pair: Fleet) -> None:
    given = documented({"demo-pke-1": "quito", "demo-pke-2": "lima"})
    # Without a network between the nodes, only the host's own reaches the pods of the other node.
    given["overrides"]["lima"]["hostNetwork"] = True
    answer = await pair.create(
        targets=["quito", "lima"],
        chart="charts/cockroachdb",
        version=given["version"],
        values=given["values"] | {"replicas": 1, "image": IMAGE, "container": CONTAINER},
        valueOverrides=[{"cluster": name, "values": values} for name, values in given["overrides"].items()],
    )
    deployment_id = answer["deployment"]["id"]
    await pair.until(deployment_id, "quito", status="DEPLOYED")
    first = await balance(pair)
    assert (await pair.stack.settled(answer))["state"] == "SUCCEEDED"
    await until_joined(pair, first)
    await pair.until(deployment_id, "lima", status="DEPLOYED")

    await pair.hands["quito"].client.delete(f"/api/v1/namespaces/{NAMESPACE}/pods/cockroachdb-0")

    async def has_moved() -> bool:
        return bool((await pod(pair, "quito"))["status"]["podIP"] != first)

    await eventually(has_moved)
    second = await balance(pair)
    await pair.until(deployment_id, "lima", status="STALE")
    assert (await pair.reconciled(deployment_id))["state"] == "SUCCEEDED"
    await until_joined(pair, second)
    assert (await pair.stack.settled(await pair.stack.delete(deployment_id)))["state"] == "SUCCEEDED"
