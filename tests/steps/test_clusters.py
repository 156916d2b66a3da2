"""`select-clusters`."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.automation.test_runs import ended, started
from tests.stack import Stack

SELECT = """
name: select
outputs: {names: {value: "${{ steps.select.outputs.clusters.map(cluster, cluster.name) }}"}}
steps:
  - {name: select, type: select-clusters, inputs: INPUTS}
"""


async def selected(stack: Stack, inputs: str) -> Any:
    return await ended(stack, await started(stack, SELECT.replace("INPUTS", inputs), "select"))


async def test_clusters_are_selected_by_conditions_and_group(stack: Stack, simulated: Callable[[str], Member]) -> None:
    labels = {"paris": {"tier": "edge"}, "berlin": {"tier": "core"}, "tokyo": {"tier": "edge"}}
    for name, region in (("paris", "eu"), ("berlin", "eu"), ("tokyo", "asia")):
        answer = await stack.register(name, simulated(name).kubeconfig, region=region, labels=labels[name])
        assert "cluster" in answer, answer
    await stack.group("west", ["paris"])
    for inputs, names in (
        ("{}", ["berlin", "paris", "tokyo"]),
        ("{region: eu}", ["berlin", "paris"]),
        ("{region: [asia, eu], labels: {tier: edge}}", ["paris", "tokyo"]),
        ("{group: west}", ["paris"]),
        ("{group: none}", []),
    ):
        assert (await selected(stack, inputs))["outputs"] == {"names": names}
    error = (await selected(stack, "{kubernetesVersion: newest}"))["error"]
    assert error["code"] == "selector"
    assert error["message"].startswith("kubernetesVersion: ")
