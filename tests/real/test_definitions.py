"""What is done with the CustomResourceDefinitions of a chart (`crdPolicy`), on a real API server."""

import secrets

import pytest

from tests.real.fleet import Fleet, upload_files
from tests.real.test_rich_chart import DEFINITION
from tests.sample_charts import chart_files

pytestmark = pytest.mark.xdist_group("kubernetes")


async def test_definitions_are_created_by_an_install_unless_the_policy_skips_them(paris: Fleet) -> None:
    hand, group = paris.hands["paris"], f"g{secrets.token_hex(4)}.test"
    name = f"widgets.{group}"
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    files = {"crds/widgets.yaml": DEFINITION.replace("GROUP", group)}
    await upload_files(paris.stack, chart_files("defining") | files, "defining")

    async def planned(answer: object) -> str:
        [target] = answer["plan"]["targets"]  # type: ignore[index]
        assert (target["action"], target["error"]) == ("INSTALL", None), target
        return str(target["manifest"])

    given = {"chart": "charts/defining", "crdPolicy": "SKIP"}
    assert name not in await planned(await paris.create(dryRun=True, **given))
    deployment_id = await paris.deployed(**given)
    assert await hand.config(paris.release) == {"replicas": 1}
    assert (await hand.client.get(path))[0] == 404
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { crdPolicy generation } } }"
    assert (await paris.stack.data(query, id=deployment_id))["node"] == {"crdPolicy": "SKIP", "generation": 1}

    await hand("uninstall", paris.release)
    await paris.until(deployment_id, "paris", status="NOT_INSTALLED")
    assert name in await planned(await paris.stack.update(deployment_id, crdPolicy="CREATE", dryRun=True))
    assert (await paris.stack.data(query, id=deployment_id))["node"]["crdPolicy"] == "SKIP"
    await paris.stack.update(deployment_id, crdPolicy="CREATE")
    assert (await paris.stack.data(query, id=deployment_id))["node"] == {"crdPolicy": "CREATE", "generation": 1}
    await paris.reconciled(deployment_id)
    assert (await hand.client.get(path))[0] == 200
    await hand.client.delete(path)
