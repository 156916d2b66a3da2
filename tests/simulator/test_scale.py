"""A thousand members in one process."""

from __future__ import annotations

import time

from simulator import Simulator
from tests.contract.client import METADATA_LIST, Client


async def test_a_thousand_members_start_quickly() -> None:
    begin = time.process_time()
    async with Simulator([f"member-{number}" for number in range(1000)]) as simulator:
        assert time.process_time() - begin < 30
        async with Client(simulator.members["member-999"].kubeconfig) as client:
            status, space = await client.get("/api/v1/namespaces/kube-system")
        assert (status, space["metadata"]["name"]) == (200, "kube-system")


async def test_the_cost_of_a_list_does_not_grow_with_other_namespaces() -> None:
    """Ten releases beside ten thousand objects elsewhere: the CPU of a list, without HTTP, stays far below 1 ms."""
    async with Simulator(["paris"]) as simulator:
        paris = simulator.members["paris"]
        for number in range(100):
            paris.put("namespaces", {"metadata": {"name": f"space-{number}"}})
            for release in range(100):
                metadata = {"name": f"r{release}", "namespace": f"space-{number}", "labels": {"owner": "helm"}}
                paris.put("configmaps", {"metadata": metadata})
        async with Client(paris.kubeconfig) as client:
            path = "/api/v1/namespaces/space-7/configmaps"
            query = {"accept": METADATA_LIST, "labelSelector": "owner=helm", "limit": "10"}
            await client.get(path, **query)
            begin = time.process_time()
            for _ in range(50):
                _, listed = await client.get(path, **query)
            spent = (time.process_time() - begin) / 50
        assert len(listed["items"]) == 10
        assert spent < 0.05
