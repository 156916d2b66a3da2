"""`polyhelm drift`."""

import json

import pytest_asyncio

from app.tables.identity import Role
from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.drift.looking import until_drift
from tests.identity.callers import token_of
from tests.resources.charts import chart
from tests.resources.test_following import change
from tests.stack import eventually

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
    none = "No object of a deployment with liveDrift REPORT or CORRECT differs."
    assert (await drifted("drift", "--cluster", "lima")).words == [none]
    names = ["berlin/ConfigMap/default/shop", "paris/ConfigMap/default/shop"]
    assert sorted(await drifted.fine("resources", "--drift", "drifted", "--name", "sh*", "-o", "name")) == names
    assert (await drifted("resources", "--drift", "none")).words == ["Nothing matches."]
    assert (await drifted("resources", "-n", "other")).words == ["Nothing matches."]
    refused = await drifted("drift", "--suggest")
    assert refused.words[0] == "Error: Ignore rules belong to a deployment."


async def test_ignore_rules_are_added_from_suggestions_listed_and_removed(drifted: Polyhelm) -> None:
    [rule] = await drifted.fine("drift", "fleet/shop", "--suggest", "-o", "name")
    assert rule == "ConfigMap/data/tag"
    added = await drifted("ignore-rules", "add", "fleet/shop", rule, "Deployment.apps/spec/replicas", "/data/x", rule)
    assert added.words == ["fleet/shop has 3 ignore rules."]
    assert await drifted.fine("ignore-rules", "ls", "fleet/shop") == [
        "KIND         GROUP   PATH",
        "ConfigMap    -       /data/tag",
        "Deployment   apps    /spec/replicas",
        "-            -       /data/x",
    ]
    names = await drifted.fine("ignore-rules", "ls", "fleet/shop", "-o", "name")
    assert names == [rule, "Deployment.apps/spec/replicas", "/data/x"]

    async def is_ignored() -> bool:
        return (await drifted("drift", "fleet/shop", "--exit-code")).code == 0

    await eventually(is_ignored)
    removed = await drifted("ignore-rules", "rm", "fleet/shop", *names[1:])
    assert removed.words == ["fleet/shop has 1 ignore rule."]
    for arguments, message in (
        (("rm", "fleet/shop", "/data/x"), "fleet/shop has no ignore rule /data/x."),
        (("add", "fleet/shop", "no-path"), "'no-path' is not a valid rule."),
        (("add", "fleet/shop", "ConfigMap/metadata"), "This place is never compared"),
        (("add", "fleet/none", "/data/x"), "There is no deployment 'fleet/none'."),
    ):
        refused = await drifted("ignore-rules", *arguments)
        assert (refused.code != 0, message in refused.err) == (True, True), refused


async def test_viewers_see_drift_and_change_no_rule(drifted: Polyhelm) -> None:
    token = await token_of(drifted.stack, Role.VIEWER)
    listed = await drifted("drift", "fleet/shop", "-o", "name", POLYHELM_TOKEN=token)
    assert sorted(listed.lines) == ["berlin/ConfigMap/default/shop/data/tag", "paris/ConfigMap/default/shop/data/tag"]
    refused = await drifted("ignore-rules", "add", "fleet/shop", "ConfigMap/data/tag", POLYHELM_TOKEN=token)
    assert "deployments.write" in refused.err
    assert (await drifted("ignore-rules", "ls", "fleet/shop", POLYHELM_TOKEN=token)).lines == []


async def test_the_reason_for_an_empty_list_and_the_time_of_a_delayed_correction_are_printed(
    drifted: Polyhelm, members: dict[str, Member]
) -> None:
    stack = drifted.stack
    [deployment] = (await stack.data("{ deployments { nodes { id } } }"))["deployments"]["nodes"]
    deployment_id = deployment["id"]
    await stack.update(deployment_id, liveDrift="CORRECT")
    for name in members:
        await until_drift(stack, deployment_id, "NONE", cluster=name)
    listed = await drifted("drift", "fleet/shop")
    assert listed.words == ["No object of fleet/shop differs from the manifest of its release."]

    change(members["paris"], CONFIG_MAPS, data={"tag": "8"})
    await until_drift(stack, deployment_id, "CONTESTED", "ConfigMap /data/tag")
    words = (await drifted("drift", "fleet/shop")).err
    assert "ConfigMap/default/shop on paris differs again after a correction, or the last one failed. The next" in words

    await stack.update(deployment_id, liveDrift="OFF")
    listed = await drifted("drift", "fleet/shop")
    assert listed.words == ["The objects of fleet/shop are not compared: its liveDrift is OFF."]
