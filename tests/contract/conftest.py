"""Every test here runs twice: on the simulator, and on a real API server with its controllers."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from simulator import Simulator
from tests.kubernetes import binaries

from .client import Client
from .helm import PACKAGED, Helm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.kubernetes.member import Member

KINDS = ["simulator", pytest.param("kubernetes", marks=pytest.mark.xdist_group("kubernetes"))]


@dataclass(frozen=True)
class Cluster:
    kind: str
    kubeconfig: str


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def simulated() -> AsyncIterator[Cluster]:
    async with Simulator(["contract"], bookmark_interval=0.5) as simulator:
        yield Cluster("simulator", simulator.members["contract"].kubeconfig)


@pytest.fixture(scope="session")
def real(oslo: Member) -> Cluster:
    return Cluster("kubernetes", oslo.kubeconfig)


@pytest.fixture(scope="session", params=KINDS)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Not async, since an async fixture can't ask for another one by name."""
    found = request.getfixturevalue({"simulator": "simulated", "kubernetes": "real"}[request.param])
    assert isinstance(found, Cluster)
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    async with Client(cluster.kubeconfig) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def namespace(client: Client) -> AsyncIterator[str]:
    name = f"contract-{secrets.token_hex(4)}"
    status, _ = await client.post("/api/v1/namespaces", {"metadata": {"name": name}})
    assert status == 201
    yield name
    await client.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def helm_program(request: pytest.FixtureRequest) -> str:
    """The newest Helm, or the one that Polyhelm brings along."""
    if request.param == "packaged":
        return PACKAGED
    try:
        return str(binaries.helm())
    except binaries.BinariesMissing as reason:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(reason))


@pytest.fixture(scope="session")
def helm(cluster: Cluster, helm_program: str, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm.at(tmp_path_factory.mktemp("helm"), cluster.kubeconfig, helm_program)


@pytest.fixture
def path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"
