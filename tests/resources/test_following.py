"""The objects of releases on a member, followed from their records and by watches."""

from collections.abc import Callable

import pytest

from simulator import Member
from tests.faults.failures import Hang, Wrong
from tests.faults.proxy import Proxy
from tests.faults.requests import Request
from tests.live import hands
from tests.resources.charts import chart
from tests.resources.looking import deployed, healths, rows, target, until_health, until_rows
from tests.resources.pods import add_pod, running, set_status
from tests.stack import Stack, eventually

ALL = {
    "ClusterRole/shop": "HEALTHY",
    "ConfigMap/shop": "HEALTHY",
    "Deployment/shop": "HEALTHY",
    "Ingress/shop": "HEALTHY",
    "Job/shop-migrate": "HEALTHY",
    "Secret/shop": "HEALTHY",
}
DEPLOYMENTS = ("apps", "deployments")
WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.test.example"},
    "spec": {
        "group": "test.example",
        "names": {"plural": "widgets", "kind": "Widget"},
        "scope": "Namespaced",
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}
WIDGET = "apiVersion: test.example/v1\nkind: Widget\nmetadata:\n  name: shop\n"


def change(member: Member, kind: tuple[str, str], **changed: object) -> None:
    """Writes parts of the object `shop` as a controller would."""
    record = member.store.get(kind, "default", "shop")
    assert record is not None
    member.store.put(kind, record.object() | changed)


def is_ours(request: Request) -> bool:
    return request.headers.get("User-Agent") == "polyhelm"


def delete(member: Member, kind: tuple[str, str]) -> None:
    record = member.store.get(kind, "default", "shop")
    assert record is not None
    member.store.remove(kind, record)


async def test_the_objects_of_a_release_are_listed_with_what_a_screen_shows(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(stack, paris)
    await until_health(stack, "HEALTHY")
    found = await rows(stack)
    assert {name: row.health.value for name, row in found.items()} == ALL
    deployment, ingress, role = found["Deployment/shop"], found["Ingress/shop"], found["ClusterRole/shop"]
    assert (deployment.api_group, deployment.api_version, deployment.namespace) == ("apps", "v1", "default")
    assert (deployment.images, ingress.hosts) == (["registry.test/web:1.0"], ["shop.shop.test"])
    assert (role.namespace, role.origin, found["Job/shop-migrate"].origin) == ("", "MANIFEST", "HOOK")
    assert all(row.uid for row in found.values())
    assert "canary-in-the-coal-mine" not in str([row.model_dump() for row in found.values()])


async def test_an_object_that_somebody_deletes_is_missing_until_it_is_back(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(stack, paris, "deployment", "config-map")
    await until_health(stack, "HEALTHY")
    [found] = paris.objects("configmaps", namespace="default")
    delete(paris, ("", "configmaps"))
    await until_health(stack, "MISSING", "ConfigMap/shop: NotFound")
    paris.store.put(("", "configmaps"), found)
    await until_health(stack, "HEALTHY")


async def test_an_object_that_has_lost_its_label_is_not_missing(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(stack, paris, "deployment", "config-map")
    await until_health(stack, "HEALTHY")
    before = paris.requests["get configmaps"]
    [found] = paris.objects("configmaps", namespace="default")
    found["metadata"]["labels"] = {}
    paris.store.put(("", "configmaps"), found)
    delete(paris, DEPLOYMENTS)
    await until_health(stack, "MISSING", "Deployment/shop: NotFound")
    assert paris.requests["get configmaps"] > before
    assert (await healths(stack))["ConfigMap/shop"] == "HEALTHY"


async def test_a_workload_that_fails_is_degraded_in_the_words_of_its_container(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    paris.faults.stuck = True
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "shop-1", "labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "web", "image": "registry.test/web:1.0"}]},
    }
    paris.put("pods", pod)
    record = paris.store.get(("", "pods"), "default", "shop-1")
    assert record is not None
    containers = [{"name": "web", "ready": False, "restartCount": 3, "state": {"waiting": waiting}}]
    ready = [{"type": "Ready", "status": "False"}]
    status = {"phase": "Running", "containerStatuses": containers, "conditions": ready}
    paris.store.put(("", "pods"), record.object() | {"status": status})
    found = paris.objects("deployments", "apps")[0]
    change(paris, DEPLOYMENTS, status=found["status"] | {"readyReplicas": 0, "availableReplicas": 0})
    failed = await until_health(stack, "DEGRADED", "Deployment/shop: " + (await blamed_reason(stack)))
    assert "Pod shop-1" in failed.health_reasons[0]["message"]
    change(paris, DEPLOYMENTS, status=found["status"])
    await until_health(stack, "HEALTHY")


async def test_a_crash_during_a_change_is_reported_by_a_watch_of_the_pods(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("_FIRST_PAUSE", "_LONGEST_PAUSE"):
        monkeypatch.setattr(f"reconcilers.observer.resources.pods.{pause}", 3600)
    paris = simulated("paris")
    await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    watches = paris.requests["watch pods"]
    set_ready(paris, 0)

    async def is_watched() -> bool:
        return paris.requests["watch pods"] > watches

    await eventually(is_watched)
    add_pod(paris, "shop-1", containerStatuses=[crashed()])
    found = await until_rows(stack, lambda found: found["Deployment/shop"].health == "DEGRADED")
    assert found["Deployment/shop"].message == "Pod shop-1: web exited with code 3 (Error)"
    set_status(paris, "shop-1", containerStatuses=[running("web", restarts=1)])
    set_ready(paris, 1)
    await until_health(stack, "HEALTHY")


async def test_a_workload_that_is_ready_between_two_crashes_stays_degraded(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    set_ready(paris, 0)
    add_pod(paris, "shop-1", containerStatuses=[crashed(restarts=1)])
    await until_health(stack, "DEGRADED", "Deployment/shop: CrashLoopBackOff")
    between = running("web", restarts=2) | {"lastState": crashed()["state"]}
    just_now = between | {"state": {"running": {"startedAt": "2100-01-01T00:00:00Z"}}}
    set_status(paris, "shop-1", containerStatuses=[just_now])
    lists = paris.requests["list pods"]
    set_ready(paris, 1)

    async def listed_again() -> bool:
        return paris.requests["list pods"] > lists

    await eventually(listed_again)
    await until_rows(stack, lambda found: "has run for less than 30 s" in (found["Deployment/shop"].message or ""))
    assert (await target(stack)).health == "DEGRADED"
    set_status(paris, "shop-1", containerStatuses=[between | {"state": {"running": {"startedAt": LONG_AGO}}}])
    [found] = paris.objects("deployments", "apps")
    change(paris, DEPLOYMENTS, metadata=found["metadata"] | {"finalizers": []})
    await until_health(stack, "HEALTHY")


LONG_AGO = "2026-01-01T00:00:00Z"


def crashed(*, restarts: int = 0) -> dict[str, object]:
    ended = {"exitCode": 3, "reason": "Error", "startedAt": LONG_AGO, "finishedAt": LONG_AGO}
    return running("web", restarts=restarts) | {"ready": False, "state": {"terminated": ended}}


def set_ready(member: Member, replicas: int) -> None:
    """Writes how many pods of the Deployment are ready, which no controller changes afterwards."""
    member.faults.stuck = True
    [found] = member.objects("deployments", "apps")
    status = found["status"] | {"readyReplicas": replicas, "availableReplicas": replicas}
    change(member, DEPLOYMENTS, status=status)


async def blamed_reason(stack: Stack) -> str:
    found = await until_rows(stack, lambda found: found["Deployment/shop"].health == "DEGRADED")
    return str(found["Deployment/shop"].reason)


async def test_resources_of_a_new_revision_replace_those_of_the_old_one(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment", "config-map")
    await until_health(stack, "HEALTHY")
    before = await rows(stack)
    await stack.upload(chart("deployment", "ingress", version="3.0.0"))
    await stack.settled(await stack.update(deployment_id, version="3.0.0", values={"tag": "2.0"}))
    after = await until_rows(stack, lambda found: set(found) == {"Deployment/shop", "Ingress/shop"})
    await until_rows(stack, lambda found: found["Deployment/shop"].images == ["registry.test/web:2.0"])
    assert after["Deployment/shop"].id == before["Deployment/shop"].id
    assert after["Deployment/shop"].manifest_digest != before["Deployment/shop"].manifest_digest
    await stack.delete(deployment_id)
    await until_rows(stack, lambda found: not found)


async def test_a_kind_that_the_member_does_not_know_is_not_checked_until_it_does(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconcilers.observer.resources.inventories._AGAIN", 0.2)
    paris = simulated("paris")
    await deployed(stack, paris, "deployment")
    await until_health(stack, "HEALTHY")
    hands.rewrite(paris, "shop", lambda record: record.update(manifest=f"{record['manifest']}---\n{WIDGET}"))
    healthy = await until_health(stack, "HEALTHY", "Widget/shop: NotServed")
    assert healthy.health_reasons[0]["message"] == "The cluster does not serve test.example/v1 Widget."
    paris.put("customresourcedefinitions", WIDGETS, "apiextensions.k8s.io")
    await until_health(stack, "MISSING", "Widget/shop: NotFound")
    metadata = {"name": "shop", "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    paris.put("widgets", {"apiVersion": "test.example/v1", "kind": "Widget", "metadata": metadata}, "test.example")
    await until_health(stack, "HEALTHY")


async def test_nothing_is_known_of_resources_on_a_member_that_cannot_be_asked(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await deployed(stack, paris, "deployment", "config-map")
    await until_health(stack, "HEALTHY")
    paris.faults.down = True
    unknown = await until_health(stack, "UNKNOWN")
    assert unknown.status == "UNKNOWN"
    delete(paris, ("", "configmaps"))
    paris.faults.down = False
    await stack.until_status(deployment_id, "paris", "DEPLOYED")
    await until_health(stack, "MISSING", "ConfigMap/shop: NotFound")


async def test_the_status_of_a_release_does_not_wait_for_its_resources(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        proxy.fault(Hang(), method="GET", path="/apis/apps/v1/deployments$")
        await stack.fleet({"paris": proxy.kubeconfig})
        await stack.upload(chart("deployment", version="2.0.0"))
        deployment_id = await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0")
        await stack.until_status(deployment_id, "paris", "DEPLOYED")
        hands.upgrade(paris, "shop", {"replicas": 2})
        await stack.until_status(deployment_id, "paris", "STALE")
        assert (await target(stack)).health != "HEALTHY"
        proxy.heal()
        await until_health(stack, "HEALTHY")


async def test_unchanged_resources_are_not_written_again(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    await deployed(stack, paris, "deployment", "config-map")
    await until_health(stack, "HEALTHY")
    before = await rows(stack)
    [found] = paris.objects("configmaps", namespace="default")
    change(paris, ("", "configmaps"), data={"a": "b"})
    delete(paris, DEPLOYMENTS)
    await until_health(stack, "MISSING", "Deployment/shop: NotFound")
    after = await rows(stack)
    assert after["ConfigMap/shop"].observed_at == before["ConfigMap/shop"].observed_at
    assert found["metadata"]["resourceVersion"] == before["ConfigMap/shop"].resource_version


async def test_a_kind_that_the_credentials_may_not_read_is_not_checked_and_named(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    refusal = b'{"kind":"Status","code":403,"reason":"Forbidden","message":"ingresses is forbidden"}'
    async with Proxy(paris.kubeconfig) as proxy:
        # Helm asks for single ones by its own name.
        proxy.fault(Wrong(403, refusal), method="GET", path="/ingresses", where=is_ours)
        await stack.fleet({"paris": proxy.kubeconfig})
        await stack.upload(chart("deployment", "ingress", version="2.0.0"))
        await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0")
        healthy = await until_health(stack, "HEALTHY", "Ingress/shop: Forbidden")
        assert healthy.status == "DEPLOYED"
        assert healthy.health_reasons[0]["message"] == "The credentials do not allow this: ingresses is forbidden"


async def test_changes_while_watches_are_interrupted_are_seen_afterwards(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        await stack.fleet({"paris": proxy.kubeconfig})
        await stack.upload(chart("deployment", "config-map", version="2.0.0"))
        await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0")
        await until_health(stack, "HEALTHY")
        proxy.reset()
        delete(paris, ("", "configmaps"))
        await until_health(stack, "MISSING", "ConfigMap/shop: NotFound")
