"""Groups whose deployments may use some namespaces only, and a service account of their own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from simulator import Member
from tests.faults import Proxy, by_helm
from tests.stack import Stack

GROUP = "... on ClusterGroupPayload { clusterGroup { allowedNamespaces serviceAccount } warnings }"
ACCOUNT = "team-a/deployer"


async def update(stack: Stack, group_id: str, **given: Any) -> Any:
    return await stack.mutate("updateClusterGroup", GROUP, id=group_id, **given)


async def events(stack: Stack) -> Any:
    query = '{ events(kinds: ["cluster_group"]) { nodes { kind message data } } }'
    return (await stack.data(query))["events"]["nodes"]


async def test_restrictions_are_set_kept_and_removed(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.register("paris", simulated("paris").kubeconfig)
    given = {"name": "web", "members": ["paris"], "allowedNamespaces": ["b", "a", "b"], "serviceAccount": ACCOUNT}
    answer = await quiet.mutate("createClusterGroup", "... on ClusterGroupPayload { clusterGroup { id } }", **given)
    group_id = answer["clusterGroup"]["id"]
    both = {"allowedNamespaces": ["a", "b"], "serviceAccount": ACCOUNT}
    assert await update(quiet, group_id) == {"clusterGroup": both, "warnings": []}
    assert await update(quiet, group_id, allowedNamespaces=None, serviceAccount=None, name="shop") == {
        "clusterGroup": both,
        "warnings": [],
    }
    none = {"allowedNamespaces": None, "serviceAccount": None}
    assert (await update(quiet, group_id, allowedNamespaces=[]))["clusterGroup"] == none | {"serviceAccount": ACCOUNT}
    assert (await update(quiet, group_id, serviceAccount="", dryRun=True))["clusterGroup"]["serviceAccount"] == ACCOUNT
    assert (await update(quiet, group_id, serviceAccount=""))["clusterGroup"] == none
    found = [(event["message"], event["data"]) for event in await events(quiet) if "restrictions" in event["kind"]]
    assert found == [
        (
            "Deployments of shop may use any namespace, with the clusters' credentials.",
            {"allowed_namespaces": [], "service_account": None},
        ),
        (
            "Deployments of shop may use any namespace, with the service account team-a/deployer.",
            {"allowed_namespaces": [], "service_account": ACCOUNT},
        ),
        (
            "Deployments of web may use namespaces a, b, with the service account team-a/deployer.",
            {"allowed_namespaces": ["a", "b"], "service_account": ACCOUNT},
        ),
    ]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"allowedNamespaces": ["Not A Label"]}, ["allowedNamespaces"]),
        ({"allowedNamespaces": [""]}, ["allowedNamespaces"]),
        ({"allowedNamespaces": [f"n{number}" for number in range(101)]}, ["allowedNamespaces"]),
        ({"serviceAccount": "deployer"}, ["serviceAccount"]),
        ({"serviceAccount": "a/b\nImpersonate-Group: system:masters"}, ["serviceAccount"]),
    ],
)
async def test_a_restriction_that_is_malformed_is_refused(quiet: Stack, given: dict[str, Any], path: list[str]) -> None:
    answer = await quiet.mutate("createClusterGroup", GROUP, name="web", members=[], **given)
    assert [problem["path"] for problem in answer["problems"]] == [path]
    group_id = await quiet.group("shop", [])
    answer = await update(quiet, group_id, **given)
    assert [problem["path"] for problem in answer["problems"]] == [path]


async def test_deployments_are_created_in_allowed_namespaces_only(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    group_id = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await update(quiet, group_id, allowedNamespaces=["team-a", "team-b"])
    for dry_run in (True, False):
        answer = await quiet.create(namespace="kube-system", dryRun=dry_run)
        assert (answer["__typename"], answer["code"], answer["message"], answer["path"]) == (
            "ValidationFailed",
            "namespace_not_allowed",
            "Deployments of fleet may not use the namespace kube-system. Allowed namespaces: team-a, team-b.",
            ["namespace"],
        )
    answer = await quiet.create(namespace="team-b")
    assert answer["__typename"] == "DeploymentPayload"


async def test_a_namespace_stays_allowed_while_there_are_deployments_in_it(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    group_id = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    for namespace in ("team-a", "team-b"):
        await quiet.create(namespace=namespace, releaseName=f"web-{namespace}")
    answer = await update(quiet, group_id, allowedNamespaces=["team-a"], serviceAccount=ACCOUNT)
    assert (answer["__typename"], answer["code"], answer["message"]) == (
        "Conflict",
        "namespaces_in_use",
        "fleet has deployments in other namespaces (web-team-b in team-b). Delete them first, or also allow these"
        " namespaces.",
    )
    unchanged = {"allowedNamespaces": None, "serviceAccount": None}
    assert (await update(quiet, group_id))["clusterGroup"] == unchanged


async def test_no_deployment_is_created_outside_while_the_namespaces_change(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    group_id = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    creations = [quiet.create(namespace="team-b", releaseName=f"web-{number}") for number in range(6)]
    changed, *answers = await asyncio.gather(update(quiet, group_id, allowedNamespaces=["team-a"]), *creations)
    made = [answer for answer in answers if answer["__typename"] == "DeploymentPayload"]
    if "clusterGroup" in changed:
        assert made == []
        assert {answer["code"] for answer in answers} == {"namespace_not_allowed"}
    else:
        assert changed["code"] == "namespaces_in_use"
        assert made == answers


async def test_a_member_that_can_not_be_asked_is_a_warning(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    group_id = await quiet.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    berlin.faults.down = True
    answer = await update(quiet, group_id, serviceAccount=ACCOUNT)
    assert answer["clusterGroup"]["serviceAccount"] == ACCOUNT
    [warning] = answer["warnings"]
    assert warning.startswith(
        "berlin could not be reached to check whether its credentials may impersonate the service account"
        " team-a/deployer: The API server cannot be reached: "
    )


async def test_requests_for_a_deployment_impersonate_the_service_account_and_those_of_the_observer_do_not(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        group_id = await stack.fleet({"paris": proxy.kubeconfig})
        await update(stack, group_id, serviceAccount=ACCOUNT)
        await stack.create(dryRun=True)
        deployment_id = await stack.deployed(values={"a": 1})
        await stack.settled(await stack.update(deployment_id, values={"a": 2}))
        await stack.settled(await stack.delete(deployment_id))
        asked = list(proxy.requests)
    tried = [request for request in asked if request.query.get("dryRun") == "All" and not by_helm(request)]
    helm = [request for request in asked if by_helm(request)]
    assert tried
    assert {request.method for request in helm} >= {"GET", "POST", "PUT", "DELETE"}
    own = {"impersonate-user": "system:serviceaccount:team-a:deployer"}
    assert [request for request in tried + helm if request.identity != own] == []
    others = [request for request in asked if request.path in ("/api/v1/secrets", "/api/v1/namespaces/kube-system")]
    assert [request for request in others if request.identity] == []
