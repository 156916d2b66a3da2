"""The drift of live objects, as the observer finds it and the API shows it. tests/real has the same on API servers."""

from collections.abc import Callable
from typing import Any

import pytest

from app.resources.drift import write_found
from reconcilers.observer.resources import drift
from simulator import Member
from tests.drift.looking import drift_of, until_drift
from tests.faults.failures import Wrong
from tests.faults.proxy import Proxy
from tests.resources.charts import chart
from tests.resources.test_following import change
from tests.stack import Stack

CONFIG_MAPS = ("", "configmaps")


async def compared(stack: Stack, members: dict[str, str], **given: Any) -> str:
    """A deployment whose objects are compared, once the comparison has found something on paris."""
    await stack.fleet(members)
    await stack.upload(chart("config-map", version="2.0.0"))
    return await stack.deployed(
        releaseName="shop", chart="charts/web", version="2.0.0", **{"liveDrift": "REPORT"} | given
    )


async def test_an_object_that_may_not_be_patched_is_not_checked_and_says_why(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    refusal = b'{"kind":"Status","code":403,"reason":"Forbidden","message":"configmaps \\"shop\\" is forbidden"}'
    async with Proxy(paris.kubeconfig) as proxy:
        proxy.fault(Wrong(403, refusal), method="PATCH", path="/configmaps/shop")
        deployment_id = await compared(stack, {"paris": proxy.kubeconfig})
        found = await until_drift(stack, deployment_id, "NOT_CHECKED")
        assert (found["drifted"], found["notChecked"]) == (0, 1)
        [target] = (await drift_of(stack, deployment_id))["targets"]
        [node] = target["resources"]["nodes"]
        reason = 'The API server refuses to try out the manifest\'s object: configmaps "shop" is forbidden'
        assert (node["drift"], node["driftReason"]) == ("NOT_CHECKED", reason)


async def test_a_comparison_that_could_not_be_written_is_repeated(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    paris = simulated("paris")
    deployment_id = await compared(stack, {"paris": paris.kubeconfig})
    await until_drift(stack, deployment_id, "NONE")
    lost: list[Any] = []

    async def lose_the_database(*given: Any) -> None:
        if not lost:
            lost.append(given)
            raise ConnectionError("the database is away")
        await write_found(*given)

    monkeypatch.setattr(drift, "write_found", lose_the_database)
    monkeypatch.setattr(drift, "_FIRST_PAUSE", 0.05)
    monkeypatch.setattr("app.core.repeating._FIRST_PAUSE", 0.05)
    change(paris, CONFIG_MAPS, data={"tag": "9"})
    await until_drift(stack, deployment_id, "DRIFTED", "ConfigMap /data/tag")
    assert lost


async def test_a_difference_that_half_of_the_targets_have_is_suggested_as_an_ignore_rule(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = {name: simulated(name) for name in ("paris", "berlin", "tokyo")}
    deployment_id = await compared(stack, {name: member.kubeconfig for name, member in members.items()})
    for name in ("paris", "berlin"):
        change(members[name], CONFIG_MAPS, data={"tag": "9"})
    for name in ("paris", "berlin"):
        await until_drift(stack, deployment_id, "DRIFTED", "ConfigMap /data/tag", cluster=name)
    await until_drift(stack, deployment_id, "NONE", cluster="tokyo")
    found = await drift_of(stack, deployment_id)
    rule = {"kind": "ConfigMap", "group": "", "path": "/data/tag", "targets": 2, "changedBy": None}
    assert found["suggestedIgnoreRules"] == [rule]
    assert sorted((each["state"], each["count"]) for each in found["driftCounts"]) == [("DRIFTED", 2), ("NONE", 1)]
    await stack.update(deployment_id, liveDriftIgnore=[{"kind": "ConfigMap", "paths": [rule["path"]]}])
    await until_drift(stack, deployment_id, "NONE")
    assert (await drift_of(stack, deployment_id))["suggestedIgnoreRules"] == []
