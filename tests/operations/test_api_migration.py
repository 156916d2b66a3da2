"""API migrations: the records of releases get the API versions that replace removed ones, in one new revision."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from schema.relay.ids import encode_id
from simulator import Member
from tests.drift.looking import until_drift
from tests.faults.exchange import Exchange
from tests.faults.failures import Failure
from tests.faults.proxy import Proxy
from tests.live import hands
from tests.live.hands import Record
from tests.resources.charts import chart
from tests.stack import Stack, eventually

RELEASES = """query ($version: String!, $state: ApiState, $cluster: String, $first: Int, $after: String) {
  apiCompatibility(kubernetesVersion: $version) {
    releases(state: $state, cluster: $cluster, first: $first, after: $after) {
      nodes {
        clusterName groupName releaseName releaseNamespace revision obstacle mayMigrate target { id }
        objects { kind name state origin apiVersion replacement }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
EVENTS = 'query { events(kinds: ["target.migrated"]) { nodes { message data } } }'


@dataclass(frozen=True)
class Meanwhile(Failure):
    """Another client does something directly before the request is carried out."""

    do: Callable[[], object]

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        self.do()
        return await exchange.forward()


def to_old(record: Record) -> None:
    """As if the release had been installed when the cluster still served the old API version."""
    record["manifest"] = record["manifest"].replace("apiVersion: apps/v1\n", "apiVersion: apps/v1beta1\n")


def age(member: Member) -> None:
    hands.rewrite(member, "shop", to_old)


def manifest(member: Member, revision: int) -> str:
    [secret] = [each for each in member.objects("secrets") if each["metadata"]["name"].endswith(f"shop.v{revision}")]
    return str(hands._unpacked(secret)["manifest"])


async def installed(stack: Stack, members: Mapping[str, str], **given: Any) -> str:
    await stack.fleet(dict(members))
    await stack.upload(chart("deployment", "config-map", version="2.0.0"))
    return await stack.deployed(releaseName="shop", chart="charts/web", version="2.0.0", **given)


async def releases(stack: Stack, version: str = "1.16", **given: Any) -> list[Any]:
    found = await stack.data(RELEASES, version=version, **given)
    return list(found["apiCompatibility"]["releases"]["nodes"])


async def until_listed(stack: Stack, count: int, **given: Any) -> list[Any]:
    """The releases with removed API versions, once there are so many that can be migrated."""

    async def found() -> Any:
        listed = await releases(stack, state="REMOVED", **given)
        ready = [each for each in listed if each["obstacle"] is None]
        return listed if len(ready) == count else None

    return list(await eventually(found))


async def migrate(stack: Stack, planned: list[Any], version: str = "1.16") -> Any:
    given = [{"target": each["target"]["id"], "revision": each["revision"]} for each in planned]
    fields = "... on ApiMigrationPayload { operations { id kind state } }"
    fields += " ... on Conflict { changes { kind message cluster } }"
    return await stack.mutate("migrateApiVersions", fields, kubernetesVersion=version, releases=given)


async def ended(stack: Stack, answer: Any) -> Any:
    [operation] = answer["operations"]
    return await stack.settled({"operation": operation})


async def test_a_record_is_migrated_in_one_revision_and_the_next_upgrade_succeeds(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    members = {name: simulated(name) for name in ("berlin", "paris")}
    kubeconfigs = {name: member.kubeconfig for name, member in members.items()}
    deployment_id = await installed(stack, kubeconfigs, liveDrift="REPORT")
    await until_drift(stack, deployment_id, "NONE")
    for member in members.values():
        age(member)
    planned = await until_listed(stack, 2)
    assert [each["clusterName"] for each in planned] == ["berlin", "paris"]
    assert [each["objects"] for each in planned] == 2 * [
        [
            {
                "kind": "Deployment",
                "name": "shop",
                "state": "REMOVED",
                "origin": "MANIFEST",
                "apiVersion": "apps/v1beta1",
                "replacement": "apps/v1",
            }
        ]
    ]
    before = {name: member.objects("deployments", "apps") for name, member in members.items()}
    operation = await ended(stack, await migrate(stack, planned))
    assert (operation["kind"], operation["state"]) == ("API_MIGRATION", "SUCCEEDED")
    assert [each["action"] for each in operation["results"]] == 2 * ["API_MIGRATION"]
    for name, member in members.items():
        assert hands.statuses(member, "shop") == {1: "superseded", 2: "deployed"}
        assert "apiVersion: apps/v1\n" in manifest(member, 2)
        assert "apps/v1beta1" not in manifest(member, 2)
        assert member.objects("deployments", "apps") == before[name]
    events = (await stack.data(EVENTS))["events"]["nodes"]
    assert {each["message"] for each in events} == {
        f"shop on {name}: revision 2 has Deployment shop with apps/v1 in place of apps/v1beta1." for name in members
    }
    assert await until_gone(stack)
    targets = await stack.targets(deployment_id)
    assert {(each["status"], each["revision"]) for each in targets.values()} == {("DEPLOYED", 2)}
    await until_drift(stack, deployment_id, "NONE")
    answer = await stack.update(deployment_id, values={"replicas": 2})
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    assert hands.statuses(members["paris"], "shop") == {1: "superseded", 2: "superseded", 3: "deployed"}


async def until_gone(stack: Stack) -> bool:
    async def gone() -> bool:
        return await releases(stack) == []

    return bool(await eventually(gone))


async def test_a_release_that_could_not_be_upgraded_stays_failed_until_it_is_reconciled(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    deployment_id = await installed(stack, {"paris": paris.kubeconfig})
    age(paris)
    await until_listed(stack, 1)
    failed = await stack.settled(await stack.update(deployment_id, values={"replicas": 3}))
    [result] = failed["results"]
    assert (result["state"], result["error"]["code"]) == ("FAILED", "api_removed")
    operation = await ended(stack, await migrate(stack, await until_listed(stack, 1)))
    assert operation["state"] == "SUCCEEDED"
    target = (await stack.targets(deployment_id))["paris"]
    assert (target["status"], target["generation"], target["error"]["code"]) == ("STALE", 1, "api_removed")
    assert (await stack.settled(await stack.reconcile(deployment_id)))["state"] == "SUCCEEDED"
    target = (await stack.targets(deployment_id))["paris"]
    assert (target["status"], target["generation"], target["error"]) == ("DEPLOYED", 2, None)


async def test_a_revision_made_after_the_plan_is_a_conflict_that_names_it(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await installed(stack, {"paris": paris.kubeconfig})
    age(paris)
    planned = await until_listed(stack, 1)
    hands.upgrade(paris, "shop", {"replicas": 2})

    async def seen() -> bool:
        return [each["revision"] for each in await releases(stack)] == [2]

    await eventually(seen)
    answer = await migrate(stack, planned)
    message = "shop on paris has revision 2, and revision 1 was planned."
    assert (answer["code"], answer["message"]) == ("release_moved_on", f"{message} Nothing was changed.")
    assert answer["changes"] == [{"kind": "RELEASE", "message": message, "cluster": "paris"}]
    assert hands.statuses(paris, "shop") == {1: "superseded", 2: "deployed"}


async def test_a_revision_that_comes_first_wins_and_is_named(stack: Stack, simulated: Callable[[str], Member]) -> None:
    """Another client writes the revision between our look and our write."""
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        await installed(stack, {"paris": proxy.kubeconfig})
        age(paris)
        planned = await until_listed(stack, 1)

        def upgrade() -> None:
            hands.upgrade(paris, "shop", {"replicas": 2})

        proxy.fault(Meanwhile(upgrade), method="POST", path="/secrets", times=1)
        operation = await ended(stack, await migrate(stack, planned))
        [result] = operation["results"]
        assert (result["state"], result["error"]["code"]) == ("FAILED", "release_not_as_planned")
        assert "it now has revision 2, deployed" in result["error"]["message"]
        assert hands.statuses(paris, "shop") == {1: "superseded", 2: "deployed"}


async def test_the_new_revision_is_removed_if_another_client_changes_the_old_one_meanwhile(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with Proxy(paris.kubeconfig) as proxy:
        await installed(stack, {"paris": proxy.kubeconfig})
        age(paris)
        planned = await until_listed(stack, 1)

        def uninstall() -> None:
            [first] = [each for each in hands.copies(paris) if each["metadata"]["name"].endswith(".v1")]
            hands._mark(paris, first, "uninstalling")

        proxy.fault(Meanwhile(uninstall), method="PATCH", path="/secrets/sh.helm.release.v1.shop.v1", times=1)
        [result] = (await ended(stack, await migrate(stack, planned)))["results"]
        assert (result["state"], result["error"]["code"]) == ("FAILED", "release_not_as_planned")
        assert hands.statuses(paris, "shop") == {1: "uninstalling"}


async def test_a_release_that_another_helm_works_on_is_not_migrated(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await installed(stack, {"paris": paris.kubeconfig})
    age(paris)
    [planned] = await until_listed(stack, 1)
    hands.rewrite(paris, "shop", lambda record: record["info"].update(status="pending-upgrade"))
    hands.label(paris, "shop", status="pending-upgrade")
    sentence = "The newest revision is pending-upgrade."

    async def is_pending() -> bool:
        return [each["obstacle"] for each in await releases(stack)] == [sentence]

    await eventually(is_pending)
    answer = await migrate(stack, [planned])
    assert (answer["code"], answer["message"]) == (
        "record_not_migratable",
        f"shop on paris: {sentence} Nothing was changed.",
    )
    assert hands.statuses(paris, "shop") == {1: "pending-upgrade"}


async def test_of_two_at_once_one_wins(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    await installed(stack, {"paris": paris.kubeconfig})
    age(paris)
    planned = await until_listed(stack, 1)
    answers = await asyncio.gather(*(migrate(stack, planned) for _ in range(3)))
    [won] = [answer for answer in answers if "operations" in answer]
    assert {answer["code"] for answer in answers if answer is not won} <= {"record_not_migratable", "release_moved_on"}
    assert (await ended(stack, won))["state"] == "SUCCEEDED"
    assert hands.statuses(paris, "shop") == {1: "superseded", 2: "deployed"}


async def test_an_unknown_target_and_no_target_are_refused(stack: Stack) -> None:
    unknown = {"target": {"id": encode_id("DeploymentTarget", 1)}, "revision": 1}
    assert (await migrate(stack, [unknown]))["code"] == "target_not_found"
    assert (await migrate(stack, []))["code"] == "too_many"
    assert (await migrate(stack, [unknown], version="latest"))["code"] == "invalid_input"
