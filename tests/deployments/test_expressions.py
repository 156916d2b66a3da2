"""Expressions in values, evaluated for each cluster. No worker runs, except where one has to install."""

import json
from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from app.deployments.inputs import renew_inputs
from app.targets.judging import judge_targets
from reconcilers.observer import version
from simulator import Member
from tests.deployments.fleets import desired, fleet, made
from tests.pools import crash
from tests.stack import Stack


async def test_expressions_know_the_cluster_its_group_and_the_deployment(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    deployment_id = await made(
        quiet,
        values={
            "host": "${{ deployment.releaseName }}.${{ cluster.name }}.example.com",
            "replicas": "${{ int(cluster.labels[?'size'].orValue('1')) * 2 }}",
            "labels": "${{ cluster.labels }}",
            "region": "${{ cluster.region }}",
            "where": "${{ [group.name, cluster.cloud, cluster.distribution] }}",
            "chart": "${{ deployment.chartName + ' ' + deployment.chartVersion + ' in ' + deployment.namespace }}",
            "new": "${{ cluster.kubernetesVersion.startsWith('v1.') }}",
            "literal": "$${{ cluster.name }}",
            "template": "{{ .Release.Name }}",
        },
        selectorOverrides=[{"select": {"cloud": "google"}, "values": {"host": "${{ cluster.name }}"}}],
    )
    found = await desired(quiet, deployment_id)
    assert found["paris"] == {
        "host": "shop.paris.example.com",
        "replicas": 6,
        "labels": {"tier": "prod", "size": "3"},
        "region": "eu-west-3",
        "where": ["fleet", "amazon", "eks"],
        "chart": "web 1.0.0 in default",
        "new": True,
        "literal": "${{ cluster.name }}",
        "template": "{{ .Release.Name }}",
    }
    assert (found["berlin"]["replicas"], found["tokyo"]["host"], found["tokyo"]["region"]) == (2, "tokyo", None)


INVALID: list[tuple[dict[str, Any], list[str], str]] = [
    (
        {"values": {"a": ["${{ klaster.name }}"]}},
        ["values", "a", "0"],
        "values: a.0: klaster.name: line 1, column 8: undeclared reference to 'klaster.name'.",
    ),
    (
        {"values": {"a": {"b": "${{ cluster.labels.size }}"}}},
        ["values", "a", "b"],
        'values: a.b on berlin: cluster.labels.size: Key not found in map : "size".',
    ),
    (
        {"selectorOverrides": [{"select": {"cloud": "amazon"}, "values": {"a": "x${{ cluster.labels }}"}}]},
        ["selectorOverrides", "0", "values", "a"],
        "selector override 1: a on berlin: cluster.labels: the result is a map, and only a string, a number or a"
        " boolean can be part of a string.",
    ),
    (
        {"valueOverrides": [{"cluster": "tokyo", "values": {"a": "${{ cluster.region + 'x' }}"}}]},
        ["valueOverrides", "tokyo", "a"],
        "override: a on tokyo: cluster.region + 'x': No matching overloads found : _+_(null_type, string).",
    ),
    (
        {"values": {"a": "${{ cluster.name"}},
        ["values", "a"],
        "Not a valid expression: an expression has no end: `}}` is missing. Write $${{ for a literal ${{.",
    ),
    (
        {"selectorOverrides": [{"select": {"kubernetesVersion": "new"}, "values": {}}]},
        ["selectorOverrides", "0", "select", "kubernetesVersion"],
        "'new' is not a version constraint: write it as `>=1.28 <1.31`, `~1.29` or `1.29.x`.",
    ),
    (
        {"targetSelector": {"cloud": "amazom"}},
        ["targetSelector", "cloud"],
        "amazom: the cloud is one of amazon, google, azure, alibaba, oracle, digitalocean, onprem, other.",
    ),
]


async def test_an_error_names_layer_path_and_cluster(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await fleet(quiet, simulated)
    for given, path, message in INVALID:
        answer = await quiet.create(**given)
        assert answer["__typename"] == "ValidationFailed"
        assert {"path": path, "message": message} in answer["problems"]


async def test_undeclared_names_are_refused_even_where_no_target_uses_them(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    override = {"select": {"cloud": "azure"}, "values": {"a": "${{ env.HOME }}"}}
    answer = await quiet.create(selectorOverrides=[override])
    assert answer["problems"][0]["path"] == ["selectorOverrides", "0", "values", "a"]
    answer = await quiet.create(targets=[], values={"a": "${{ secrets.db }}"})
    assert answer["problems"][0]["path"] == ["values", "a"]


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        (
            "['a']" + ".map(a, a + a)" * 17 + ".all(a, a.matches('(a?){1000}b'))",
            "expressions_too_expensive",
            "too expensive: they may use 0.5 s of CPU time and 256 MiB of memory for 50 clusters. Simplify them.",
        ),
        ("['a']" + ".map(a, a + a)" * 29, "invalid_input", "it needs too much memory."),
    ],
)
async def test_expressions_that_cost_too_much_are_refused(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
    simulated: Callable[[str], Member],
    expression: str,
    code: str,
    message: str,
) -> None:
    async with new_stack(working=False, schema_cpu_seconds=0.5) as quiet:
        await fleet(quiet, simulated, "paris")
        answer = await quiet.create(values={"a": f"${{{{ {expression} }}}}"})
        assert (answer["__typename"], answer["code"]) == ("ValidationFailed", code), answer
        assert answer["message"].endswith(message)
        assert (await quiet.create(values={"a": "${{ cluster.name }}"}))["__typename"] == "DeploymentPayload"


async def test_expressions_whose_evaluation_crashes_are_not_called_too_expensive(
    quiet: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    await fleet(quiet, simulated, "paris")
    crash(monkeypatch, "expressions")
    answer = await quiet.create(values={"a": "${{ cluster.name }}"})
    assert (answer["code"], answer["message"]) == (
        "internal",
        "The evaluation of the expressions crashed, which is an error of Polyhelm itself.",
    )


async def test_a_changed_label_makes_the_target_stale_until_it_is_reconciled(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    ids = await fleet(stack, simulated, "paris", "tokyo")
    deployment_id = await stack.deployed(
        values={"replicas": "${{ int(cluster.labels.size) }}"},
        selectorOverrides=[{"select": {"labels": {"tier": "test"}}, "values": {"debug": True}}],
    )
    payload = "... on ClusterPayload { cluster { id } }"
    await stack.mutate("updateCluster", payload, id=ids["paris"], labels={"tier": "test", "size": "4"})
    targets = await stack.targets(deployment_id)
    assert {name: target["status"] for name, target in targets.items()} == {"paris": "STALE", "tokyo": "DEPLOYED"}
    assert [(one["path"], one["desired"], one["actual"]) for one in targets["paris"]["reasons"]] == [
        ("debug", True, None),
        ("replicas", 4, 3),
    ]
    operation = await stack.settled(await stack.reconcile(deployment_id))
    assert operation["state"] == "SUCCEEDED"
    paris = await stack.until_status(deployment_id, "paris", "DEPLOYED")
    assert (paris["values"], paris["generation"]) == ({"replicas": 4, "debug": True}, 1)

    await stack.mutate("updateCluster", payload, id=ids["paris"], labels={"tier": "test"})
    paris = (await stack.targets(deployment_id))["paris"]
    assert (paris["status"], paris["desiredValues"]) == ("STALE", {"replicas": 4, "debug": True})
    assert [(one["code"], one["message"]) for one in paris["reasons"]] == [
        ("EXPRESSION", 'values: replicas on paris: int(cluster.labels.size): Key not found in map : "size".')
    ]
    refused = await stack.update(deployment_id, values={"replicas": "${{ int(cluster.labels.size) }}", "x": 1})
    assert refused["problems"][0]["path"] == ["values", "replicas"]
    await stack.mutate("updateCluster", payload, id=ids["paris"], labels={"tier": "test", "size": "4"})
    assert (await stack.targets(deployment_id))["paris"]["status"] == "DEPLOYED"


async def test_a_new_kubernetes_version_is_noticed_and_makes_targets_stale(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
    simulated: Callable[[str], Member],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(version, "EVERY", 0.2)
    async with new_stack() as stack:
        await stack.fleet({"paris": (paris := simulated("paris")).kubeconfig})
        deployment_id = await stack.deployed(
            selectorOverrides=[{"select": {"kubernetesVersion": ">=1.99"}, "values": {"new": True}}],
            values={"version": "${{ cluster.kubernetesVersion }}"},
        )
        paris.kubernetes_version = "v1.99.1+k3s1"
        target = await stack.until_status(deployment_id, "paris", "STALE")
        assert target["desiredValues"] == {"new": True, "version": "v1.99.1+k3s1"}
        found = await stack.data('{ cluster(name: "paris") { kubernetesVersion } }')
        assert found["cluster"]["kubernetesVersion"] == "v1.99.1+k3s1"
        operation = await stack.settled(await stack.reconcile(deployment_id))
        assert operation["state"] == "SUCCEEDED"


async def test_the_name_of_the_group_is_an_input(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await fleet(quiet, simulated, "paris")
    deployment_id = await made(quiet, values={"group": "${{ group.name }}"})
    group = (await quiet.data('{ clusterGroup(name: "fleet") { id } }'))["clusterGroup"]["id"]
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    await quiet.mutate("updateClusterGroup", fields, id=group, name="shops")
    assert await desired(quiet, deployment_id) == {"paris": {"group": "shops"}}


async def test_secrets_and_expressions_meet_in_one_layer(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await fleet(quiet, simulated, "paris", "tokyo")
    await quiet.mutate(
        "createSecret", "... on SecretPayload { secret { id } }", name="db", data={"password": "hunter2"}
    )
    deployment_id = await made(
        quiet,
        selectorOverrides=[
            {
                "select": {"cloud": "amazon"},
                "values": {"db": {"user": "${{ cluster.name }}"}},
                "valuesFrom": [{"secret": "db", "key": "password", "path": "db.password"}],
            }
        ],
    )
    assert await desired(quiet, deployment_id) == {
        "paris": {"db": {"user": "paris", "password": "••••••••"}},
        "tokyo": {},
    }
    clash = await quiet.create(
        values={"db": "${{ cluster.labels }}"},
        valuesFrom=[{"secret": "db", "key": "password", "path": "db.password"}],
    )
    assert clash["problems"][0]["path"] == ["valuesFrom", "db.password"]


async def test_expressions_are_evaluated_for_a_generation_and_for_a_changed_cluster_only(
    quiet: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await fleet(quiet, simulated)
    pool = quiet.services.expressions
    run, evaluated = pool.run, list[int]()

    async def counted(caller: Hashable, request: bytes) -> bytes:
        evaluated.append(len(json.loads(request)["cases"]))
        return await run(caller, request)

    monkeypatch.setattr(pool, "run", counted)
    deployment_id = await made(quiet, values={"name": "${{ cluster.name }}", "tier": "${{ cluster.labels.tier }}"})
    assert evaluated == [3]
    async with quiet.services.transaction() as transaction:
        await judge_targets(transaction)
    await desired(quiet, deployment_id)
    await quiet.reconcile(deployment_id)
    assert evaluated == [3]
    payload = "... on ClusterPayload { cluster { id } }"
    await quiet.mutate("updateCluster", payload, id=ids["paris"], labels={"tier": "test"})
    assert evaluated == [3, 1]
    await quiet.mutate("updateCluster", payload, id=ids["paris"], labels={"tier": "test"})
    await renew_inputs(quiet.services)
    assert evaluated == [3, 1]
