"""The file of docs/cockroachdb.md on two real control planes: nodes join the address of the other cluster."""

from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from tests.kubernetes.member import Member
from tests.real.cockroachdb import documented, upload_cockroachdb
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")


@pytest_asyncio.fixture(loop_scope="session")
async def pair(new_fleet: NewFleet, members: Mapping[str, Member]) -> AsyncIterator[Fleet]:
    async with new_fleet(members["paris"], members["berlin"]) as fleet:
        await upload_cockroachdb(fleet.stack)
        yield fleet


async def give_address(fleet: Fleet, address: str) -> None:
    """Writes the address of the load balancer on paris, as the controller of a cloud would."""
    path = f"/api/v1/namespaces/{fleet.namespace}/services/cockroachdb-public/status"
    status, told = await fleet.hands["paris"].client.patch(
        path, {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    )
    assert status == 200, told


async def joined(fleet: Fleet, cluster: str) -> str:
    found = await fleet.hands[cluster].find("apis/apps/v1/statefulsets/cockroachdb")
    [join] = [word for word in found["spec"]["template"]["spec"]["containers"][0]["args"] if word.startswith("--join=")]
    return str(join)


async def test_the_nodes_of_the_second_cluster_join_those_of_the_first_wherever_they_are(pair: Fleet) -> None:
    given = documented({"demo-pke-1": "paris", "demo-pke-2": "berlin"})
    overrides = [{"cluster": name, "values": values} for name, values in given["overrides"].items()]
    answer = await pair.create(
        chart="charts/cockroachdb",
        releaseName="cockroachdb",
        version=given["version"],
        values=given["values"],
        valueOverrides=overrides,
    )
    deployment_id = answer["deployment"]["id"]
    await pair.until(deployment_id, "paris", status="DEPLOYED")
    assert await pair.hands["berlin"].find("services/cockroachdb-public") is None

    await give_address(pair, "203.0.113.10")
    assert (await pair.stack.settled(answer))["state"] == "SUCCEEDED"
    assert await joined(pair, "paris") == "--join=cockroachdb-0.cockroachdb"
    assert await joined(pair, "berlin") == "--join=203.0.113.10"

    await give_address(pair, "203.0.113.20")
    await pair.until(deployment_id, "berlin", status="STALE")
    assert (await pair.reconciled(deployment_id))["state"] == "SUCCEEDED"
    assert await joined(pair, "berlin") == "--join=203.0.113.20"

    # A node port of the first cluster is known at once: its API server has chosen it.
    port = "${{ targets['paris'].services['cockroachdb-public'].nodePorts['grpc'] }}"
    overrides = [{"cluster": "berlin", "values": {"conf": {"join": [f"node.example:{port}"]}}}]
    assert (await pair.updated(deployment_id, valueOverrides=overrides))["state"] == "SUCCEEDED"
    service = await pair.hands["paris"].find("services/cockroachdb-public")
    [number] = [each["nodePort"] for each in service["spec"]["ports"] if each["name"] == "grpc"]
    assert await joined(pair, "berlin") == f"--join=node.example:{number}"
    assert (await pair.stack.settled(await pair.stack.delete(deployment_id)))["state"] == "SUCCEEDED"

    async def is_gone() -> bool:
        return await pair.hands["berlin"].find("services/cockroachdb-public") is None

    await eventually(is_gone)
