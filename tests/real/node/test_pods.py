"""The health, the logs and the drift of objects whose pods really run."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.polyhelm import serving
from tests.drift.looking import drift_of
from tests.live.client import Subscription, socket
from tests.live.serving import served
from tests.real.fleet import Fleet
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("node")

TARGET = """query ($id: ID!) { node(id: $id) { ... on Deployment { targets { id status health
  healthReasons { kind name health reason }
  resources(first: 50) { nodes { kind name health reason message } }
} } } }"""
TREE = """query ($id: ID!) { node(id: $id) { ... on DeploymentTarget {
  tree { problems nodes { key parent kind name health } }
} } }"""
LOGS = "($target: ID!, $pod: String) { logs(target: $target, filter: {pod: $pod}) { entries { kind pod text } } }"


async def target(shop: Fleet, deployment_id: str) -> Any:
    [found] = (await shop.stack.data(TARGET, id=deployment_id))["node"]["targets"]
    return found


async def until_judged(shop: Fleet, deployment_id: str, kind: str, name: str, health: str, reason: str | None) -> str:
    """The message of a resource, once it has this health and reason."""

    async def judged() -> Any:
        for each in (await target(shop, deployment_id))["resources"]["nodes"]:
            if (each["kind"], each["name"], each["health"], _lasting(each["reason"])) == (kind, name, health, reason):
                return [each["message"]]
        return None

    [message] = await eventually(judged)
    return str(message)


def _lasting(reason: str | None) -> str | None:
    """The kubelet reports ErrImagePull at each attempt, and ImagePullBackOff in between."""
    return "ImagePullBackOff" if reason == "ErrImagePull" else reason


async def pods(shop: Fleet, deployment_id: str, kind: str, name: str) -> list[str]:
    """The names of the pods below a resource, as its tree has them."""
    found = await shop.stack.data(TREE, id=(await target(shop, deployment_id))["id"])
    tree = found["node"]["tree"]
    assert tree["problems"] == []
    keys = {each["key"] for each in tree["nodes"] if (each["kind"], each["name"]) == (kind, name)}
    while below := {each["key"] for each in tree["nodes"] if each["parent"] in keys} - keys:
        keys |= below
    return [each["name"] for each in tree["nodes"] if each["key"] in keys and each["kind"] == "Pod"]


HEALTHY = [
    ("Deployment", "web", "Deployment is available. Replicas: 1"),
    ("DaemonSet", "agent", "All replicas scheduled as expected. Replicas: 1"),
    ("StatefulSet", "store", "Partition rollout complete. updated: 1"),
    ("Job", "working", "Job Completed. succeeded: 1/1"),
]
NOT_HEALTHY = [  # the worst first, as they are blamed
    (
        *("Deployment", "absent", "DEGRADED", "ImagePullBackOff"),
        r'Pod absent-\w+-\w+: main: .*"127.0.0.1:1/absent:1".*connection refused',
    ),
    (
        *("Deployment", "crashing", "DEGRADED", "CrashLoopBackOff"),
        r"Pod crashing-\w+-\w+: main exited with code 3 \(Error\)(\. (back-off|It was restarted).*)?",
    ),
    ("Job", "failing", "DEGRADED", "Error", r"Pod failing-\w+: main exited with code 4 \(Error\)"),
    ("HorizontalPodAutoscaler", "scaled", "PROGRESSING", "FailedGetResourceMetric", ".*unable to get metrics.*"),
    ("Service", "balancer", "PROGRESSING", "NoAddress", "The load balancer has no address yet"),
    ("HorizontalPodAutoscaler", "idle", "SUSPENDED", "ScalingDisabled", ".*replica count of the target is zero"),
]


@pytest.mark.parametrize(("kind", "name", "message"), HEALTHY, ids=[case[1] for case in HEALTHY])
async def test_a_workload_is_healthy_when_its_pods_are(
    shop: Fleet, shop_id: str, kind: str, name: str, message: str
) -> None:
    assert await until_judged(shop, shop_id, kind, name, "HEALTHY", None) == message


@pytest.mark.parametrize(
    ("kind", "name", "health", "reason", "pattern"), NOT_HEALTHY, ids=[case[1] for case in NOT_HEALTHY]
)
async def test_the_reason_of_a_failed_pod_is_that_of_the_node(
    shop: Fleet, shop_id: str, kind: str, name: str, health: str, reason: str, pattern: str
) -> None:
    message = await until_judged(shop, shop_id, kind, name, health, reason)
    assert re.fullmatch(pattern, message), message


async def test_a_deployed_target_is_degraded_and_blames_each_object_the_worst_first(shop: Fleet, shop_id: str) -> None:
    async def blamed() -> Any:
        found = await target(shop, shop_id)
        reasons = [
            (each["kind"], each["name"], each["health"], _lasting(each["reason"]))
            for each in found["healthReasons"]
            if each["kind"] != "ConfigMap"
        ]
        return found if reasons == [expected[:4] for expected in NOT_HEALTHY] else None

    found = await eventually(blamed)
    assert (found["status"], found["health"]) == ("DEPLOYED", "DEGRADED")


async def test_helm_waits_for_a_rollout_and_its_hook_and_the_target_is_healthy(shop: Fleet) -> None:
    deployment_id = await shop.deployed(chart="node/ready", releaseName="ready", wait=True)
    deployment = await shop.hands["quito"].find("apis/apps/v1/deployments/rolled")
    assert deployment["status"]["readyReplicas"] == 2

    async def healthy() -> bool:
        found = await target(shop, deployment_id)
        return (found["health"], found["healthReasons"]) == ("HEALTHY", [])

    await eventually(healthy)
    assert len(await pods(shop, deployment_id, "Deployment", "rolled")) == 2


async def test_a_log_is_followed_until_its_pod_dies_and_the_pod_that_replaces_it_joins(
    shop: Fleet, shop_id: str
) -> None:
    await until_judged(shop, shop_id, "Deployment", "web", "HEALTHY", None)
    [pod] = await pods(shop, shop_id, "Deployment", "web")
    target_id = (await target(shop, shop_id))["id"]
    hand = shop.hands["quito"]
    async with served(shop.stack) as url, socket(url) as opened:
        followed = await opened.subscribe(f"subscription {LOGS}", target=target_id, pod=pod)
        assert await texts_until(followed, "serving") == ["LINE: serving"]
        everything = await opened.subscribe(f"subscription {LOGS}", target=target_id)
        status, answer = await hand.client.delete(f"/api/v1/namespaces/{shop.namespace}/pods/{pod}")
        assert status == 200, answer
        assert await texts_until(followed, "The pod no longer exists.") == [
            "LINE: stopping",
            "ENDED: The pod no longer exists.",
        ]
        assert await of_another_pod(everything, "web-", pod) == ["JOINED: Container main started.", "LINE: serving"]


async def of_another_pod(subscription: Subscription, prefix: str, but: str) -> list[str]:
    """The first two entries of a pod whose name starts like this and is not `but`."""
    found: list[str] = []
    while len(found) < 2:
        entries = (await subscription.next())["entries"]
        mine = [each for each in entries if (each["pod"] or "").startswith(prefix) and each["pod"] != but]
        found += [f"{each['kind']}: {each['text']}" for each in mine]
    return found


async def texts_until(subscription: Subscription, last: str) -> list[str]:
    found: list[str] = []
    while not any(text.endswith(last) for text in found):
        found += [f"{each['kind']}: {each['text']}" for each in (await subscription.next())["entries"]]
    return found


async def test_the_program_prints_what_a_container_wrote_before_it_crashed(
    shop: Fleet, shop_id: str, tmp_path: Path
) -> None:
    [pod] = await eventually(lambda: pods(shop, shop_id, "Deployment", "crashing"))
    async with serving(shop.stack, tmp_path / "home") as program:

        async def has_crashed() -> bool:
            found = await program("logs", f"fleet/shop/{pod}", "--previous", "-o", "json")
            return [line["text"] for line in found.data] == ["out of paper"]

        await eventually(has_crashed)

        async def is_described() -> bool:
            described = await program.fine("describe", "fleet/shop", f"Pod/{pod}")
            return any("Back-off restarting failed container main" in line for line in described)

        await eventually(is_described)


async def test_objects_that_are_edited_and_deleted_by_hand_are_found(shop: Fleet, shop_id: str) -> None:
    hand = shop.hands["quito"]
    await until_judged(shop, shop_id, "Deployment", "scaled", "HEALTHY", None)
    edited = hand._path("configmaps/edited")
    status, answer = await hand.client.patch(edited, {"data": {"color": "red"}}, fieldManager="kubectl-edit")
    assert status == 200, answer
    status, answer = await hand.client.delete(hand._path("configmaps/deleted"))
    assert status == 200, answer
    message = await until_judged(shop, shop_id, "ConfigMap", "deleted", "MISSING", "NotFound")
    assert message == "The release has this ConfigMap, and the cluster does not."

    async def drifted() -> Any:
        [found] = (await drift_of(shop.stack, shop_id))["targets"]
        return found if found["liveDrift"]["drifted"] == 2 else None

    found = await eventually(drifted)
    deleted, change = found["liveDrift"]["differences"]
    assert (deleted["kind"], deleted["name"], deleted["isMissing"]) == ("ConfigMap", "deleted", True)
    field = change["field"]
    assert (change["kind"], change["name"], change["isMissing"]) == ("ConfigMap", "edited", False)
    assert (field["path"], field["wanted"], field["live"], field["changedBy"]) == (
        *("/data/color", "blue", "red"),
        "kubectl-edit",
    )


async def test_replicas_that_an_autoscaler_has_added_are_no_drift(shop: Fleet, shop_id: str) -> None:
    async def scaled() -> Any:
        [found] = (await drift_of(shop.stack, shop_id))["targets"]
        [node] = [
            each for each in found["resources"]["nodes"] if (each["kind"], each["name"]) == ("Deployment", "scaled")
        ]
        return node if node["differences"] else None

    node = await eventually(scaled)
    assert node["differences"] == [
        {"path": "/spec/replicas", "wanted": 1, "live": 2, "ignoredBy": "HorizontalPodAutoscaler scaled"}
    ]
    assert node["drift"] == "NONE"
    assert len(await pods(shop, shop_id, "Deployment", "scaled")) == 2
