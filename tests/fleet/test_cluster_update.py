"""Changing a registered cluster: nothing that hangs on it is lost."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.live import hands
from tests.stack import Stack, eventually

CLUSTER = """query ($name: String!) { cluster(name: $name) {
  id name cloud distribution region labels server uid answeringUid kubernetesVersion credentialsExpireAt
  reachability reachabilityMessage group { name }
} }"""
PAYLOAD = "... on ClusterPayload { __typename cluster { id name region labels uid reachability } }"


async def cluster(stack: Stack, name: str) -> Any:
    return (await stack.data(CLUSTER, name=name))["cluster"]


async def until(stack: Stack, name: str, reachability: str) -> Any:
    async def is_so() -> Any:
        found = await cluster(stack, name)
        return found if found["reachability"] == reachability else None

    return await eventually(is_so)


async def change(stack: Stack, name: str, /, **given: Any) -> Any:
    return await stack.mutate("updateCluster", PAYLOAD, id=(await cluster(stack, name))["id"], **given)


async def confirm(stack: Stack, name: str, uid: str) -> Any:
    return await stack.mutate("confirmCluster", PAYLOAD, id=(await cluster(stack, name))["id"], uid=uid)


async def test_fields_that_an_update_omits_stay_unchanged(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig, region="eu", labels={"tier": "one"}, cloud="google")
    before = await cluster(quiet, "paris")
    for given in ({}, {"region": None, "labels": None, "cloud": None, "name": None, "kubeconfig": None}):
        assert (await change(quiet, "paris", **given))["__typename"] == "ClusterPayload"
        assert await cluster(quiet, "paris") == before
    await change(quiet, "paris", cloud="amazon")
    assert await cluster(quiet, "paris") == before | {"cloud": "amazon"}
    await change(quiet, "paris", region="", labels={})
    assert await cluster(quiet, "paris") == before | {"cloud": "amazon", "region": None, "labels": {}}


async def test_all_problems_are_reported_at_once_and_nothing_is_changed(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig)
    before = await cluster(quiet, "paris")
    wrong: dict[str, Any] = {"name": "Paris!", "cloud": "moon", "distribution": "cheese", "labels": {"a": 1}}
    answer = await change(quiet, "paris", region="\n", **wrong)
    assert [problem["path"] for problem in answer["problems"]] == [
        *(["name"], ["cloud"], ["distribution"], ["region"], ["labels", "a"])
    ]
    assert await cluster(quiet, "paris") == before


async def test_a_kubeconfig_of_another_cluster_is_refused_with_both_uids(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await quiet.register("paris", paris.kubeconfig)
    before = await cluster(quiet, "paris")
    answer = await change(quiet, "paris", kubeconfig=berlin.kubeconfig, region="eu")
    assert (answer["__typename"], answer["code"], answer["path"]) == ("Conflict", "cluster_mismatched", ["kubeconfig"])
    assert hands.uid(paris) in answer["message"]
    assert hands.uid(berlin) in answer["message"]
    assert await cluster(quiet, "paris") == before


async def test_new_credentials_that_do_not_work_are_refused_and_the_old_ones_stay(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await quiet.register("paris", paris.kubeconfig)
    answer = await change(quiet, "paris", kubeconfig=paris.kubeconfig.replace(paris.token, "wrong"))
    assert (answer["__typename"], answer["code"]) == ("ValidationFailed", "cluster_unauthorized")
    assert answer["message"] == "The API server does not accept the credentials (401)."


async def test_a_name_that_is_taken_is_a_conflict(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    for name in ("paris", "berlin"):
        await quiet.register(name, simulated(name).kubeconfig)
    answer = await change(quiet, "paris", name="berlin")
    assert (answer["__typename"], answer["code"], answer["path"]) == ("Conflict", "name_taken", ["name"])


async def test_a_new_name_keeps_targets_overrides_and_history(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    overrides = [{"cluster": "paris", "values": {"color": "red"}}]
    shop = await stack.deployed(releaseName="shop", values={"color": "blue"}, valueOverrides=overrides)
    await stack.settled(await stack.update(shop, values={"color": "green"}))
    writes = paris.writes
    assert (await change(stack, "paris", name="lutetia"))["cluster"]["name"] == "lutetia"
    assert (await cluster(stack, "lutetia"))["group"] == {"name": "fleet"}
    targets = await stack.targets(shop)
    assert {name: target["status"] for name, target in targets.items()} == {"berlin": "DEPLOYED", "lutetia": "DEPLOYED"}
    query = """query ($id: ID!) { node(id: $id) { ... on Deployment {
      generation history { nodes { generation targets valueOverrides { cluster values } } }
    } } }"""
    found = (await stack.data(query, id=shop))["node"]
    assert found["generation"] == 2
    for revision in found["history"]["nodes"]:
        assert sorted(revision["targets"]) == ["berlin", "lutetia"]
        assert revision["valueOverrides"] == [{"cluster": "lutetia", "values": {"color": "red"}}]
    answer = await stack.reconcile(shop)
    assert {(one["clusterName"], one["action"]) for one in (await stack.settled(answer))["results"]} == {
        *(("berlin", "NONE"), ("lutetia", "NONE"))
    }
    assert paris.writes == writes


async def test_an_earlier_owner_of_the_name_leaves_nothing_to_the_cluster_that_takes_it(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = {name: simulated(name).kubeconfig for name in ("paris", "berlin")}
    await stack.fleet(members)
    overrides = [{"cluster": "berlin", "values": {"color": "red"}}, {"cluster": "paris", "values": {"color": "blue"}}]
    shop = await stack.deployed(releaseName="shop", valueOverrides=overrides)
    berlin = (await cluster(stack, "berlin"))["id"]
    await stack.mutate("removeCluster", "... on RemoveClusterPayload { id }", id=berlin, force=True)
    await change(stack, "paris", name="berlin")
    query = """query ($id: ID!) { node(id: $id) { ... on Deployment {
      history { nodes { targets valueOverrides { cluster values } } }
    } } }"""
    revisions = (await stack.data(query, id=shop))["node"]["history"]["nodes"]
    assert (
        revisions
        == [{"targets": ["berlin"], "valueOverrides": [{"cluster": "berlin", "values": {"color": "blue"}}]}] * 2
    )


async def test_a_rebuilt_kube_system_is_confirmed_by_the_uid_that_was_seen(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    shop = await stack.deployed(releaseName="shop")
    was = hands.uid(paris)
    seen = hands.rebuild_kube_system(paris)
    found = await until(stack, "paris", "MISMATCHED")
    assert (found["uid"], found["answeringUid"]) == (was, seen)
    third = hands.rebuild_kube_system(paris)
    answer = await confirm(stack, "paris", seen)
    assert (answer["__typename"], answer["code"]) == ("Conflict", "cluster_mismatched")
    assert third in answer["message"]
    assert (await cluster(stack, "paris"))["uid"] == was
    writes = paris.writes
    assert (await confirm(stack, "paris", third))["cluster"]["uid"] == third
    found = await until(stack, "paris", "REACHABLE")
    assert (found["uid"], found["answeringUid"], found["reachabilityMessage"]) == (third, None, None)
    await stack.until_status(shop, "paris", "DEPLOYED")
    assert paris.writes == writes


async def test_a_uid_that_is_registered_already_is_not_confirmed(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await quiet.register("paris", paris.kubeconfig)
    await quiet.register("berlin", berlin.kubeconfig)
    (space,) = (found for found in berlin.objects("namespaces") if found["metadata"]["name"] == "kube-system")
    paris.store.put(("", "namespaces"), space)
    answer = await confirm(quiet, "paris", hands.uid(berlin))
    assert (answer["__typename"], answer["code"]) == ("Conflict", "cluster_registered")
    assert answer["message"].startswith("This cluster is already registered as berlin: use updateCluster ")


async def test_new_credentials_take_effect_at_once_where_the_old_ones_are_revoked(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    overrides = [{"cluster": "paris", "values": {"color": "red"}}]
    shop = await stack.deployed(releaseName="shop", valueOverrides=overrides)
    old, paris.token = paris.token, "new-token"
    found = await until(stack, "paris", "UNAUTHORIZED")
    assert found["reachabilityMessage"].endswith("polyhelm cluster update paris --kubeconfig FILE")
    answer = await stack.update(shop, values={"color": "green"})
    assert old not in paris.kubeconfig
    assert (await change(stack, "paris", kubeconfig=paris.kubeconfig))["__typename"] == "ClusterPayload"
    await until(stack, "paris", "REACHABLE")
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    target = (await stack.targets(shop))["paris"]
    assert (target["status"], target["values"]) == ("DEPLOYED", {"color": "red"})


async def test_the_observer_uses_new_credentials_though_the_old_ones_still_work(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    shop = await stack.deployed(releaseName="shop")
    lists = paris.requests["list secrets"]
    await change(stack, "paris", kubeconfig=paris.kubeconfig)

    async def is_listed_anew() -> bool:
        return paris.requests["list secrets"] > lists

    await eventually(is_listed_anew)
    hands.upgrade(paris, "shop", {"a": 1})
    await stack.until_status(shop, "paris", "STALE")
