"""What becomes of a release that somebody else has changed, by the deployment's drift policy."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.deployments.drift import correct_drift
from app.drift.pauses import next_correction
from app.tables.targets import Target
from simulator import Member
from tests.live import hands
from tests.live.client import Subscription, socket
from tests.live.serving import Served
from tests.sample_charts import archive, chart_files
from tests.stack import Stack

EVENTS = """subscription ($after: String) { events(after: $after) { cursor kind message } }"""
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CORRECTIONS = {"target.drifted", "target.contested"}


@asynccontextmanager
async def told(stack: Stack, served: Served) -> AsyncIterator[Subscription]:
    async with served(stack) as url, socket(url) as opened:
        (last,) = (await stack.data("{ events(first: 1) { nodes { cursor } } }"))["events"]["nodes"]
        yield await opened.subscribe(EVENTS, after=last["cursor"])


async def until_kind(events: Subscription, kind: str) -> list[str]:
    """The kinds of events up to and with the next one of this kind, without what becomes of the health meanwhile."""
    kinds: list[str] = []
    while kind not in kinds:
        kinds += [found for found in [(await events.next())["kind"]] if found != "target.health"]
    return kinds


async def kinds_so_far(stack: Stack) -> list[str]:
    nodes = (await stack.data("{ events(first: 200) { nodes { kind } } }"))["events"]["nodes"]
    return [node["kind"] for node in reversed(nodes)]


async def test_drift_is_reported_and_left_alone_where_the_policy_says_nothing_else(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop")
    hands.upgrade(paris, "shop", {"a": 1})
    await stack.until_status(deployment_id, "paris", "STALE")
    await correct_drift(stack.services)
    kinds = await kinds_so_far(stack)
    assert not CORRECTIONS & set(kinds)
    assert kinds.count("operation.started") == 1
    assert hands.revisions(paris, "shop") == [1, 2]


@pytest.mark.parametrize("change", ["values", "uninstall"])
async def test_drift_is_corrected_at_once_with_one_revision_of_helm(
    stack: Stack, served: Served, simulated: Callable[[str], Member], change: str
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop", values={"replicas": 2}, driftPolicy="CORRECT")
    async with told(stack, served) as events:
        if change == "values":
            hands.upgrade(paris, "shop", {"replicas": 9})
        else:
            hands.uninstall(paris, "shop")
        kinds = await until_kind(events, "operation.finished")
    kinds = [kind for kind in kinds if not kind.startswith("cluster.")]  # a busy machine may take it for away
    assert [kind for kind in kinds if kind != "target.status"][:2] == ["target.drifted", "operation.started"]
    assert kinds.index("target.status") < kinds.index("target.drifted")
    assert [kind for kind in kinds if kind.startswith("operation")] == ["operation.started", "operation.finished"]
    (target,) = (await stack.targets(deployment_id)).values()
    assert (target["status"], target["values"], target["reasons"]) == ("DEPLOYED", {"replicas": 2}, [])
    assert hands.revisions(paris, "shop") == ([1, 2, 3] if change == "values" else [1])


async def test_a_second_correction_in_a_row_waits_and_says_so(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop", values={"replicas": 2}, driftPolicy="CORRECT")
    async with told(stack, served) as events:
        hands.upgrade(paris, "shop", {"replicas": 9})
        await until_kind(events, "operation.finished")
        hands.upgrade(paris, "shop", {"replicas": 8})
        await until_kind(events, "target.contested")
        await until_kind(events, "target.status")  # by which CONTESTED has become a reason
    (target,) = (await stack.targets(deployment_id)).values()
    assert (target["status"], target["revision"]) == ("STALE", 4)
    values, contested = target["reasons"]
    assert (values["code"], values["path"], values["actual"]) == ("VALUES", "replicas", 8)
    assert contested["code"] == "CONTESTED"
    assert contested["message"].startswith("It was corrected 1 times, and it was changed by hand again: the next")

    # Whoever asks for it is not made to wait.
    operation = await stack.settled(await stack.reconcile(deployment_id))
    assert [(result["action"], result["state"]) for result in operation["results"]] == [("UPGRADE", "SUCCEEDED")]
    (target,) = (await stack.targets(deployment_id)).values()
    assert (target["status"], target["reasons"]) == ("DEPLOYED", [])


async def test_a_correction_that_fails_is_repeated_after_its_pause(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    files = chart_files("once") | {
        "templates/fail.yaml": '{{ if .Release.IsUpgrade }}{{ fail "no upgrades" }}{{ end }}'
    }
    await stack.upload(base64.b64encode(archive(files, root="once")).decode())
    given = {"chart": "charts/once", "releaseName": "shop", "values": {"a": 1}, "driftPolicy": "CORRECT"}
    deployment_id = await stack.deployed(**given)
    async with told(stack, served) as events:
        hands.upgrade(paris, "shop", {"a": 2})
        await until_kind(events, "target.failed")
        await until_kind(events, "target.contested")
        (target,) = (await stack.targets(deployment_id)).values()
        assert target["error"]["code"] == "chart_not_rendered"
        contested = target["reasons"][-1]
        assert contested["code"] == "CONTESTED"
        assert contested["message"].startswith("It was corrected 1 times, and the last correction failed: the next")

        await let_pass(stack, timedelta(seconds=31))
        await until_kind(events, "target.failed")
    kinds = await kinds_so_far(stack)
    assert [kind for kind in kinds if kind in CORRECTIONS][:3] == [
        "target.drifted",
        "target.contested",
        "target.drifted",
    ]


async def test_a_correction_that_makes_failed_revisions_stops_until_somebody_changes_the_release(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop", values={"a": 1}, driftPolicy="CORRECT")
    async with stack.services.transaction() as transaction:
        error = {"code": "helm_failed", "message": "It failed.", "at": NOON.isoformat(), "attempts": 1, "revision": 2}
        await transaction.session.execute(update(Target).values(error=error, writes=3))
    hands.upgrade(paris, "shop", {"a": 2}, status="failed")  # as the third correction that failed has left it
    await stack.until_status(deployment_id, "paris", "STALE")
    await correct_drift(stack.services)
    assert not CORRECTIONS & set(await kinds_so_far(stack))

    hands.upgrade(paris, "shop", {"a": 3})
    await stack.until_status(deployment_id, "paris", "DEPLOYED")
    assert hands.revisions(paris, "shop")[-1] == 4


async def let_pass(stack: Stack, time: timedelta) -> None:
    """As if the last correction had been so much earlier."""
    async with stack.services.transaction() as transaction:
        earlier = {name: getattr(Target, name) - time for name in ("corrected_at", "contested_until")}
        await transaction.session.execute(update(Target).values(earlier))


async def test_changes_by_operations_are_not_drift(stack: Stack, simulated: Callable[[str], Member]) -> None:
    members = {name: simulated(name) for name in ("paris", "berlin")}
    await stack.fleet({name: member.kubeconfig for name, member in members.items()})
    deployment_id = await stack.deployed(releaseName="shop", driftPolicy="CORRECT")
    for replicas in (2, 3, 4):
        answer = await stack.update(deployment_id, values={"replicas": replicas})
        assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    await stack.settled(await stack.reconcile(deployment_id))
    await stack.settled(await stack.delete(deployment_id))
    assert not CORRECTIONS & set(await kinds_so_far(stack))


@pytest.mark.parametrize(
    ("corrections", "since", "expected"),
    [
        (0, None, None),
        (1, timedelta(seconds=29), timedelta(seconds=30)),
        (1, timedelta(seconds=30), None),
        (2, timedelta(seconds=59), timedelta(seconds=60)),
        (3, timedelta(seconds=119), timedelta(seconds=120)),
        (8, timedelta(minutes=59), timedelta(hours=1)),
        (1000, timedelta(minutes=59), timedelta(hours=1)),
        (1000, timedelta(hours=1), None),
        (1000, timedelta(hours=2, seconds=1), None),
    ],
)
def test_each_correction_in_a_row_waits_twice_as_long_as_the_one_before_up_to_an_hour(
    corrections: int, since: timedelta | None, expected: timedelta | None
) -> None:
    corrected_at = None if since is None else NOON - since
    due = next_correction(corrections, corrected_at, NOON)
    assert due == (None if expected is None or corrected_at is None else corrected_at + expected)
