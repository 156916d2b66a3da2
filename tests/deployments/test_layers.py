"""Layers of values: overrides by selector and for single clusters. No worker runs."""

from collections.abc import Callable

from simulator import Member
from tests.deployments.fleets import desired, fleet, made, wanted
from tests.stack import Stack


async def test_layers_are_merged_from_the_weakest_to_the_strongest(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    deployment_id = await made(
        quiet,
        values={"a": {"common": 1, "tier": 1, "eks": 1, "paris": 1}, "list": [1], "gone": 1},
        selectorOverrides=[
            {"select": {"labels": {"tier": "prod"}}, "values": {"a": {"tier": 2, "eks": 2, "paris": 2}, "list": [2]}},
            {"select": {"cloud": "amazon", "distribution": ["eks"]}, "valuesYaml": "a: {eks: 3, paris: 3}\ngone: null"},
        ],
        valueOverrides=[{"cluster": "paris", "values": {"a": {"paris": 4}}}],
    )
    assert await desired(quiet, deployment_id) == {
        "paris": {"a": {"common": 1, "tier": 2, "eks": 3, "paris": 4}, "list": [2], "gone": None},
        "berlin": {"a": {"common": 1, "tier": 1, "eks": 3, "paris": 3}, "list": [1], "gone": None},
        "tokyo": {"a": {"common": 1, "tier": 2, "eks": 2, "paris": 2}, "list": [2], "gone": 1},
    }


async def test_selector_overrides_are_stored_with_each_generation(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    first = {"select": {"labels": {"tier": "prod"}, "kubernetesVersion": ">=1.20"}, "values": {"a": 1}}
    second = {"select": {"region": ["eu-west-3", "eu-central-1"]}, "values": {"a": 2}}
    deployment_id = await made(quiet, selectorOverrides=[first, second])
    assert (await wanted(quiet, deployment_id))["selectorOverrides"] == [
        {
            "select": {
                "labels": {"tier": "prod"},
                "cloud": [],
                "region": [],
                "distribution": [],
                "kubernetesVersion": ">=1.20",
                "text": "tier=prod, kubernetesVersion >=1.20",
            },
            "values": {"a": 1},
            "valuesYaml": "a: 1\n",
        },
        {
            "select": {
                "labels": {},
                "cloud": [],
                "region": ["eu-west-3", "eu-central-1"],
                "distribution": [],
                "kubernetesVersion": None,
                "text": "region=eu-west-3|eu-central-1",
            },
            "values": {"a": 2},
            "valuesYaml": "a: 2\n",
        },
    ]
    same = await quiet.update(deployment_id, selectorOverrides=[first, second])
    assert same["operation"] is None
    turned = await quiet.update(deployment_id, selectorOverrides=[second, first])
    assert turned["deployment"]["generation"] == 2
    assert (await desired(quiet, deployment_id))["paris"] == {"a": 1}
    unchanged = await quiet.update(deployment_id, values={"b": 1})
    assert unchanged["deployment"]["generation"] == 3
    assert (await desired(quiet, deployment_id))["berlin"] == {"a": 2, "b": 1}
    cleared = await quiet.update(deployment_id, selectorOverrides=[])
    assert cleared["deployment"]["generation"] == 4
    assert (await desired(quiet, deployment_id))["paris"] == {"b": 1}
    history = (await wanted(quiet, deployment_id))["history"]["nodes"]
    assert [[one["values"] for one in node["selectorOverrides"]] for node in history] == [
        [],
        [{"a": 2}, {"a": 1}],
        [{"a": 2}, {"a": 1}],
        [{"a": 1}, {"a": 2}],
    ]


async def test_a_member_that_a_selector_does_not_match_keeps_its_override(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    ids = await fleet(quiet, simulated)
    override = {"cluster": "berlin", "values": {"a": 1}}
    refused = await quiet.create(targets=["paris"], valueOverrides=[override])
    assert refused["problems"][0]["path"] == ["valueOverrides", "berlin"]
    deployment_id = await made(quiet, targetSelector={"labels": {"tier": "prod"}}, valueOverrides=[override])
    await quiet.mutate(
        "updateCluster", "... on ClusterPayload { cluster { id } }", id=ids["berlin"], labels={"tier": "prod"}
    )
    await quiet.update(deployment_id)
    assert (await desired(quiet, deployment_id))["berlin"] == {"a": 1}
    unknown = await quiet.update(deployment_id, valueOverrides=[{"cluster": "oslo", "values": {"a": 1}}])
    assert unknown["problems"][0]["path"] == ["valueOverrides", "oslo"]
