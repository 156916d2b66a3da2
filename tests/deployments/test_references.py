"""Values that refer to endpoints of other targets: the order of installs, and what follows from a changed address."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from tests.deployments.fleets import desired, fleet, made
from tests.resources.charts import chart
from tests.stack import Stack, eventually

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-public
spec:
  type: LoadBalancer
  selector: {app: shop}
  ports: [{name: sql, port: 26257, nodePort: 30257}, {name: http, port: 8080}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data: {join: {{ toJson .Values.join | quote }}}
"""
REFERENCE = "targets['paris'].services['shop-public'].addresses"
JOIN = f"${{{{ {REFERENCE} }}}}"
BERLIN_JOINS = [{"cluster": "berlin", "values": {"join": JOIN}}]
WORK = """query ($id: ID!) { node(id: $id) { ... on Deployment { targets {
  clusterName activity { phase message } nextSteps
} } } }"""


async def clusters(stack: Stack, simulated: Callable[[str], Member]) -> dict[str, Member]:
    members = {name: simulated(name) for name in ("paris", "berlin")}
    members["paris"].faults.stuck = True  # no load balancer gets an address by itself
    await fleet(stack, members.__getitem__, *members)
    await stack.upload(chart("ingress", service=SERVICE, version="2.0.0"))
    return members


def give_address(member: Member, *addresses: str) -> None:
    """Writes the addresses of the Service's load balancer, as a cloud's controller would."""
    record = member.store.get(("", "services"), "default", "shop-public")
    assert record is not None
    status = {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}}
    member.store.put(("", "services"), record.object() | {"status": status})


async def phase(stack: Stack, deployment_id: str, cluster: str) -> Any:
    targets = (await stack.data(WORK, id=deployment_id))["node"]["targets"]
    [activity] = [one["activity"] for one in targets if one["clusterName"] == cluster]
    return activity


async def until_reasons(stack: Stack, deployment_id: str, cluster: str, codes: list[str]) -> Any:
    async def has_them() -> Any:
        target = (await stack.targets(deployment_id))[cluster]
        return target if [reason["code"] for reason in target["reasons"]] == codes else None

    return await eventually(has_them)


async def test_a_target_waits_for_the_address_of_another_and_follows_it(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = await clusters(stack, simulated)
    answer = await stack.create(releaseName="shop", valueOverrides=BERLIN_JOINS)
    deployment_id = answer["deployment"]["id"]
    await stack.until_status(deployment_id, "paris", "DEPLOYED")
    waiting = await until_reasons(stack, deployment_id, "berlin", ["ABSENT", "ENDPOINT"])
    message = "Waiting for the addresses of Service shop-public on paris."
    assert waiting["reasons"][1]["message"] == message
    assert waiting["desiredValues"] == {"join": "(waits for addresses of Service shop-public on paris)"}
    assert await phase(stack, deployment_id, "berlin") == {"phase": "WAITING_FOR_DEPENDENCY", "message": message}
    assert not members["berlin"].objects("configmaps", namespace="default")

    give_address(members["paris"], "203.0.113.7")
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    berlin = await stack.until_status(deployment_id, "berlin", "DEPLOYED")
    assert berlin["values"] == {"join": ["203.0.113.7"]}

    give_address(members["paris"], "203.0.113.8", "203.0.113.9")
    berlin = await stack.until_status(deployment_id, "berlin", "STALE")
    assert [(one["path"], one["desired"], one["actual"]) for one in berlin["reasons"]] == [
        ("join", ["203.0.113.8", "203.0.113.9"], ["203.0.113.7"])
    ]
    assert (await stack.settled(await stack.reconcile(deployment_id)))["state"] == "SUCCEEDED"
    assert (await stack.until_status(deployment_id, "berlin", "DEPLOYED"))["values"]["join"][1] == "203.0.113.9"

    # An address that is gone makes the target wait again; its release stays as it is.
    give_address(members["paris"])
    await until_reasons(stack, deployment_id, "berlin", ["VALUES", "ENDPOINT"])
    answer = await stack.reconcile(deployment_id)
    assert (await phase(stack, deployment_id, "berlin"))["phase"] == "WAITING_FOR_DEPENDENCY"
    cancel = (
        "mutation ($id: ID!) { cancelOperation(input: {id: $id}) { ... on OperationPayload { operation { id } } } }"
    )
    await stack.data(cancel, id=answer["operation"]["id"])
    results = {one["clusterName"]: one["state"] for one in (await stack.settled(answer))["results"]}
    assert results["berlin"] == "CANCELLED"
    assert (await stack.targets(deployment_id))["berlin"]["revision"] == 2
    assert (await stack.settled(await stack.delete(deployment_id)))["state"] == "SUCCEEDED"


async def test_node_ports_and_hosts_are_values_too(stack: Stack, simulated: Callable[[str], Member]) -> None:
    await clusters(stack, simulated)
    text = (
        "${{ targets['paris'].ingresses['shop'].hosts[0] }}"
        ":${{ targets['paris'].services['shop-public'].nodePorts['sql'] }}"
    )
    deployment_id = await stack.deployed(
        releaseName="shop", selectorOverrides=[{"select": {"labels": {"tier": "test"}}, "values": {"join": text}}]
    )
    assert (await stack.targets(deployment_id))["berlin"]["values"] == {"join": "shop.shop.test:30257"}


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        (
            {"valueOverrides": [{"cluster": "berlin", "values": {"a": "x-" + JOIN.replace("paris", "rome")}}]},
            ["valueOverrides", "berlin", "a"],
            f"override: a on berlin: {REFERENCE.replace('paris', 'rome')}: rome is not a target of this deployment.",
        ),
        (
            {"values": {"join": {"to": JOIN}}},
            ["values", "join", "to"],
            f"values: join.to on paris: {REFERENCE}: a target cannot refer to itself.",
        ),
        (
            {"selectorOverrides": [{"select": {}, "values": {"a": "${{ targets[cluster.name] }}"}}]},
            ["selectorOverrides", "0", "values", "a"],
            'selector override 1: a: targets[cluster.name]: Write targets["CLUSTER"].services["NAME"].addresses (or'
            ' .nodePorts), or targets["CLUSTER"].ingresses["NAME"].hosts (or .addresses), with the names in quotes.',
        ),
        (
            {
                "valueOverrides": [
                    *BERLIN_JOINS,
                    {"cluster": "paris", "values": {"join": JOIN.replace("paris", "berlin")}},
                ]
            },
            ["values"],
            "The values of these targets refer to each other in a cycle: berlin → paris → berlin.",
        ),
    ],
)
async def test_a_reference_that_leads_nowhere_is_an_error_with_layer_path_and_cluster(
    quiet: Stack, simulated: Callable[[str], Member], given: dict[str, Any], path: list[str], message: str
) -> None:
    await fleet(quiet, simulated, "paris", "berlin")
    for dry_run in (True, False):
        answer = await quiet.create(releaseName="shop", dryRun=dry_run, **given)
        assert answer["__typename"] == "ValidationFailed"
        assert {"path": path, "message": message} in answer["problems"]
    if "cycle" in message:
        assert answer["code"] == "reference_cycle"


async def test_a_plan_shows_what_is_known_and_what_is_waited_for(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = await clusters(stack, simulated)
    overrides = [{"cluster": "berlin", "values": {"join": JOIN, "name": "${{ cluster.name }}"}}]
    answer = await stack.create(releaseName="shop", valueOverrides=overrides, dryRun=True)
    berlin, paris = answer["plan"]["targets"]
    assert (berlin["action"], berlin["manifest"], berlin["error"]) == ("INSTALL", None, None)
    assert [reason["code"] for reason in berlin["reasons"]] == ["ABSENT", "ENDPOINT"]
    assert berlin["desiredValues"] == {
        "join": "(waits for addresses of Service shop-public on paris)",
        "name": "berlin",
    }
    assert paris["manifest"] is not None
    deployment_id = await made(stack, targets=["paris"])
    await stack.until_status(deployment_id, "paris", "DEPLOYED")
    give_address(members["paris"], "203.0.113.7")

    async def planned() -> Any:
        answer = await stack.update(deployment_id, targets=["paris", "berlin"], valueOverrides=overrides, dryRun=True)
        [found] = [one for one in answer["plan"]["targets"] if one["clusterName"] == "berlin"]
        return found if found["manifest"] else None

    assert "203.0.113.7" in (await eventually(planned))["manifest"]


async def test_the_values_of_a_target_are_kept_when_the_other_one_is_removed(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = await clusters(stack, simulated)
    answer = await stack.create(releaseName="shop", valueOverrides=BERLIN_JOINS)
    deployment_id = answer["deployment"]["id"]
    await stack.until_status(deployment_id, "paris", "DEPLOYED")
    give_address(members["paris"], "203.0.113.7")
    await stack.until_status(deployment_id, "berlin", "DEPLOYED")
    refused = await stack.update(deployment_id, targets=["berlin"])
    assert refused["problems"][0]["message"].endswith("paris is not a target of this deployment.")
    group = (await stack.data('{ clusterGroup(name: "fleet") { id } }'))["clusterGroup"]["id"]
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    await stack.mutate("updateClusterGroup", fields, id=group, members=["berlin"])
    berlin = await until_reasons(stack, deployment_id, "berlin", ["EXPRESSION"])
    assert (await desired(stack, deployment_id))["berlin"] == {"join": ["203.0.113.7"]}
    assert berlin["status"] == "STALE"
