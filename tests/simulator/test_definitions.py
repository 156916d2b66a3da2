"""Custom resources are served as soon as they are defined, in every version."""

from __future__ import annotations

from typing import Any

from simulator import Simulator
from tests.contract.client import Client

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(*versions: str) -> dict[str, Any]:
    offered = [{"name": name, "served": True, "storage": name == versions[0]} for name in versions]
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]}
    spec = {"group": "test.example", "scope": "Cluster", "names": names, "versions": offered}
    return {"metadata": {"name": "widgets.test.example"}, "spec": spec}


async def test_a_definition_lives_and_dies() -> None:
    async with Simulator(["paris"]) as simulator, Client(simulator.members["paris"].kubeconfig) as client:
        assert (await client.get("/apis/test.example/v1/widgets"))[0] == 404
        status, defined = await client.post(DEFINITIONS, definition("v1", "v1beta1", "v2"))
        assert status == 201
        conditions = {item["type"]: item["status"] for item in defined["status"]["conditions"]}
        assert conditions == {"NamesAccepted": "True", "Established": "True"}
        _, group = await client.get("/apis/test.example")
        assert [offered["version"] for offered in group["versions"]] == ["v2", "v1", "v1beta1"]

        status, _ = await client.post("/apis/test.example/v1/widgets", {"metadata": {"name": "a"}, "spec": {"n": 1}})
        assert status == 201
        _, other = await client.get("/apis/test.example/v2/widgets/a")
        assert (other["apiVersion"], other["spec"]) == ("test.example/v2", {"n": 1})
        status, patched = await client.patch("/apis/test.example/v2/widgets/a", {"spec": {"n": 2}})
        assert (status, patched["metadata"]["generation"]) == (200, 2)

        await client.delete(f"{DEFINITIONS}/widgets.test.example")
        assert (await client.get("/apis/test.example/v1/widgets"))[0] == 404
        await client.post(DEFINITIONS, definition("v1"))
        _, listed = await client.get("/apis/test.example/v1/widgets")
        assert listed["items"] == []


async def test_a_definition_has_to_bear_its_name() -> None:
    async with Simulator(["paris"]) as simulator, Client(simulator.members["paris"].kubeconfig) as client:
        wrong = {**definition("v1"), "metadata": {"name": "gadgets.test.example"}}
        status, told = await client.post(DEFINITIONS, wrong)
        assert (status, told["reason"]) == (422, "Invalid")
        status, told = await client.post(DEFINITIONS, {"metadata": {"name": "a.b"}, "spec": {}})
        assert (status, told["reason"]) == (422, "Invalid")
