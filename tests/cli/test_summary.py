"""With hundreds of clusters, output stays small: clusters with an equal outcome share a line."""

import re
from collections.abc import AsyncIterator, Callable

import pytest_asyncio
from sqlmodel import select

from app.clusters.kubeconfig import read_kubeconfig
from app.releases.status import TargetStatus
from app.tables.charts import ChartArchive
from app.tables.clusters import Cluster, Reachability
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.groups import ClusterGroup
from app.tables.identity import Organization
from app.tables.targets import Target
from cli.summary import named, summarized, summary_lines
from simulator import Member
from tests.cli.polyhelm import Polyhelm

CLUSTERS = 300
NAMES = [f"cluster-{number:03}" for number in range(CLUSTERS)]
COLUMNS = {
    "CLUSTER": lambda row: row["clusterName"],
    "STATUS": lambda row: row["status"],
    "SINCE": lambda row: row["since"],
    "WHY": lambda row: row["why"],
}


def row(number: int, status: str, why: str, since: str = "5s") -> dict[str, str]:
    return {"clusterName": NAMES[number], "status": status, "why": why, "since": since}


def test_equal_outcomes_share_a_line_that_names_some_clusters_and_counts_the_others() -> None:
    rows = [row(number, "FAILED", f"{NAMES[number]} can't be reached.", since=f"{number}s") for number in range(290)]
    rows += [row(number, "STALE", "replicas: wanted 2, found 3") for number in range(290, 292)]
    assert summary_lines(rows, COLUMNS, verbose=False) == [
        "CLUSTER                                              STATUS   SINCE     WHY",
        "cluster-000, cluster-001, cluster-002 and 287 more   FAILED   various   <cluster> can't be reached.",
        "cluster-290, cluster-291                             STALE    5s        replicas: wanted 2, found 3",
        "292 clusters, summarized; -v lists each of them.",
    ]
    assert len(summary_lines(rows, COLUMNS, verbose=True)) == 293
    assert len(summary_lines(rows[:20], COLUMNS, verbose=False)) == 21


def test_a_summary_is_small_however_much_differs() -> None:
    rows = [row(number, "FAILED", f"{number}" * 5_000) for number in range(CLUSTERS)]
    lines = summary_lines(rows, COLUMNS, verbose=False)
    assert lines[-2:] == [
        "... and 280 other outcomes on 280 clusters; -v shows all.",
        "300 clusters, summarized; -v lists each of them.",
    ]
    assert sum(map(len, lines)) < 20_000
    messages = {each["clusterName"]: each["why"] for each in rows}
    assert sum(map(len, summarized(messages, verbose=False))) < 20_000
    assert len(summarized(messages, verbose=True)) == CLUSTERS


def test_few_names_are_all_named() -> None:
    assert [named(NAMES[:count]) for count in (0, 1, 4, 5)] == [
        "",
        "cluster-000",
        "cluster-000, cluster-001, cluster-002, cluster-003",
        "cluster-000, cluster-001, cluster-002 and 2 more",
    ]


@pytest_asyncio.fixture(loop_scope="session")
async def large(polyhelm: Polyhelm, simulated: Callable[[str], Member]) -> AsyncIterator[Polyhelm]:
    """The deployment everywhere/shop on 300 clusters, none of which can be reached."""
    services = polyhelm.stack.services
    kubeconfig = re.sub(r"server: \S+", "server: https://127.0.0.1:1", simulated("none").kubeconfig)
    access = read_kubeconfig(kubeconfig, None)
    await polyhelm.stack.fleet({}, group="everywhere")
    async with services.transaction() as transaction:
        session = transaction.session
        organization_id = (await session.exec(select(Organization.id))).one()
        group = (await session.exec(select(ClusterGroup))).one()
        archive = (await session.exec(select(ChartArchive))).one()
        deployment = Deployment(
            organization_id=organization_id,
            group_id=group.id,
            release_name="shop",
            namespace="default",
            chart="charts/web",
            chart_name="web",
        )
        session.add(deployment)
        clusters = [
            Cluster(
                organization_id=organization_id,
                group_id=group.id,
                name=name,
                cloud="other",
                distribution="other",
                server=access.server,
                uid=name,
                kubernetes_version="v1.34.4",
                reachability=Reachability.UNREACHABLE,
            )
            for name in NAMES
        ]
        session.add_all(clusters)
        await session.flush()
        for cluster in clusters:
            sealed = services.members.seal(access, cluster.id)
            cluster.credentials, cluster.credentials_key = sealed.data, sealed.key_id
        session.add(
            DeploymentRevision(
                deployment_id=deployment.id,
                generation=1,
                chart_version="1.0.0",
                chart_digest=archive.digest,
                targets=NAMES,
            )
        )
        session.add_all(
            Target(
                deployment_id=deployment.id,
                cluster_id=cluster.id,
                generation=1,
                desired_digest=b"",
                status=TargetStatus.UNKNOWN,
                reasons=[_reason(f"{cluster.name} can't be reached. " + "Long. " * 200)],
            )
            for cluster in clusters
        )
    yield polyhelm


def _reason(message: str) -> dict[str, str | None]:
    return {"code": "UNREACHABLE", "message": message, "path": None, "desired": None, "actual": None}


async def test_with_300_clusters_something_is_said_at_once_and_all_of_it_is_small(large: Polyhelm) -> None:
    (large.home / "shop.yaml").write_text(
        "polyhelm: v1\ngroup: everywhere\nrelease: shop\nnamespace: default\nchart: charts/web\nvalues: {a: 1}\n"
    )
    first = {
        ("status",): "Checking the status on 300 clusters...",
        ("deploy", "get", "everywhere/shop"): "",
        ("deploy", "history", "everywhere/shop"): "",
        ("group", "ls"): "",
        ("deploy", "apply", "-f", "shop.yaml", "--dry-run"): "Planning everywhere/shop on 300 clusters...",
        ("deploy", "diff", "-f", "shop.yaml"): "Planning everywhere/shop on 300 clusters...",
        ("deploy", "diff", "everywhere/shop"): "Comparing everywhere/shop on 300 clusters...",
        ("reconcile", "everywhere/shop", "--dry-run"): "Planning everywhere/shop on 300 clusters...",
        ("deploy", "apply", "-f", "shop.yaml", "--yes"): "Planning everywhere/shop on 300 clusters...",
        ("deploy", "wait", "everywhere/shop", "--timeout", "0"): "",
    }
    for command, words in first.items():
        done = await large(*command)
        assert not words or done.words[0] == words
        assert 0 < len(done.out) + len(done.err) < 60_000, command
    assert len((await large("deploy", "get", "everywhere/shop", "-v")).lines) > CLUSTERS
