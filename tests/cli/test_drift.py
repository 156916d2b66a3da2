"""`polyhelm drift`."""

import json

import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.drift.looking import until_drift
from tests.resources.charts import chart
from tests.resources.test_following import change

CONFIG_MAPS = ("", "configmaps")
ROWS = [
    "CLUSTER   DEPLOYMENT   OBJECT                   PATH        WANTED   LIVE   BY   CHANGED",
    "berlin    fleet/shop   ConfigMap/default/shop   /data/tag   1.0      9      -    -",
    "paris     fleet/shop   ConfigMap/default/shop   /data/tag   1.0      9      -    -",
]


@pytest_asyncio.fixture(loop_scope="session")
async def drifted(working: Polyhelm, members: dict[str, Member]) -> Polyhelm:
    """Shop on Paris and Berlin, both of which somebody has edited."""
    stack = working.stack
    await stack.fleet({name: member.kubeconfig for name, member in members.items()})
    await stack.upload(chart("config-map", version="2.0.0"))
    deployment_id = await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0", liveDrift="REPORT")
    for name, member in members.items():
        change(member, CONFIG_MAPS, data={"tag": "9"})
        await until_drift(stack, deployment_id, "DRIFTED", "ConfigMap /data/tag", cluster=name)
    return working


async def test_differences_and_suggested_rules_are_listed(drifted: Polyhelm) -> None:
    listed = await drifted("drift", "fleet/shop", "--exit-code")
    assert (listed.code, sorted(listed.out.splitlines()[1:])) == (2, ROWS[1:])
    assert listed.out.splitlines()[0] == ROWS[0]
    assert await drifted.fine("drift", "--cluster", "paris", "-o", "name") == ["paris/ConfigMap/default/shop/data/tag"]
    [row, _] = json.loads((await drifted("drift", "-o", "json")).out)
    assert (row["kind"], row["path"], row["wanted"], row["live"]) == ("ConfigMap", "/data/tag", "1.0", "9")
    assert await drifted.fine("drift", "fleet/shop", "--suggest") == [
        "KIND        GROUP   PATH        TARGETS   BY",
        "ConfigMap   -       /data/tag   2         -",
    ]
    assert (await drifted("drift", "--cluster", "lima")).words == ["Nothing matches."]
    refused = await drifted("drift", "--suggest")
    assert refused.words[0] == "Error: Ignore rules belong to a deployment."
