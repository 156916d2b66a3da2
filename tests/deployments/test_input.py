"""Bad input gets a clear error, and nothing is lost. Members are simulated; nothing is ever installed here."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio

from app.tables.columns import metadata
from simulator import Member
from tests.sample_charts import SCHEMA, packaged
from tests.stack import Stack


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(quiet: Stack, simulated: Callable[[str], Member]) -> AsyncIterator[dict[str, Member]]:
    """Two members in a group, a chart without a schema (web) and one with (strict); nothing may change in the database
    from here on, since every test here is refused."""
    members = {name: simulated(name) for name in ("paris", "berlin")}
    await quiet.fleet({name: member.kubeconfig for name, member in members.items()})
    await quiet.upload(packaged("strict", schema=SCHEMA))
    before = await rows(quiet)
    yield members
    after = await rows(quiet)
    # Each refusal is told to those who look into the audit.
    assert {row.kind for row in after.pop("event")[len(before.pop("event")) :]} <= {"mutation.refused"}
    assert after == before
    assert [member.writes for member in members.values()] == [0, 0]


async def rows(stack: Stack) -> dict[str, list[Any]]:
    """Everything that is in the database."""
    return {table.name: list(await stack.services.database.rows(table.select())) for table in metadata.sorted_tables}


REFUSED: list[tuple[dict[str, Any], str, str, list[str] | None]] = [
    ({"group": "nowhere"}, "NotFound", "cluster_group_not_found", ["group"]),
    ({"chart": "web"}, "ValidationFailed", "chart_malformed_reference", ["chart"]),
    ({"chart": "nowhere/web"}, "NotFound", "chart_repository_not_found", ["chart"]),
    ({"chart": "charts/nothing"}, "NotFound", "chart_not_found", ["chart"]),
    ({"version": "9.9.9"}, "NotFound", "chart_version_not_found", ["version"]),
    ({"targets": ["rome"]}, "ValidationFailed", "invalid_input", ["targets", "rome"]),
    (
        {"targets": ["paris"], "valueOverrides": [{"cluster": "berlin", "values": {}}]},
        "ValidationFailed",
        "invalid_input",
        ["valueOverrides", "berlin"],
    ),
    (
        {"valueOverrides": [{"cluster": "paris", "values": {}}, {"cluster": "paris", "values": {}}]},
        "ValidationFailed",
        "invalid_input",
        ["valueOverrides", "paris"],
    ),
    ({"values": [1, 2]}, "ValidationFailed", "invalid_input", ["values"]),
    ({"values": "text"}, "ValidationFailed", "invalid_input", ["values"]),
    ({"values": {"a": "\x00"}}, "ValidationFailed", "invalid_input", ["values", "a"]),
    ({"values": {"a": 2**70}}, "ValidationFailed", "invalid_input", ["values", "a"]),
    ({"values": {"a": "x" * 1_000_000}}, "ValidationFailed", "invalid_input", ["values"]),
    (
        {"values": {"a": "x" * 600_000}, "valueOverrides": [{"cluster": "paris", "values": {"b": "x" * 600_000}}]},
        "ValidationFailed",
        "invalid_input",
        ["valueOverrides", "paris"],
    ),
    (
        {"valueOverrides": [{"cluster": "paris", "values": 7}]},
        "ValidationFailed",
        "invalid_input",
        ["valueOverrides", "paris"],
    ),
    ({"chart": "charts/strict", "values": {"replicas": "two"}}, "ValidationFailed", "invalid_input", None),
    ({"releaseName": "Shop"}, "ValidationFailed", "invalid_input", ["releaseName"]),
    ({"releaseName": "-shop"}, "ValidationFailed", "invalid_input", ["releaseName"]),
    ({"releaseName": "a" * 54}, "ValidationFailed", "invalid_input", ["releaseName"]),
    ({"namespace": "Not_A_Label"}, "ValidationFailed", "invalid_input", ["namespace"]),
    ({"timeoutSeconds": 0}, "ValidationFailed", "invalid_input", ["timeoutSeconds"]),
    ({"timeoutSeconds": 100_000}, "ValidationFailed", "invalid_input", ["timeoutSeconds"]),
    ({"remediation": {"retries": 11}}, "ValidationFailed", "invalid_input", ["remediation", "retries"]),
    ({"remediation": {"retries": -1}}, "ValidationFailed", "invalid_input", ["remediation", "retries"]),
    ({"idempotencyKey": ""}, "ValidationFailed", "idempotency_key", ["idempotencyKey"]),
]


async def test_a_creation_with_bad_input_is_refused_and_changes_nothing(quiet: Stack, fleet: dict[str, Member]) -> None:
    answers = [await quiet.create(**given) for given, *_ in REFUSED]
    told = [
        (answer["__typename"], answer.get("code"), path and answer.get("path"))
        for answer, (*_, path) in zip(answers, REFUSED, strict=True)
    ]
    assert told == [tuple(expected) for _, *expected in REFUSED]


async def test_a_schema_violation_names_the_cluster_and_the_value(quiet: Stack, fleet: dict[str, Member]) -> None:
    answer = await quiet.create(
        chart="charts/strict",
        values={"replicas": 1},
        valueOverrides=[{"cluster": "berlin", "values": {"replicas": "many"}}],
    )
    assert answer["problems"] == [
        {
            "path": ["valueOverrides", "berlin", "replicas"],
            "message": 'replicas: "many" is not of type "integer"',
        }
    ]


async def test_a_name_taken_by_a_foreign_release_is_a_conflict_that_names_the_cluster(
    quiet: Stack, fleet: dict[str, Member]
) -> None:
    fleet["berlin"].put(
        "secrets",
        {
            "metadata": {
                "name": "sh.helm.release.v1.shop.v1",
                "namespace": "default",
                "labels": {"owner": "helm", "name": "shop", "version": "1", "status": "deployed"},
            },
            "type": "helm.sh/release.v1",
        },
    )
    answer = await quiet.create(releaseName="shop")
    assert (answer["__typename"], answer["code"]) == ("Conflict", "release_name_taken")
    assert "on berlin" in answer["message"]


async def test_a_name_taken_by_a_release_in_config_maps_is_a_conflict(quiet: Stack, fleet: dict[str, Member]) -> None:
    labels = {"owner": "helm", "name": "shop", "version": "1", "status": "deployed"}
    metadata = {"name": "sh.helm.release.v1.shop.v1", "namespace": "default", "labels": labels}
    fleet["berlin"].put("configmaps", {"metadata": metadata, "data": {"release": ""}})
    answer = await quiet.create(releaseName="shop")
    assert (answer["__typename"], answer["code"]) == ("Conflict", "release_name_taken")
    assert answer["message"] == (
        "'shop' in namespace 'default' is used by a release that Helm keeps in ConfigMaps (HELM_DRIVER=configmap) on"
        " berlin. Choose another releaseName."
    )


async def test_a_release_name_on_an_unreachable_cluster_is_not_assumed_to_be_free(
    quiet: Stack, fleet: dict[str, Member]
) -> None:
    fleet["paris"].faults.down = True
    answer = await quiet.create(releaseName="shop")
    assert (answer["__typename"], answer["code"], answer["clusters"]) == (
        "ClusterUnreachable",
        "cluster_unreachable",
        ["paris"],
    )


async def test_a_feature_that_is_off_refuses_deployments(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    group_id = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    fields = "... on ClusterGroupPayload { clusterGroup { features { name enabled state } } }"
    feature = {"group": group_id, "feature": "multi-cluster-deployment"}
    answer = await quiet.mutate("setGroupFeature", fields, enabled=False, **feature)
    assert answer["clusterGroup"]["features"] == [
        {"name": "multi-cluster-deployment", "enabled": False, "state": "DISABLED"}
    ]
    assert (await quiet.create())["code"] == "feature_off"
    await quiet.mutate("setGroupFeature", fields, enabled=True, **feature)
    assert (await quiet.create())["__typename"] == "DeploymentPayload"
    assert (await quiet.mutate("setGroupFeature", fields, enabled=False, **feature))["code"] == "feature_in_use"
