"""What makes a new generation, and what does not. No worker runs."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from tests.sample_charts import packaged
from tests.stack import Stack

WANTED = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  generation values valueOverrides { cluster values } chartVersion
  targets { clusterName desiredValues } desired { targets }
  history { nodes { generation author values targets chartVersion } }
} } }"""


async def created(stack: Stack, simulated: Callable[[str], Member]) -> str:
    await stack.fleet({name: simulated(name).kubeconfig for name in ("paris", "berlin")})
    answer = await stack.create(
        values={"a": {"b": 1, "c": 2}, "list": [1, 2]},
        valueOverrides=[{"cluster": "paris", "values": {"a": {"b": 9}}}],
        targets=["paris"],
    )
    deployment_id: str = answer["deployment"]["id"]
    return deployment_id


NOTHING_NEW: list[dict[str, Any]] = [
    {},
    {"values": None, "valuesFrom": None, "valueOverrides": None, "targets": None, "description": None},
    {"values": {"list": [1.0, 2], "a": {"c": 2.0, "b": 1}}},
    {"values": {"a": {"b": 1}}, "reuseValues": True},
    {"valueOverrides": [{"cluster": "paris", "values": {"a": {"b": 9}}}]},
    {"targets": ["paris", "paris"]},
    {"version": "v1.0.0"},
    {"atomic": True, "wait": True, "timeoutSeconds": 77},
]


async def test_an_update_that_changes_nothing_that_is_wanted_makes_no_generation(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment_id = await created(quiet, simulated)
    for given in NOTHING_NEW:
        answer = await quiet.update(deployment_id, **given)
        assert (answer["deployment"]["generation"], answer["operation"]) == (1, None), given


@pytest.mark.parametrize(
    ("given", "values", "overrides"),
    [
        ({"values": {"x": 1}}, {"x": 1}, {"paris": {"a": {"b": 9}}}),
        (
            {"values": {"a": {"b": None}, "x": 1}, "reuseValues": True},
            {"a": {"c": 2}, "list": [1, 2], "x": 1},
            {"paris": {"a": {"b": 9}}},
        ),
        ({"values": {}}, {}, {"paris": {"a": {"b": 9}}}),
        ({"valueOverrides": []}, {"a": {"b": 1, "c": 2}, "list": [1, 2]}, {}),
        (
            {"valueOverrides": [{"cluster": "paris", "values": {"z": 1}}], "reuseValues": True},
            {"a": {"b": 1, "c": 2}, "list": [1, 2]},
            {"paris": {"a": {"b": 9}, "z": 1}},
        ),
        (
            {"targets": ["berlin"]},
            {"a": {"b": 1, "c": 2}, "list": [1, 2]},
            {},
        ),
    ],
)
async def test_an_update_that_changes_what_is_wanted_makes_one_generation(
    quiet: Stack,
    simulated: Callable[[str], Member],
    given: dict[str, Any],
    values: dict[str, Any],
    overrides: dict[str, Any],
) -> None:
    deployment_id = await created(quiet, simulated)
    answer = await quiet.update(deployment_id, **given)
    assert (answer["deployment"]["generation"], answer["operation"]["kind"]) == (2, "UPDATE")
    wanted = (await quiet.data(WANTED, id=deployment_id))["node"]
    assert wanted["values"] == values
    assert {entry["cluster"]: entry["values"] for entry in wanted["valueOverrides"]} == overrides
    assert [revision["generation"] for revision in wanted["history"]["nodes"]] == [2, 1]
    assert wanted["history"]["nodes"][1]["values"] == {"a": {"b": 1, "c": 2}, "list": [1, 2]}


async def test_a_cluster_whose_release_is_being_removed_is_an_unwanted_target(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment_id = await created(quiet, simulated)
    await quiet.update(deployment_id, targets=["berlin"])
    wanted = (await quiet.data(WANTED, id=deployment_id))["node"]
    assert [target["clusterName"] for target in wanted["targets"]] == ["berlin", "paris"]
    assert wanted["desired"] == {"targets": ["berlin"]}


async def test_a_description_is_set_changed_and_removed(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = (await quiet.create(releaseName="shop", description=""))["deployment"]["id"]

    async def described(**given: Any) -> str | None:
        answer = await quiet.mutate(
            "updateDeployment", "... on DeploymentPayload { deployment { description } }", id=deployment_id, **given
        )
        text: str | None = answer["deployment"]["description"]
        return text

    assert await described() is None
    assert await described(description="Sells.") == "Sells."
    assert await described(atomic=True) == "Sells."
    assert await described(description="") is None
    assert await described(description="Sells more.") == "Sells more."
    assert await described(description=None) == "Sells more."
    assert await described(description="") is None
    assert await described(description="") is None
    events = await quiet.data('{ events(kinds: ["deployment"]) { nodes { kind message } } }')
    assert [event["message"] for event in events["events"]["nodes"] if event["kind"] == "deployment.options"] == [
        *["shop was changed: description."] * 3,
        "shop was changed: atomic.",
        "shop was changed: description.",
    ]


@pytest.mark.parametrize(
    ("given", "changed"), [({}, False), ({"values": {"x": 1}}, True), ({"targets": ["paris", "berlin"]}, True)]
)
async def test_a_plan_says_whether_what_is_wanted_would_change(
    quiet: Stack, simulated: Callable[[str], Member], given: dict[str, Any], changed: bool
) -> None:
    deployment_id = await created(quiet, simulated)
    fields = "... on DeploymentPayload { plan { changed } }"
    answer = await quiet.mutate("updateDeployment", fields, id=deployment_id, dryRun=True, **given)
    assert answer == {"plan": {"changed": changed}}


async def test_the_newest_stable_version_is_taken_and_kept(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.upload(packaged(version="1.10.0"))
    await quiet.upload(packaged(version="2.0.0-rc.1"))
    answer = await quiet.create()
    assert answer["deployment"]["chartVersion"] == "1.10.0"
    await quiet.upload(packaged(version="1.11.0"))
    answer = await quiet.update(answer["deployment"]["id"], values={"replicas": 2})
    assert answer["deployment"]["chartVersion"] == "1.10.0"


async def test_name_and_namespace_never_change_and_saying_so_is_an_error(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment_id = await created(quiet, simulated)
    answer = await quiet.update(deployment_id, namespace="elsewhere", releaseName="other")
    assert answer["__typename"] == "ValidationFailed"
    assert [problem["path"] for problem in answer["problems"]] == [["releaseName"], ["namespace"]]


async def test_a_release_without_a_name_gets_a_readable_one(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    names = {(await quiet.create())["deployment"]["releaseName"] for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) <= 53 and name.islower() and name.count("-") >= 2 for name in names)


async def test_an_unknown_deployment_is_not_found(quiet: Stack) -> None:
    for answer in (await quiet.update("Tm90aGluZw=="), await quiet.reconcile("RGVwbG95bWVudDo5OQ==")):
        assert (answer["__typename"], answer["code"]) == ("NotFound", "deployment_not_found")
