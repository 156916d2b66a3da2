"""Live objects of a target: its tree, and one object with its events and its YAML."""

from collections.abc import Callable
from typing import Any

from app.tables.identity import Role
from simulator import Member
from tests.identity.callers import token_of
from tests.resources.charts import chart
from tests.resources.looking import deployed, until_health
from tests.resources.pods import add_pod, event, pod_below, replica_set
from tests.stack import TOKEN as ADMIN
from tests.stack import Stack

TREE = """query ($id: ID!) { node(id: $id) { ... on Deployment { targets { tree {
  problems nodes { key parent kind name health reason containers { name state restarts ready } }
} } } } }"""
OBJECT = """query ($id: ID!, $kind: String!, $name: String!, $namespace: String, $first: Int! = 20) {
  node(id: $id) { ... on Deployment { targets { liveObject(kind: $kind, name: $name, namespace: $namespace) {
    apiVersion kind namespace name exists health
    events(first: $first) { type reason message source count lastAt } liveYaml
  } } } }
}"""
CRONJOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    metadata: {labels: {app: nightly}}
    spec:
      template: {spec: {restartPolicy: Never, containers: [{name: task, image: "registry.test/task:1"}]}}
"""


async def tree_of(stack: Stack, deployment_id: str) -> Any:
    [target] = (await stack.data(TREE, id=deployment_id))["node"]["targets"]
    return target["tree"]


async def object_of(stack: Stack, deployment_id: str, token: str | None = ADMIN, **asked: Any) -> Any:
    [target] = (await stack.data(OBJECT, token, id=deployment_id, **asked))["node"]["targets"]
    return target["liveObject"]


async def test_a_tree_leads_from_the_resources_of_a_target_to_its_pods_and_their_containers(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment", "config-map", cronjob=CRONJOB)
    await until_health(stack, "HEALTHY")
    [cron] = paris.objects("cronjobs", "batch")
    template = cron["spec"]["jobTemplate"]["spec"]["template"] | {"metadata": {"labels": {"job-name": "nightly-1"}}}
    job: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": template}}
    job["spec"]["selector"] = {"matchLabels": {"job-name": "nightly-1"}}
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": cron["metadata"]["uid"]}
    job["metadata"] = {"name": "nightly-1", "namespace": "default", "labels": {"app": "nightly"}}
    job["metadata"]["ownerReferences"] = [owner | {"controller": True}]
    paris.put("pods", pod_below(paris.put("jobs", job, "batch"), "nightly-1-x", containers=("task",)))
    add_pod(paris, "shop-1")
    stranger = pod_below(replica_set(paris), "stranger")
    stranger["metadata"]["ownerReferences"][0]["uid"] = "of-another-owner"
    paris.put("pods", stranger)
    writes = paris.writes

    found = await tree_of(stack, deployment_id)
    assert found["problems"] == []
    by_key = {node["key"]: node for node in found["nodes"]}
    names = {f"{node['kind']}/{node['name']}": by_key.get(node["parent"], {}).get("kind") for node in found["nodes"]}
    assert names == {
        "ConfigMap/shop": None,
        "CronJob/nightly": None,
        "Deployment/shop": None,
        f"ReplicaSet/{replica_set(paris)['metadata']['name']}": "Deployment",
        "Job/nightly-1": "CronJob",
        "Pod/nightly-1-x": "Job",
        "Pod/shop-1": "ReplicaSet",
    }
    [shop] = [node for node in found["nodes"] if node["name"] == "shop-1"]
    assert shop["containers"] == [{"name": "web", "state": "RUNNING", "restarts": 0, "ready": True}]
    assert paris.writes == writes


async def test_an_object_shows_its_events_newest_first_and_its_yaml(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    pod = add_pod(paris, "shop-1")
    paris.put("events", event(pod, "BackOff", "second", "2026-11-30T12:00:02Z", count=7))
    paris.put("events", event(pod, "Pulled", "first", "2026-11-30T12:00:01Z", type="Normal"))
    paris.put("events", event(replica_set(paris), "Other", "of another object", "2026-11-30T12:00:03Z"))
    found = await object_of(stack, deployment_id, kind="Pod", name="shop-1")
    assert [(each["reason"], each["message"], each["count"]) for each in found["events"]] == [
        ("BackOff", "second", 7),
        ("Pulled", "first", 1),
    ]
    assert found["events"][0]["source"] == "kubelet"
    assert "nodeName: node-1" in found["liveYaml"]
    newest = await object_of(stack, deployment_id, kind="Pod", name="shop-1", first=1)
    assert [each["reason"] for each in newest["events"]] == ["BackOff"]


async def test_only_objects_of_the_target_can_be_read(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    paris.put("secrets", {"metadata": {"name": "other", "namespace": "default"}, "stringData": {"a": "b"}})
    stranger = pod_below(replica_set(paris), "stranger")
    stranger["metadata"]["ownerReferences"][0]["uid"] = "of-another-owner"
    paris.put("pods", stranger)
    paris.put("pods", {"metadata": {"name": "alone", "namespace": "default"}, "spec": {"containers": []}})
    for kind, name in (("Secret", "other"), ("Pod", "stranger"), ("Pod", "alone"), ("Pod", "none")):
        assert await object_of(stack, deployment_id, kind=kind, name=name) is None, (kind, name)


async def test_the_data_of_secrets_and_values_from_secrets_are_hidden_in_yaml(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {url: {{ .Values.url | quote }}, a: b}"
    await stack.upload(chart("secret", version="2.0.0", config=config))
    data = {"url": "postgres://canary-of-the-database"}
    await stack.mutate("createSecret", "... on SecretPayload { __typename }", name="db", data=data)
    given = {"chart": "charts/web", "version": "2.0.0"}
    taken = [{"secret": "db", "key": "url", "path": "url"}]
    deployment_id = await stack.deployed(releaseName="shop", valuesFrom=taken, **given)
    await until_health(stack, "HEALTHY")
    token = await token_of(stack, Role.VIEWER)
    secret = await object_of(stack, deployment_id, token, kind="Secret", name="shop")
    config_map = await object_of(stack, deployment_id, token, kind="ConfigMap", name="shop")
    assert "password: ••••••••" in secret["liveYaml"]
    assert "url: ••••••••\n" in config_map["liveYaml"]
    assert "a: b\n" in config_map["liveYaml"]
    assert "canary" not in str(secret) + str(config_map)
    paris.operations.delete(*_config_map(paris))
    missing = await object_of(stack, deployment_id, token, kind="ConfigMap", name="shop")
    assert (missing["exists"], missing["liveYaml"]) == (False, None)


def _config_map(member: Member) -> Any:
    from simulator.operations import Deletion

    resource = member.catalog.find("", "v1", "configmaps")
    return resource, "default", "shop", Deletion.of({}, dry_run=False, propagation="")


async def test_a_cluster_that_cannot_be_reached_is_named_in_the_error(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    paris.faults.down = True
    answer = await stack.ask(TREE, id=deployment_id)
    assert answer["errors"][0]["extensions"]["code"] == "cluster_unreachable"
    assert answer["errors"][0]["message"].startswith("paris: ")
