"""Layers of values: overrides by selector, targets by selector, and expressions. No worker runs, except where one has
to install."""

import json
from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from app.deployments.inputs import renew_inputs
from app.targets.judging import judge_targets
from reconcilers.observer import version
from simulator import Member
from tests.stack import Stack

WANTED = """query ($id: ID!) { node(id: $id) { ... on Deployment {
  generation
  selectorOverrides { select { labels cloud region distribution kubernetesVersion text } values valuesYaml }
  targetSelector { text } pendingMembership { joining leaving }
  targets { clusterName desiredValues status }
  desired { targets listedTargets targetSelector { labels } }
  history { nodes { generation targets selectorOverrides { values } targetSelector { text } } }
} } }"""

CLUSTERS: dict[str, dict[str, Any]] = {
    "paris": {"cloud": "amazon", "distribution": "eks", "region": "eu-west-3", "labels": {"tier": "prod", "size": "3"}},
    "berlin": {"cloud": "amazon", "distribution": "eks", "region": "eu-central-1", "labels": {"tier": "test"}},
    "tokyo": {"cloud": "google", "distribution": "gke", "labels": {"tier": "prod", "size": "5"}},
}


async def fleet(stack: Stack, simulated: Callable[[str], Member], *names: str) -> dict[str, str]:
    """Registers clusters of CLUSTERS in a group; returns their ids by name."""
    names = names or tuple(CLUSTERS)
    await stack.fleet({})
    ids = {}
    for name in names:
        ids[name] = (await stack.register(name, simulated(name).kubeconfig, **CLUSTERS[name]))["cluster"]["id"]
    await members(stack, *names)
    return ids


async def members(stack: Stack, *names: str) -> None:
    group = (await stack.data('{ clusterGroup(name: "fleet") { id } }'))["clusterGroup"]["id"]
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    await stack.mutate("updateClusterGroup", fields, id=group, members=list(names))


async def wanted(stack: Stack, deployment_id: str) -> Any:
    return (await stack.data(WANTED, id=deployment_id))["node"]


async def desired(stack: Stack, deployment_id: str) -> dict[str, Any]:
    return {one["clusterName"]: one["desiredValues"] for one in (await wanted(stack, deployment_id))["targets"]}


async def made(stack: Stack, **given: Any) -> str:
    answer = await stack.create(releaseName="shop", **given)
    assert answer["__typename"] == "DeploymentPayload", answer
    deployment_id: str = answer["deployment"]["id"]
    return deployment_id


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


async def test_a_cluster_that_comes_to_match_is_pending_until_the_next_generation(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    ids = await fleet(quiet, simulated)
    deployment_id = await made(quiet, targetSelector={"labels": {"tier": "prod"}}, targets=["berlin"])
    found = await wanted(quiet, deployment_id)
    assert found["desired"] == {
        "targets": ["berlin", "paris", "tokyo"],
        "listedTargets": ["berlin"],
        "targetSelector": {"labels": {"tier": "prod"}},
    }
    assert found["pendingMembership"] == {"joining": [], "leaving": []}
    deployment_id = await made_second(quiet)
    found = await wanted(quiet, deployment_id)
    assert found["desired"]["targets"] == ["paris", "tokyo"]

    payload = "... on ClusterPayload { cluster { id } }"
    await quiet.mutate("updateCluster", payload, id=ids["berlin"], labels={"tier": "prod"})
    await quiet.mutate("updateCluster", payload, id=ids["tokyo"], labels={"tier": "test"})
    found = await wanted(quiet, deployment_id)
    assert found["generation"] == 1
    assert [target["clusterName"] for target in found["targets"]] == ["paris", "tokyo"]
    assert found["pendingMembership"] == {"joining": ["berlin"], "leaving": ["tokyo"]}

    plan = (await quiet.update(deployment_id, dryRun=True))["plan"]["targets"]
    assert [(one["clusterName"], one["action"]) for one in plan] == [
        ("berlin", "INSTALL"),
        ("paris", "INSTALL"),
        ("tokyo", "NONE"),
    ]
    answer = await quiet.update(deployment_id)
    assert answer["deployment"]["generation"] == 2
    found = await wanted(quiet, deployment_id)
    assert found["desired"]["targets"] == ["berlin", "paris"]
    assert found["pendingMembership"] == {"joining": [], "leaving": []}
    assert (await quiet.update(deployment_id))["operation"] is None


async def made_second(stack: Stack) -> str:
    answer = await stack.create(releaseName="second", targetSelector={"labels": {"tier": "prod"}})
    deployment_id: str = answer["deployment"]["id"]
    return deployment_id


async def test_clusters_that_cease_to_match_leave_under_the_guard(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    ids = await fleet(quiet, simulated)
    deployment_id = await made(quiet, targetSelector={"labels": {"tier": ["prod", "test"]}})
    for cluster_id in ids.values():
        await quiet.mutate("updateCluster", "... on ClusterPayload { cluster { id } }", id=cluster_id, labels={})
    assert (await wanted(quiet, deployment_id))["pendingMembership"]["leaving"] == ["berlin", "paris", "tokyo"]
    refused = await quiet.update(deployment_id)
    assert (refused["__typename"], refused["code"]) == ("RemovalUnconfirmed", "removal_unconfirmed")
    assert (await wanted(quiet, deployment_id))["generation"] == 1
    confirmed = await quiet.update(deployment_id, confirmRemoval=3)
    assert confirmed["deployment"]["generation"] == 2
    assert (await wanted(quiet, deployment_id))["desired"]["targets"] == []


async def test_a_list_replaces_the_selector_and_a_selector_the_list(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    deployment_id = await made(quiet, targetSelector={}, targets=None)
    assert (await wanted(quiet, deployment_id))["targetSelector"] == {"text": "every cluster"}
    await quiet.update(deployment_id, targets=["berlin", "paris", "tokyo"])
    found = await wanted(quiet, deployment_id)
    assert (found["generation"], found["targetSelector"]) == (2, None)
    await quiet.update(deployment_id, targetSelector={"cloud": "amazon"}, targets=["tokyo"])
    assert (await wanted(quiet, deployment_id))["desired"]["targets"] == ["berlin", "paris", "tokyo"]
    await quiet.update(deployment_id, targetSelector={"cloud": "amazon"})
    assert (await wanted(quiet, deployment_id))["desired"]["targets"] == ["berlin", "paris"]


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


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
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
            "selector override 1: a on berlin: cluster.labels: the result is a map, and only a text, a number or a"
            " boolean can be a part of a text.",
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
    ],
)
async def test_an_error_names_layer_path_and_cluster(
    quiet: Stack, simulated: Callable[[str], Member], given: dict[str, Any], path: list[str], message: str
) -> None:
    await fleet(quiet, simulated)
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


async def test_a_renamed_cluster_stays_a_listed_target(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    ids = await fleet(quiet, simulated)
    deployment_id = await made(
        quiet, targetSelector={"cloud": "google"}, targets=["paris"], values={"name": "${{ cluster.name }}"}
    )
    await quiet.mutate("updateCluster", "... on ClusterPayload { cluster { id } }", id=ids["paris"], name="lyon")
    found = await wanted(quiet, deployment_id)
    assert found["desired"]["listedTargets"] == ["lyon"]
    assert found["pendingMembership"] == {"joining": [], "leaving": []}
    assert (await desired(quiet, deployment_id))["lyon"] == {"name": "lyon"}


async def test_a_member_that_leaves_the_group_leaves_the_listed_targets(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    deployment_id = await made(
        quiet,
        targetSelector={"cloud": "google"},
        targets=["paris"],
        values={"name": "${{ cluster.name }}"},
        valueOverrides=[{"cluster": "paris", "values": {"a": 1}}],
    )
    await members(quiet, "berlin", "tokyo")
    found = await wanted(quiet, deployment_id)
    assert (found["generation"], found["desired"]["targets"], found["desired"]["listedTargets"]) == (2, ["tokyo"], [])
    assert (await desired(quiet, deployment_id))["tokyo"] == {"name": "tokyo"}


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


async def test_an_editor_learns_which_members_a_selector_matches(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, simulated)
    query = """query ($group: String!, $selector: ClusterSelectorInput!) {
      selectClusters(group: $group, selector: $selector) { clusters problems { path message } } }"""

    async def matching(selector: dict[str, Any], group: str = "fleet") -> Any:
        return (await quiet.data(query, group=group, selector=selector))["selectClusters"]

    found = await matching({"labels": {"tier": ["prod", "stage"]}, "kubernetesVersion": ">=1.20"})
    assert found == {"clusters": ["paris", "tokyo"], "problems": []}
    assert (await matching({}))["clusters"] == ["berlin", "paris", "tokyo"]
    assert (await matching({}, "none"))["clusters"] == []
    wrong = await matching({"kubernetesVersion": "newest"})
    assert (wrong["clusters"], [one["path"] for one in wrong["problems"]]) == ([], [["kubernetesVersion"]])


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
