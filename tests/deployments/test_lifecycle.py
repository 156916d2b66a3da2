"""A deployment from its creation to its deletion, on simulated members."""

from collections.abc import Callable

from simulator import Member
from tests.sample_charts import packaged
from tests.stack import Stack


async def test_a_deployment_is_installed_with_its_overrides_changed_and_deleted(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})

    deployment_id = await stack.deployed(
        releaseName="shop",
        values={"replicas": 2, "name": "shop"},
        valueOverrides=[{"cluster": "paris", "values": {"name": "boutique"}}],
    )
    targets = await stack.targets(deployment_id)
    assert {name: target["status"] for name, target in targets.items()} == {"berlin": "DEPLOYED", "paris": "DEPLOYED"}
    assert targets["paris"]["values"] == {"replicas": 2, "name": "boutique"}
    assert targets["berlin"]["values"] == {"replicas": 2, "name": "shop"}
    assert targets["paris"]["desiredValues"] == targets["paris"]["values"]
    assert targets["paris"]["revision"] == 1
    results = 'operations { nodes { results(clusters: ["paris"]) { clusterName output } } }'
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ {results} }} }} }}"
    ((result,),) = [
        found["results"] for found in (await stack.data(query, id=deployment_id))["node"]["operations"]["nodes"]
    ]
    assert result["clusterName"] == "paris"
    assert result["output"].startswith("NAME: shop\n")

    await stack.upload(packaged(version="1.1.0"))
    answer = await stack.update(deployment_id, version="1.1.0", values={"replicas": 5}, reuseValues=True)
    assert answer["deployment"]["generation"] == 2
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    targets = await stack.targets(deployment_id)
    assert targets["paris"]["values"] == {"replicas": 5, "name": "boutique"}
    assert targets["paris"]["version"] == "1.1.0"
    assert targets["paris"]["revision"] == 2
    assert targets["paris"]["generation"] == 2

    operation = await stack.settled(await stack.delete(deployment_id))
    assert operation["state"] == "SUCCEEDED"
    assert {result["action"] for result in operation["results"]} == {"UNINSTALL"}
    assert await stack.targets(deployment_id) == {}
    assert paris.objects("secrets") == []
    assert paris.objects("configmaps", namespace="default") == []
