"""Change windows as stored: set, deleted, listed, and applied to clusters, groups and targets."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.rollouts.windows import Opening, for_rollback
from app.tables.columns import now
from app.windows.applying import openings, windows_of_targets
from schema.relay.ids import row_id
from simulator import Member
from tests.stack import SIMPLE_RESULT, Stack
from tests.windows.samples import FREEZE, frozen_now

FIELDS = f"""... on ChangeWindowPayload {{ changeWindow {{
  id name kind rule starts timeZone duration selector blocksRollback overrideRole reason version
  group {{ name }} cluster {{ name }}
}} }} {SIMPLE_RESULT}"""
STATUS = "window { closed reason nextOpen nextClose nextCloseReason windows { name } }"


async def set_window(stack: Stack, **given: Any) -> Any:
    return await stack.mutate("setChangeWindow", FIELDS, **FREEZE | given)


async def test_a_window_is_set_changed_and_deleted(quiet: Stack) -> None:
    made = (await set_window(quiet, version=0))["changeWindow"]
    assert {name: value for name, value in made.items() if name != "id"} == FREEZE | {
        "selector": None,
        "blocksRollback": False,
        "overrideRole": "ADMIN",
        "version": 1,
        "group": None,
        "cluster": None,
    }
    assert (await set_window(quiet))["changeWindow"]["version"] == 1
    changed = (await set_window(quiet, version=1, kind="ALLOW", duration="90m", overrideRole="NONE"))["changeWindow"]
    assert [changed[name] for name in ("id", "kind", "duration", "overrideRole", "version")] == [
        made["id"], "ALLOW", "1h30m", "NONE", 2,
    ]  # fmt: skip
    refused = await set_window(quiet, version=1)
    assert (refused["code"], refused["path"]) == ("change_window_changed", ["version"])
    await set_window(quiet, name="another", selector={"labels": {"env": "prod"}, "region": ["eu", "us"]})
    found = (await quiet.data("{ changeWindows { nodes { name selector } } }"))["changeWindows"]["nodes"]
    assert found == [
        {"name": "another", "selector": {"labels": {"env": "prod"}, "region": ["eu", "us"]}},
        {"name": "year-end-freeze", "selector": None},
    ]
    deleted = "... on DeleteChangeWindowPayload { id } ... on UserError { code }"
    assert (await quiet.mutate("deleteChangeWindow", deleted, id=made["id"])) == {"id": made["id"]}
    assert (await quiet.mutate("deleteChangeWindow", deleted, id=made["id"]))["code"] == "change_window_not_found"
    events = await quiet.data('{ events(kinds: ["change_window"], first: 1) { nodes { kind message } } }')
    assert events["events"]["nodes"] == [
        {"kind": "change_window.deleted", "message": "The change window year-end-freeze was deleted."}
    ]


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"name": "No label"}, ["name"], "A name has at most 63 characters"),
        ({"rule": "FREQ=WEEKLY;BYDAY=XX"}, ["rule"], "BYDAY is a list of MO, TU, WE, TH, FR, SA and SU"),
        ({"starts": "9 o'clock"}, ["starts"], "`starts` is a local date and time without a time zone, such as"),
        ({"starts": "2026-01-01T09:00Z"}, ["starts"], "`starts` is a local date and time without a time zone"),
        ({"starts": "1999-01-01"}, ["starts"], "A window starts at most 10 years ago"),
        ({"duration": "long"}, ["duration"], "'long' is not a duration such as 30s"),
        ({"duration": "1s"}, ["duration"], "A window lasts from 1 minute to 366 days."),
        ({"timeZone": "Paris"}, ["timeZone"], "There is no time zone 'Paris'. Examples: UTC, Europe/Paris"),
        ({"group": "a", "cluster": "b"}, ["cluster"], "A window has a group, a cluster or neither."),
        ({"selector": {"kubernetesVersion": "soon"}}, ["selector", "kubernetesVersion"], ""),
        ({"reason": "a\nb"}, ["reason"], "A reason has 1 to 500 characters"),
    ],
)
async def test_a_field_that_is_not_valid_is_named(
    shared: Stack, given: dict[str, Any], path: list[str], message: str
) -> None:
    [problem] = (await set_window(shared, **given))["problems"]
    assert problem["path"] == path
    assert problem["message"].startswith(message), problem


async def test_a_group_or_a_cluster_that_does_not_exist_is_named(shared: Stack) -> None:
    assert (await set_window(shared, group="none"))["code"] == "cluster_group_not_found"
    assert (await set_window(shared, cluster="none"))["code"] == "cluster_not_found"


async def test_a_window_applies_to_its_group_its_cluster_or_the_clusters_that_its_selector_matches(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({name: simulated(name).kubeconfig for name in ("paris", "berlin")})
    await quiet.register("rome", simulated("rome").kubeconfig, labels={"env": "prod"})
    await quiet.group("edge", ["rome"])
    shop = (await quiet.create(releaseName="shop"))["deployment"]["id"]
    edge = (await quiet.create(releaseName="edge", group="edge"))["deployment"]["id"]
    past = {name: value for name, value in FREEZE.items() if name != "name"}
    scopes: dict[str, dict[str, Any]] = {
        "everywhere": {},
        "fleet": {"group": "fleet"},
        "paris": {"cluster": "paris"},
        "prod": {"selector": {"labels": {"env": "prod"}}},
    }
    for name, scope in scopes.items():
        assert "changeWindow" in await set_window(quiet, **past, name=name, **scope)
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ targets {{ clusterName {STATUS} }} }} }} }}"
    found = {}
    for id_ in (shop, edge):
        for target in (await quiet.data(query, id=id_))["node"]["targets"]:
            found[target["clusterName"]] = [window["name"] for window in target["window"]["windows"]]
    assert found == {"paris": ["everywhere", "fleet", "paris"], "berlin": ["everywhere", "fleet"]} | {
        "rome": ["everywhere", "prod"]
    }
    clusters = await quiet.data(f"{{ clusters {{ nodes {{ name {STATUS} group {{ name {STATUS} }} }} }} }}")
    for cluster in clusters["clusters"]["nodes"]:
        assert [window["name"] for window in cluster["window"]["windows"]] == found[cluster["name"]]
    groups = {node["group"]["name"]: node["group"]["window"]["windows"] for node in clusters["clusters"]["nodes"]}
    assert {name: [window["name"] for window in windows] for name, windows in groups.items()} == {
        "fleet": ["everywhere", "fleet"],
        "edge": ["everywhere"],
    }
    assert clusters["clusters"]["nodes"][0]["window"]["closed"] is False


async def test_a_target_is_closed_while_a_deny_window_is_open(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({name: simulated(name).kubeconfig for name in ("paris", "berlin")})
    shop = (await quiet.create(releaseName="shop"))["deployment"]["id"]
    freeze = frozen_now()
    assert "changeWindow" in await set_window(quiet, **freeze, cluster="paris", reason="Moving house.")
    targets = {name: row_id(target["id"], "DeploymentTarget") for name, target in (await quiet.targets(shop)).items()}
    moment = now()
    async with quiet.services.database.reading() as session:
        applying = await windows_of_targets(session, targets.values())
        assert [window.name for window in applying[targets["paris"]]] == ["year-end-freeze"]
        assert targets["berlin"] not in applying
        found = await openings(session, list(targets.values()), moment, list)
        in_rollback = await openings(session, list(targets.values()), moment, for_rollback)
    paris = found[targets["paris"]]
    assert (paris.is_open, paris.reason) == (False, "The window year-end-freeze allows no changes: Moving house.")
    assert paris.until is not None
    assert timedelta(minutes=50) < paris.until - moment < timedelta(hours=1)
    assert found[targets["berlin"]] == in_rollback[targets["paris"]] == Opening(is_open=True)
    status = (await quiet.data(f'{{ cluster(name: "paris") {{ {STATUS} }} }}'))["cluster"]["window"]
    assert status["closed"] is True
    assert status["nextOpen"] == paris.until.isoformat()


async def test_the_occurrences_of_a_window_are_those_in_a_range_of_at_most_400_days(shared: Stack) -> None:
    query = """query ($end: DateTime!) { changeWindows { nodes {
      name occurrences(start: "2025-12-01T00:00:00Z", end: $end) { start end }
    } } }"""
    await set_window(shared, name="listed")
    nodes = (await shared.data(query, end="2026-12-31T00:00:00Z"))["changeWindows"]["nodes"]
    assert [node["occurrences"] for node in nodes if node["name"] == "listed"] == [
        [{"start": "2025-12-19T23:00:00+00:00", "end": "2026-01-02T23:00:00+00:00"}]
    ]
    answer = await shared.ask(query, end="2027-12-31T00:00:00Z")
    assert answer["errors"][0]["message"] == "`start` and `end` have a time zone, and are at most 400 days apart."
