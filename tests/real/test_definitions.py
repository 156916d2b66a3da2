"""What is done with the CustomResourceDefinitions of a chart (`crdPolicy`), on a real API server."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.plans.planned import applied, changes, made
from tests.real.fleet import Fleet, Hand, outcomes, upload_files
from tests.real.test_rich_chart import DEFINITION
from tests.sample_charts import chart_files
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
VERSION = """    - name: %s
      served: true
      storage: %s
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {colour: {type: string,
        enum: [%s]}}}}}}
"""
WIDGET = """apiVersion: GROUP/v2
kind: Widget
metadata: {name: {{ .Release.Name }}}
spec: {colour: purple}
"""
OPERATIONS = """query ($id: ID!) { node(id: $id) { ... on Deployment { health: targets { health healthReasons {
  kind name } } operations(first: 1) { nodes { kind allowCrdVersionRemoval results { output error { code message } } } }
} } }"""
RESOURCES = """query ($id: ID!) { node(id: $id) { ... on Deployment { targets { health resources(first: 50) {
  nodes { kind name origin health } } } } } }"""
EVENTS = "{ events(first: 100) { nodes { kind message data } } }"


def widgets(group: str, *versions: str, plural: str = "widgets") -> str:
    """The definition with these versions, of which the last one is stored. Only v2 has purple ones."""
    head = DEFINITION[: DEFINITION.index("    - name: v1")].replace("GROUP", group).replace("widgets", plural)
    kind = plural[:-1]
    head = head.replace(
        "singular: widget, kind: Widget, listKind: WidgetList", f"singular: {kind}, kind: {kind.title()}"
    )
    colours = {"v1": "red", "v2": "red, purple"}
    return head + "".join(VERSION % (name, str(name == versions[-1]).lower(), colours[name]) for name in versions)


@dataclass(frozen=True)
class Defining:
    """A fleet with three versions of a chart that defines widgets: 1.0.0 has v1 of them, 2.0.0 v1 and v2, 3.0.0 v2."""

    fleet: Fleet
    hand: Hand
    group: str

    @property
    def name(self) -> str:
        return f"widgets.{self.group}"

    async def live(self, plural: str = "widgets") -> Any:
        status, found = await self.hand.client.get(f"{DEFINITIONS}/{plural}.{self.group}")
        return found if status == 200 else None

    async def versions(self) -> tuple[list[str], list[str]]:
        found = await self.live()
        return [each["name"] for each in found["spec"]["versions"]], found["status"]["storedVersions"]

    async def planned(self, **given: Any) -> tuple[Any, Any]:
        plan = await made(self.fleet.stack, **given)
        [target] = plan["targets"]["nodes"]
        return plan, target

    async def shown(self, query: str, deployment_id: str) -> Any:
        return (await self.fleet.stack.data(query, id=deployment_id))["node"]


@pytest_asyncio.fixture(loop_scope="session")
async def defining(paris: Fleet) -> AsyncIterator[Defining]:
    hand, group = paris.hands["paris"], f"g{secrets.token_hex(4)}.test"
    given: dict[str, dict[str, str]] = {
        "1.0.0": {"crds/widgets.yaml": widgets(group, "v1")},
        "2.0.0": {
            "crds/widgets.yaml": widgets(group, "v1", "v2"),
            "crds/gadgets.yaml": widgets(group, "v1", plural="gadgets"),
            "templates/widget.yaml": WIDGET.replace("GROUP", group),
        },
        "3.0.0": {"crds/widgets.yaml": widgets(group, "v2"), "templates/widget.yaml": WIDGET.replace("GROUP", group)},
    }
    for version, files in given.items():
        await upload_files(paris.stack, chart_files("defining", version) | files, "defining")
    yield Defining(paris, hand, group)
    for plural in ("widgets", "gadgets"):
        await hand.client.delete(f"{DEFINITIONS}/{plural}.{group}")


async def test_definitions_are_created_by_an_install_unless_the_policy_skips_them(defining: Defining) -> None:
    fleet, hand, name = defining.fleet, defining.hand, defining.name

    async def planned(answer: object) -> str:
        [target] = answer["plan"]["targets"]  # type: ignore[index]
        assert (target["action"], target["error"]) == ("INSTALL", None), target
        return str(target["manifest"])

    given = {"chart": "charts/defining", "version": "1.0.0", "crdPolicy": "SKIP"}
    assert name not in await planned(await fleet.create(dryRun=True, **given))
    deployment_id = await fleet.deployed(**given)
    assert await hand.config(fleet.release) == {"replicas": 1}
    assert await defining.live() is None
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { crdPolicy generation } } }"
    assert await defining.shown(query, deployment_id) == {"crdPolicy": "SKIP", "generation": 1}
    # What the policy leaves out does not belong to the release, and does not make it unhealthy.
    assert await until_resources(defining, deployment_id, "HEALTHY") == [("ConfigMap", "MANIFEST")]

    await hand("uninstall", fleet.release)
    await fleet.until(deployment_id, "paris", status="NOT_INSTALLED")
    assert name in await planned(await fleet.stack.update(deployment_id, crdPolicy="CREATE", dryRun=True))
    assert (await defining.shown(query, deployment_id))["crdPolicy"] == "SKIP"
    await fleet.stack.update(deployment_id, crdPolicy="CREATE")
    assert await defining.shown(query, deployment_id) == {"crdPolicy": "CREATE", "generation": 1}
    await fleet.reconciled(deployment_id)
    assert await defining.live() is not None
    both = [("ConfigMap", "MANIFEST"), ("CustomResourceDefinition", "CRD")]
    assert await until_resources(defining, deployment_id, "HEALTHY", count=2) == both
    # The policy also decides about a release that is installed already.
    await fleet.stack.update(deployment_id, crdPolicy="SKIP")
    assert await until_resources(defining, deployment_id, "HEALTHY") == both[:1]


async def until_resources(
    defining: Defining, deployment_id: str, health: str, *, count: int = 1
) -> list[tuple[str, str]]:
    """Kind and origin of the target's resources, once it has this health and so many resources."""

    async def found() -> list[tuple[str, str]] | None:
        [target] = (await defining.shown(RESOURCES, deployment_id))["targets"]
        nodes = target["resources"]["nodes"]
        if (target["health"], len(nodes)) != (health, count):
            return None
        return sorted((node["kind"], node["origin"]) for node in nodes)

    listed: list[tuple[str, str]] = await eventually(found)
    return listed


async def test_definitions_are_replaced_before_an_upgrade_and_versions_in_use_stay_unless_they_are_given_up(
    defining: Defining,
) -> None:
    fleet, hand, name = defining.fleet, defining.hand, defining.name
    given = {"chart": "charts/defining", "version": "1.0.0", "crdPolicy": "CREATE_REPLACE"}
    place = {"group": "fleet", "namespace": fleet.namespace, "releaseName": fleet.release}
    _, target = await defining.planned(create=place | given)
    [change] = target["definitionChanges"]
    assert (change["name"], change["action"], change["plannedVersions"]) == (name, "CREATE", ["v1"])
    deployment_id = await fleet.deployed(**given)
    assert await defining.versions() == (["v1"], ["v1"])
    note = {"metadata": {"annotations": {"theirs": "kept"}}}
    assert (await hand.client.patch(f"{DEFINITIONS}/{name}", note))[0] == 200

    # The plan shows what changes, validates the new object by the new schema, and writes nothing.
    before = await defining.live()
    plan, target = await defining.planned(update={"id": deployment_id, "version": "2.0.0"})
    assert target["error"] is None
    gadgets, change = target["definitionChanges"]
    assert (gadgets["name"], gadgets["action"]) == (f"gadgets.{defining.group}", "CREATE")
    assert {key: change[key] for key in change if key != "differences"} == {
        "name": name,
        "action": "REPLACE",
        "servedVersions": ["v1"],
        "storedVersions": ["v1"],
        "plannedVersions": ["v1", "v2"],
        "removedVersions": [],
    }
    assert "/spec/versions/1/name" in [each["path"] for each in change["differences"]]
    assert (await defining.live())["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert await defining.live("gadgets") is None

    # Somebody changes the definition: the plan does not show what would happen any more.
    other = {"metadata": {"labels": {"theirs": "new"}}}
    assert (await hand.client.patch(f"{DEFINITIONS}/{name}", other))[0] == 200
    found = f"The CustomResourceDefinition {name} on paris was changed."
    assert changes(await applied(fleet.stack, plan)) == [("OBJECT", "paris", found)]

    plan, _ = await defining.planned(update={"id": deployment_id, "version": "2.0.0"})
    operation = await fleet.stack.settled(await applied(fleet.stack, plan))
    assert outcomes(operation) == {"paris": ("UPGRADE", "SUCCEEDED")}
    assert await defining.versions() == (["v1", "v2"], ["v1", "v2"])
    live = await defining.live()
    assert live["metadata"]["annotations"]["theirs"] == "kept"
    widget = f"apis/{defining.group}/v2/widgets/{fleet.release}"
    assert (await hand.find(widget))["spec"] == {"colour": "purple"}
    assert await defining.live("gadgets") is not None

    # Without a consent, a version in use stays: in the plan, and again on the cluster.
    plan, target = await defining.planned(update={"id": deployment_id, "version": "3.0.0"})
    assert (target["error"]["code"], plan["failing"]) == ("crd_version_removed", 1)
    assert f"{name}: v1 (served and stored in objects)" in target["error"]["message"]
    assert target["definitionChanges"][0]["removedVersions"] == ["v1"]
    operation = await fleet.updated(deployment_id, version="3.0.0")
    [result] = operation["results"]
    assert (result["state"], result["error"]["code"]) == ("FAILED", "crd_version_removed")
    assert await defining.versions() == (["v1", "v2"], ["v1", "v2"])
    assert [revision[0] for revision in await hand.history(fleet.release)] == [1, 2]

    # With it, the version goes, and the operation, the events and the audit log say who has allowed it.
    consent = {"allowCrdVersionRemoval": [name]}
    plan, target = await defining.planned(reconcile={"id": deployment_id, **consent})
    assert (target["error"], target["definitionChanges"][0]["removedVersions"]) == (None, ["v1"])
    operation = await fleet.reconciled(deployment_id, **consent)
    assert outcomes(operation) == {"paris": ("UPGRADE", "SUCCEEDED")}
    assert await defining.versions() == (["v2"], ["v2"])
    assert (await hand.find(widget))["spec"] == {"colour": "purple"}
    [newest] = (await defining.shown(OPERATIONS, deployment_id))["operations"]["nodes"]
    assert newest["allowCrdVersionRemoval"] == [name]
    line = f"CustomResourceDefinition {name} replaced, without v1 (served and stored in objects)"
    assert newest["results"][0]["output"].startswith(line)
    events = (await fleet.stack.data(EVENTS))["events"]["nodes"]
    [event] = [each for each in events if each["kind"] == "target.definitions" and "without" in each["message"]]
    assert event["message"] == f"{fleet.release} on paris: {line}."
    assert event["data"]["definitions"] == [{"name": name, "action": "REPLACE", "removed_versions": ["v1"]}]
