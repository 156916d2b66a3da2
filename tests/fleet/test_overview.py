"""The fleet at a glance: what each filter leaves of clusters, deployments and counts; and the lists beside it."""

from collections.abc import Callable
from typing import Any

import pytest_asyncio
from sqlalchemy import update
from sqlmodel import col, select

from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.targets import Target
from simulator import Member
from tests.sample_charts import packaged
from tests.stack import Stack

FLEET = """query ($filter: FleetFilter) { fleet(filter: $filter) {
  clusterCount statusCounts { status count }
  clusters { nodes { name targets { clusterName deploymentId status statusSince } } }
  deployments { nodes { id releaseName } }
} }"""


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(quiet: Stack, simulated: Callable[[str], Member]) -> Stack:
    """A shop on three clusters of two clouds, and a blog on the last of them; a cluster that has nothing."""
    clouds = {"berlin": "google", "paris": "amazon", "tokyo": "amazon", "york": "onprem"}
    for name, cloud in clouds.items():
        await quiet.register(name, simulated(name).kubeconfig, cloud=cloud)
    await quiet.group("fleet", ["berlin", "paris", "tokyo"])
    await quiet.group("spare", ["york"])
    await quiet.upload(packaged(schema={"type": "object"}))
    await quiet.upload(packaged(schema={"type": "object"}), "others")
    await quiet.create(releaseName="shop")
    await quiet.create(releaseName="blog", chart="others/web", targets=["tokyo"], namespace="blog")
    return quiet


async def seen(stack: Stack, **chosen: Any) -> Any:
    """Clusters, releases, the number of targets by status."""
    found = (await stack.data(FLEET, filter=chosen))["fleet"]
    return (
        [cluster["name"] for cluster in found["clusters"]["nodes"]],
        [deployment["releaseName"] for deployment in found["deployments"]["nodes"]],
        {count["status"]: count["count"] for count in found["statusCounts"]},
    )


async def test_a_fleet_has_every_cluster_every_deployment_and_counts_every_target(fleet: Stack) -> None:
    assert await seen(fleet) == (["berlin", "paris", "tokyo", "york"], ["blog", "shop"], {"NOT_INSTALLED": 4})
    found = (await fleet.data(FLEET, filter={}))["fleet"]
    assert found["clusterCount"] == 4
    ids = {deployment["id"]: deployment["releaseName"] for deployment in found["deployments"]["nodes"]}
    on = {
        row["name"]: sorted(ids[cell["deploymentId"]] for cell in row["targets"]) for row in found["clusters"]["nodes"]
    }
    assert on == {"berlin": ["shop"], "paris": ["shop"], "tokyo": ["blog", "shop"], "york": []}


COUNTS = "statusCounts { status count } healthCounts { health count } driftCounts { state count }"
ALL_COUNTS = f"""query ($filter: FleetFilter) {{
  fleet(filter: $filter) {{ {COUNTS} }}
  clusterGroups {{ nodes {{ name {COUNTS} }} }}
  deployments {{ nodes {{ releaseName {COUNTS} }} }}
}}"""


def counts(found: Any) -> tuple[dict[str, int], ...]:
    named = (("statusCounts", "status"), ("healthCounts", "health"), ("driftCounts", "state"))
    return tuple({each[name]: each["count"] for each in found[field]} for field, name in named)


async def judged(stack: Stack, release: str, cluster: str, **values: Any) -> None:
    """Writes what an observer would have found about a target."""
    deployments = select(col(Deployment.id)).where(col(Deployment.release_name) == release)
    clusters = select(col(Cluster.id)).where(col(Cluster.name) == cluster)
    chosen = col(Target.deployment_id).in_(deployments), col(Target.cluster_id).in_(clusters)
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(update(Target).where(*chosen).values(**values))


async def test_targets_are_counted_by_status_health_and_drift_and_found_by_them(fleet: Stack) -> None:
    for name in ("paris", "berlin", "tokyo"):
        await judged(fleet, "shop", name, status="DEPLOYED", health="HEALTHY", drift="NONE")
    await judged(fleet, "blog", "tokyo", status="DEPLOYED", health="MISSING")
    await judged(fleet, "shop", "berlin", health="DEGRADED", drift="DRIFTED")
    async with fleet.services.transaction() as transaction:
        of_shop = col(Deployment.release_name) == "shop"
        await transaction.session.execute(update(Deployment).where(of_shop).values(live_drift="REPORT"))
        await transaction.session.execute(update(Cluster).values(reachability="REACHABLE"))
    found = await fleet.data(ALL_COUNTS, filter={"health": ["DEGRADED"]})
    shop = ({"DEPLOYED": 3}, {"HEALTHY": 2, "DEGRADED": 1}, {"NONE": 2, "DRIFTED": 1})
    blog = ({"DEPLOYED": 1}, {"MISSING": 1}, {"OFF": 1})
    everything = (
        {"DEPLOYED": 4},
        {"HEALTHY": 2, "DEGRADED": 1, "MISSING": 1},
        {"OFF": 1, "NONE": 2, "DRIFTED": 1},
    )
    assert counts(found["fleet"]) == everything
    groups = {each["name"]: counts(each) for each in found["clusterGroups"]["nodes"]}
    assert groups == {"fleet": everything, "spare": ({}, {}, {})}
    assert {each["releaseName"]: counts(each) for each in found["deployments"]["nodes"]} == {"shop": shop, "blog": blog}
    assert (await seen(fleet, health=["DEGRADED"]))[:2] == (["berlin"], ["shop"])
    assert (await seen(fleet, health=["MISSING"], status=["DEPLOYED"]))[:2] == (["tokyo"], ["blog"])
    assert (await seen(fleet, drift=["NONE"]))[:2] == (["paris", "tokyo"], ["shop"])
    assert (await seen(fleet, drift=["DRIFTED"], health=["HEALTHY"]))[:2] == ([], [])


CELLS = """query ($clusters: [ID!]!, $deployments: [ID!]!) { fleet {
  cells(clusters: $clusters, deployments: $deployments) { clusterName deploymentId status }
} }"""


async def test_a_piece_of_the_matrix_has_the_targets_of_these_deployments_on_these_clusters(fleet: Stack) -> None:
    found = await fleet.data("{ clusters { nodes { id name } } deployments { nodes { id releaseName } } }")
    clusters = {each["name"]: each["id"] for each in found["clusters"]["nodes"]}
    deployments = {each["releaseName"]: each["id"] for each in found["deployments"]["nodes"]}

    async def cells(names: list[str], releases: list[str]) -> set[tuple[str, str]]:
        wanted = [deployments[release] for release in releases]
        answer = await fleet.data(CELLS, clusters=[clusters[name] for name in names], deployments=wanted)
        ids = {value: key for key, value in deployments.items()}
        return {(cell["clusterName"], ids[cell["deploymentId"]]) for cell in answer["fleet"]["cells"]}

    assert await cells(["paris", "tokyo", "york"], ["shop", "blog"]) == {
        ("paris", "shop"),
        ("tokyo", "shop"),
        ("tokyo", "blog"),
    }
    assert await cells(["berlin", "tokyo"], ["blog"]) == {("tokyo", "blog")}
    assert await cells([], ["blog"]) == set()
    answer = await fleet.ask(CELLS, clusters=["x"] * 101, deployments=[])
    assert answer["errors"][0]["extensions"]["code"] == "list_too_long"


async def test_charts_to_choose_from_are_those_that_are_deployed(fleet: Stack) -> None:
    query = "query ($filter: FleetFilter) { fleet(filter: $filter) { charts } }"
    assert (await fleet.data(query, filter={"chart": "charts/web"}))["fleet"]["charts"] == ["charts/web", "others/web"]
    assert (await fleet.data(query, filter={"group": "spare"}))["fleet"]["charts"] == []


async def test_a_filter_selects_the_clusters_and_deployments_that_match(fleet: Stack) -> None:
    assert await seen(fleet, group="spare") == (["york"], [], {})
    assert await seen(fleet, cloud="google") == (["berlin"], ["shop"], {"NOT_INSTALLED": 1})
    assert await seen(fleet, chart="others/web") == (["tokyo"], ["blog"], {"NOT_INSTALLED": 1})
    assert await seen(fleet, search="TOK") == (["tokyo"], ["blog", "shop"], {"NOT_INSTALLED": 2})
    assert await seen(fleet, search="blo") == (["tokyo"], ["blog"], {"NOT_INSTALLED": 1})
    assert await seen(fleet, search="yor") == (["york"], [], {})
    assert await seen(fleet, search="100%") == ([], [], {})


async def test_statuses_leave_out_clusters_but_no_counts(fleet: Stack) -> None:
    assert await seen(fleet, status=["STALE"]) == ([], [], {"NOT_INSTALLED": 4})
    everywhere = ["berlin", "paris", "tokyo"]
    assert await seen(fleet, status=["NOT_INSTALLED"]) == (everywhere, ["blog", "shop"], {"NOT_INSTALLED": 4})
    narrowed = await seen(fleet, status=["NOT_INSTALLED"], search="blog", cloud="amazon")
    assert narrowed == (["tokyo"], ["blog"], {"NOT_INSTALLED": 1})


async def test_events_are_chosen_by_kind_or_its_first_word_and_by_text(fleet: Stack) -> None:
    query = "query ($kinds: [String!], $search: String) { events(kinds: $kinds, search: $search) { nodes { kind } } }"

    async def kinds(**given: Any) -> list[str]:
        return [event["kind"] for event in (await fleet.data(query, **given))["events"]["nodes"]]

    assert await kinds(kinds=["cluster"]) == ["cluster.registered"] * 4
    assert await kinds(kinds=["cluster_group.created", "deployment"], search="SPARE") == ["cluster_group.created"]
    assert await kinds(kinds=["clus"]) == []


async def test_a_chart_has_any_version_and_a_deployment_the_defaults_of_its_pinned_version(fleet: Stack) -> None:
    query = """{
      chart(repository: "charts", name: "web") { version { version } one: version(version: "v1.0.0") { version }
        none: version(version: "9.9.9") { version } }
      deployment(group: "fleet", releaseName: "shop") { defaultValues valuesSchema }
    }"""
    found = await fleet.data(query)
    assert found["chart"] == {"version": {"version": "1.0.0"}, "one": {"version": "1.0.0"}, "none": None}
    assert "replicas" in found["deployment"]["defaultValues"]
    assert found["deployment"]["valuesSchema"]["type"] == "object"


async def test_callers_see_their_own_tokens_without_the_secrets(fleet: Stack) -> None:
    await fleet.mutate("createApiToken", "... on ApiTokenPayload { token }", name="laptop")
    found = (await fleet.data("{ apiTokens { name createdAt expiresAt } }"))["apiTokens"]
    assert [(token["name"], token["expiresAt"]) for token in found] == [("bootstrap", None), ("laptop", None)]
