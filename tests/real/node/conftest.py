"""One node, and one deployment of many objects on it, for all tests of this folder."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest_asyncio

from app.core.settings import Settings
from tests.contract.client import Client
from tests.contract.helm import Helm
from tests.kubernetes.binaries import Binaries, NodeBinaries
from tests.kubernetes.controlplane import ControlPlanes
from tests.kubernetes.node import Node
from tests.outages import TEMPLATE
from tests.real.conftest import PATIENT
from tests.real.fleet import Fleet, Hand
from tests.real.node.chart import READY, SHOP, packed
from tests.stack import open_stack

NAMESPACE = "shop"


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shop(
    programs: Binaries,
    node_programs: NodeBinaries,
    helm: Path,
    servers: Settings,
) -> AsyncIterator[Fleet]:
    """A Polyhelm whose only member has a node, with the charts uploaded."""
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="polyhelm-node-")))
        planes = await closing.enter_async_context(ControlPlanes(folder / "planes", programs))
        member = await planes.start("quito", controllers=True)
        await closing.enter_async_context(Node(member, folder / "node", node_programs))
        client = await closing.enter_async_context(Client(member.kubeconfig))
        hand = Hand(member, Helm.at(folder, member.kubeconfig, str(helm)), client, NAMESPACE, has_controllers=True)
        opened = open_stack(servers, TEMPLATE, folder, working=True, **PATIENT)
        stack = await closing.enter_async_context(opened)
        group_id = await stack.fleet({"quito": member.kubeconfig})
        for name, templates in (("shop", SHOP), ("ready", READY)):
            answer = await stack.upload(packed(name, templates), "node")
            assert answer["version"] == "1.0.0", answer
        yield Fleet(stack, group_id, NAMESPACE, "shop", {"quito": hand})


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shop_id(shop: Fleet) -> str:
    """The deployment of most tests. Helm does not wait for its objects."""
    return await shop.deployed(chart="node/shop", liveDrift="REPORT")
