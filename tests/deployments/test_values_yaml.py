"""Values given as YAML mean what they mean to Helm, and values are shown as YAML that Helm reads back."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from tests.stack import Stack

TEXT = (
    "number: 1e6\ntime: 12:30\nmode: 0o644\noctal: 0644\ndigit: 08\nyes: y\n"
    "base: &b {a: 1}\nmerged: {<<: *b}\ntag: 1234e567\n"
)
VALUES = {
    "number": 1000000.0,
    "time": "12:30",
    "mode": 420,
    "octal": 420,
    "digit": 8.0,
    "true": True,
    "base": {"a": 1},
    "merged": {"a": 1},
    "tag": "1234e567",
}
SHOWN = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  values valuesYaml valueOverrides { cluster values valuesYaml } desired { values valuesYaml }
  targets { clusterName values valuesYaml desiredValues desiredValuesYaml }
} } }"""


async def shown(stack: Stack, answer: Any) -> Any:
    assert answer["__typename"] == "DeploymentPayload", answer
    return (await stack.data(SHOWN, id=answer["deployment"]["id"]))["node"]


async def test_values_are_given_as_yaml_and_read_as_helm_reads_them(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    overrides = [{"cluster": "paris", "valuesYaml": "on: 1_000"}]
    answer = await quiet.create(releaseName="shop", valuesYaml=TEXT, valueOverrides=overrides)
    found = await shown(quiet, answer)
    assert found["values"] == found["desired"]["values"] == VALUES
    assert found["valueOverrides"] == [{"cluster": "paris", "values": {"true": 1000}, "valuesYaml": '"true": 1000\n'}]
    [target] = found["targets"]
    assert target["desiredValues"] == VALUES | {"true": 1000}
    assert (target["values"], target["valuesYaml"]) == (None, None)

    deployment_id = answer["deployment"]["id"]
    again = await quiet.update(deployment_id, valuesYaml=found["valuesYaml"], dryRun=True)
    assert again["plan"]["targets"][0]["desiredValues"] == target["desiredValues"]
    await quiet.update(deployment_id, valuesYaml="a: null\ntext: 'y'", reuseValues=True)
    assert (await shown(quiet, answer))["values"] == VALUES | {"a": None, "text": "y"}
    await quiet.update(deployment_id, valuesYaml="# none\n")
    cleared = await shown(quiet, answer)
    assert (cleared["values"], cleared["valuesYaml"]) == ({}, "")


PROBLEMS = "... on ValidationFailed { problems { path message line column } }"


@pytest.mark.parametrize(
    ("given", "path", "message", "place"),
    [
        (
            {"values": {}, "valuesYaml": ""},
            ["valuesYaml"],
            "Give either `values` or `valuesYaml`, not both.",
            (None, None),
        ),
        (
            {"valuesYaml": "a: 1\nb:\n  c: .inf\n"},
            ["valuesYaml"],
            "This is not valid YAML: line 3, column 6: .inf is a number without a form in JSON.",
            (3, 6),
        ),
        ({"valuesYaml": "- a"}, ["valuesYaml"], "Values must be a map. Write them as `key: value`.", (1, 1)),
        (
            {"valueOverrides": [{"cluster": "paris", "valuesYaml": "a: ["}]},
            ["valueOverrides", "paris", "valuesYaml"],
            "This is not valid YAML: line 2, column 1: did not find expected node content.",
            (2, 1),
        ),
        (
            {"valuesYaml": "a: '\\0'".replace("'", '"')},
            ["values", "a"],
            "Text may not hold the character U+0000.",
            (None, None),
        ),
    ],
)
async def test_a_mistake_in_yaml_is_reported_with_its_place(
    shared: Stack, given: dict[str, Any], path: list[str], message: str, place: tuple[int | None, int | None]
) -> None:
    groups = (await shared.data("{ clusterGroups { nodes { name } } }"))["clusterGroups"]["nodes"]
    if not groups:
        await shared.fleet({})
    given = {"group": "fleet", "chart": "charts/web", "namespace": "default", "targets": [], "dryRun": True} | given
    answer = await shared.mutate("createDeployment", PROBLEMS, **given)
    [problem] = answer["problems"]
    assert (problem["path"], problem["message"]) == (path, message)
    assert (problem["line"], problem["column"]) == place
