"""Origins of values, comparisons of targets and warnings in plans, as the API shows them. No worker runs."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.deployments.fleets import fleet, made
from tests.sample_charts import packaged
from tests.stack import Stack

ORIGINS = """query ($id: ID!, $defaults: Boolean!) { node(id: $id) { ... on DeploymentTarget {
  valueOrigins(defaults: $defaults) {
    path value expression layer { kind index selector } hides { path value layer { kind index } }
  }
} } }"""

COMPARED = """query ($a: ID!, $b: ID!) { compareTargets(a: $a, b: $b) {
  a { clusterName version status } b { clusterName version status }
  desired { path a { value layer { kind index selector } } b { value layer { kind index selector } } }
  installed { path a { value layer { kind } } b { value } }
} }"""

WARNINGS = "... on DeploymentPayload { plan { warnings { code message path } } }"

COMMON = {"kind": "COMMON", "index": None, "selector": None}
DEFAULTS = {"kind": "DEFAULTS", "index": None, "selector": None}
GOOGLE = {"kind": "SELECTOR", "index": 0, "selector": "cloud=google"}


async def deployed(stack: Stack, simulated: Callable[[str], Member]) -> dict[str, str]:
    """A deployment with each kind of layer; the ids of its targets by the cluster's name."""
    await fleet(stack, simulated, "paris", "tokyo")
    await stack.upload(packaged("rich", values="replicas: 1\nimage: {tag: old}\ndb: {}\n"))
    await stack.mutate(
        "createSecret", "... on SecretPayload { secret { id } }", name="db", data={"password": "hunter2"}
    )
    deployment_id = await made(
        stack,
        chart="charts/rich",
        values={"replicas": 2, "db": {"password": "plain"}},
        selectorOverrides=[
            {
                "select": {"cloud": "google"},
                "values": {"replicas": "${{ int(cluster.labels.size) }}"},
                "valuesFrom": [{"secret": "db", "key": "password", "path": "db.password"}],
            }
        ],
        valueOverrides=[{"cluster": "paris", "values": {"db": {"password": "mine"}}}],
    )
    return {name: target["id"] for name, target in (await stack.targets(deployment_id)).items()}


async def test_each_value_names_its_layer_and_what_it_hides(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    ids = await deployed(quiet, simulated)
    found = (await quiet.data(ORIGINS, id=ids["tokyo"], defaults=True))["node"]["valueOrigins"]
    assert found == [
        {
            "path": "db.password",
            "value": "••••••••",
            "expression": None,
            "layer": GOOGLE,
            "hides": [{"path": "db.password", "value": "plain", "layer": {"kind": "COMMON", "index": None}}],
        },
        {"path": "image.tag", "value": "old", "expression": None, "layer": DEFAULTS, "hides": []},
        {
            "path": "replicas",
            "value": 5,
            "expression": "${{ int(cluster.labels.size) }}",
            "layer": GOOGLE,
            "hides": [
                {"path": "replicas", "value": 2, "layer": {"kind": "COMMON", "index": None}},
                {"path": "replicas", "value": 1, "layer": {"kind": "DEFAULTS", "index": None}},
            ],
        },
    ]
    found = (await quiet.data(ORIGINS, id=ids["paris"], defaults=False))["node"]["valueOrigins"]
    assert [(one["path"], one["value"], one["layer"]["kind"]) for one in found] == [
        ("db.password", "mine", "CLUSTER"),
        ("replicas", 2, "COMMON"),
    ]


async def test_two_targets_are_compared_value_by_value(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    ids = await deployed(quiet, simulated)
    found = (await quiet.data(COMPARED, a=ids["paris"], b=ids["tokyo"]))["compareTargets"]
    assert found == {
        "a": {"clusterName": "paris", "version": None, "status": "NOT_INSTALLED"},
        "b": {"clusterName": "tokyo", "version": None, "status": "NOT_INSTALLED"},
        "desired": [
            {
                "path": "db.password",
                "a": {"value": "mine", "layer": {"kind": "CLUSTER", "index": None, "selector": None}},
                "b": {"value": "••••••••", "layer": GOOGLE},
            },
            {"path": "replicas", "a": {"value": 2, "layer": COMMON}, "b": {"value": 5, "layer": GOOGLE}},
        ],
        "installed": [],
    }
    same = (await quiet.data(COMPARED, a=ids["paris"], b=ids["paris"]))["compareTargets"]
    assert same["desired"] == []
    assert (await quiet.data(COMPARED, a=ids["paris"], b="RGVwbG95bWVudFRhcmdldDo5OTk5"))["compareTargets"] is None


async def test_values_of_different_secrets_differ_and_stay_hidden(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated, "paris", "tokyo")
    data = {"one": "hunter1", "two": "hunter2"}
    await quiet.mutate("createSecret", "... on SecretPayload { secret { id } }", name="db", data=data)
    deployment_id = await made(
        quiet,
        valuesFrom=[{"secret": "db", "key": "one", "path": "a"}, {"secret": "db", "key": "one", "path": "b"}],
        valueOverrides=[{"cluster": "tokyo", "valuesFrom": [{"secret": "db", "key": "two", "path": "a"}]}],
    )
    ids = {name: target["id"] for name, target in (await quiet.targets(deployment_id)).items()}
    found = (await quiet.data(COMPARED, a=ids["paris"], b=ids["tokyo"]))["compareTargets"]["desired"]
    assert [(one["path"], one["a"]["value"], one["b"]["value"]) for one in found] == [("a", "••••••••", "••••••••")]


async def test_a_plan_warns_of_what_has_no_effect(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await fleet(quiet, simulated, "paris", "berlin")
    await quiet.upload(packaged("rich", values="replicas: 1\nimage: {tag: old}\n", schema={"properties": {"port": {}}}))
    given: dict[str, Any] = {
        "chart": "charts/rich",
        "targetSelector": {"region": "eu-west-3"},
        "values": {"replica": 1, "port": 1, "global": {"a": 1}},
        "selectorOverrides": [{"select": {"cloud": "azure"}, "values": {"image": {"tga": "x"}}}],
        "valueOverrides": [{"cluster": "berlin", "values": {"replicas": 1}}],
    }
    answer = await quiet.mutate(
        *("createDeployment", WARNINGS), group="fleet", namespace="default", dryRun=True, **given
    )
    assert answer["plan"]["warnings"] == [
        {
            "code": "SELECTOR_MATCHES_NOTHING",
            "message": "The selector of override 1 (cloud=azure) matches no target.",
            "path": ["selectorOverrides", "0", "select"],
        },
        {
            "code": "OVERRIDE_WITHOUT_TARGET",
            "message": "The override for berlin has no effect: the cluster is not a target now.",
            "path": ["valueOverrides", "berlin"],
        },
        {
            "code": "UNKNOWN_PATH",
            "message": "values: replica is neither among the chart's defaults nor in its values schema.",
            "path": ["values", "replica"],
        },
        {
            "code": "UNKNOWN_PATH",
            "message": "override 1 by selector: image.tga is neither among the chart's defaults nor in its values"
            " schema.",
            "path": ["selectorOverrides", "0", "values", "image", "tga"],
        },
    ]
    nothing = await quiet.mutate(
        *("createDeployment", WARNINGS),
        group="fleet",
        chart="charts/rich",
        namespace="default",
        dryRun=True,
        targetSelector={"cloud": "google"},
    )
    assert nothing["plan"]["warnings"] == [
        {
            "code": "SELECTOR_MATCHES_NOTHING",
            "message": "targetSelector (cloud=google) matches no member of the group.",
            "path": ["targetSelector"],
        }
    ]


async def test_at_most_fifty_warnings_are_shown(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await fleet(quiet, simulated, "paris")
    values = {f"unknown{number}": 1 for number in range(60)}
    answer = await quiet.mutate(
        *("createDeployment", WARNINGS),
        group="fleet",
        chart="charts/web",
        namespace="default",
        dryRun=True,
        values=values,
    )
    codes = [warning["code"] for warning in answer["plan"]["warnings"]]
    assert codes == ["UNKNOWN_PATH"] * 50 + ["MORE"]
