"""What subscribers are told: the state as of now, then every change after it."""

from collections.abc import Callable

import httpx2
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from simulator import Member
from tests.live.client import PROTOCOL, Socket, socket
from tests.stack import TOKEN, Stack

TARGETS = """subscription ($status: [TargetStatus!], $deployment: ID, $group: String) {
  targets(status: $status, deployment: $deployment, group: $group) {
    clusterName status revision desiredValues deployment { releaseName }
  }
}"""
OPERATION = """subscription ($id: ID!) {
  operation(id: $id) { state results { clusterName state action } }
}"""
EVENTS = "subscription ($after: String) { events(after: $after) { cursor kind message subject { __typename } } }"


async def test_targets_are_sent_as_they_are_and_then_as_they_change(
    stack: Stack, live: Socket, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop", values={"replicas": 1})
    targets = await live.subscribe(TARGETS)
    shop = {"releaseName": "shop"}
    assert await targets.next() == {
        "clusterName": "paris",
        "status": "DEPLOYED",
        "revision": 1,
        "desiredValues": {"replicas": 1},
        "deployment": shop,
    }
    await stack.update(deployment_id, values={"replicas": 2})
    assert await targets.until(status="STALE") == {
        "clusterName": "paris",
        "status": "STALE",
        "revision": 1,
        "desiredValues": {"replicas": 2},
        "deployment": shop,
    }
    assert (await targets.until(status="DEPLOYED"))["revision"] == 2


async def test_a_target_that_leaves_a_chosen_status_is_sent_once_more(
    stack: Stack, live: Socket, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": simulated("berlin").kubeconfig})
    await stack.deployed(releaseName="shop")
    unknown = await live.subscribe(TARGETS, status=["UNKNOWN"])
    await unknown.nothing()
    paris.faults.down = True
    assert (await unknown.next())["status"] == "UNKNOWN"
    paris.faults.down = False
    found = await unknown.next()
    assert (found["clusterName"], found["status"]) == ("paris", "DEPLOYED")
    await unknown.nothing()


async def test_an_operation_is_followed_to_its_end_and_the_subscription_ends_with_it(
    stack: Stack, live: Socket, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    answer = await stack.create(releaseName="shop")
    operation = await live.subscribe(OPERATION, id=answer["operation"]["id"])
    assert await operation.until(state="SUCCEEDED") == {
        "state": "SUCCEEDED",
        "results": [{"clusterName": "paris", "state": "SUCCEEDED", "action": "INSTALL"}],
    }
    await operation.ended.wait()
    ended = await live.subscribe(OPERATION, id=answer["operation"]["id"])
    assert (await ended.next())["state"] == "SUCCEEDED"
    await ended.ended.wait()


async def test_a_deployment_is_followed_until_it_is_gone(
    stack: Stack, live: Socket, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop")
    query = "subscription ($id: ID!) { deployment(id: $id) { generation deleting statusCounts { status count } } }"
    deployment = await live.subscribe(query, id=deployment_id)
    counts = [{"status": "DEPLOYED", "count": 1}]
    assert await deployment.next() == {"generation": 1, "deleting": False, "statusCounts": counts}
    await stack.update(deployment_id, values={"replicas": 2})
    assert await deployment.until(generation=2, statusCounts=counts)
    await stack.delete(deployment_id)
    await deployment.until(deleting=True)
    await deployment.ended.wait()


async def test_clusters_are_sent_as_they_are_and_then_as_they_change(
    stack: Stack, live: Socket, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.register("paris", paris.kubeconfig)
    clusters = await live.subscribe("subscription { clusters { name reachability group { name } } }")
    assert (await clusters.next())["name"] == "paris"
    await stack.register("berlin", simulated("berlin").kubeconfig)
    await clusters.until(name="berlin")
    paris.faults.down = True
    assert await clusters.until(name="paris", reachability="UNREACHABLE")
    paris.faults.down = False
    assert await clusters.until(name="paris", reachability="REACHABLE")
    await stack.group("fleet", ["paris"])
    assert await clusters.until(name="paris", group={"name": "fleet"})


async def test_events_are_resumed_after_a_cursor_with_none_left_out_and_none_twice(
    stack: Stack, url: str, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    async with socket(url) as first:
        events = await first.subscribe(EVENTS)
        await events.nothing()
        deployment_id = await stack.deployed(releaseName="shop")
        begun = await events.next()
        assert begun["kind"] == "deployment.created"
        assert begun["subject"] == {"__typename": "Deployment"}
    await stack.update(deployment_id, values={"replicas": 2})
    async with socket(url) as second:
        events = await second.subscribe(EVENTS, after=begun["cursor"])
        await stack.reconcile(deployment_id)
        told = [begun]
        while [event["kind"] for event in told].count("operation.finished") < 3:
            told.append(await events.next())
    listed = (await stack.data("{ events(first: 200) { nodes { cursor kind message } } }"))["events"]["nodes"]
    words = {event["kind"]: event["message"] for event in listed}
    assert words["operation.started"] == "Creation of shop on 1 cluster started."
    assert words["target.started"] == "Installation of shop on paris started."
    assert words["target.converged"] == "Installation of shop on paris succeeded."
    assert words["operation.finished"] == "Creation of shop succeeded."
    after = [event["cursor"] for event in reversed(listed)]
    after = after[after.index(begun["cursor"]) :]
    assert [event["cursor"] for event in told] == after[: len(told)]


async def test_a_socket_without_a_valid_token_is_closed(url: str) -> None:
    for token in (None, "wrong"):
        payload = {"Authorization": f"Bearer {token}"} if token else {}
        async with connect(url.replace("http", "ws", 1) + "/graphql", subprotocols=[PROTOCOL]) as connection:  # type: ignore[list-item]
            await connection.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
            with pytest.raises(ConnectionClosed) as closed:
                await connection.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4403


async def test_the_token_may_be_in_the_header(url: str) -> None:
    address = url.replace("http", "ws", 1) + "/graphql"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with connect(address, subprotocols=[PROTOCOL], additional_headers=headers) as connection:  # type: ignore[list-item]
        await connection.send('{"type": "connection_init"}')
        assert orjson.loads(await connection.recv()) == {"type": "connection_ack"}


async def test_the_old_protocol_is_refused(url: str) -> None:
    address = url.replace("http", "ws", 1) + "/graphql"
    with pytest.raises((ConnectionClosed, InvalidStatus)):
        async with connect(address, subprotocols=["graphql-ws"]) as connection:  # type: ignore[list-item]
            await connection.recv()


async def test_errors_of_a_subscription_have_their_code(live: Socket) -> None:
    (error,) = await (await live.subscribe(OPERATION, id="nonsense")).next()
    assert error["extensions"]["code"] == "operation_not_found"
    (error,) = await (await live.subscribe(EVENTS, after="nonsense")).next()
    assert error["extensions"]["code"] == "cursor"
    (error,) = await (await live.subscribe(TARGETS, group="nowhere")).next()
    assert error["extensions"]["code"] == "cluster_group_not_found"


async def test_queries_on_a_socket_see_what_has_changed_since(
    stack: Stack, live: Socket, simulated: Callable[[str], Member]
) -> None:
    await stack.register("paris", simulated("paris").kubeconfig)
    query = '{ cluster(name: "paris") { group { name } } }'
    assert await (await live.subscribe(query)).next() == {"group": None}
    await stack.group("fleet", ["paris"])
    assert await (await live.subscribe(query)).next() == {"group": {"name": "fleet"}}


async def test_server_sent_events_send_the_same(stack: Stack, url: str, simulated: Callable[[str], Member]) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    answer = await stack.create(releaseName="shop")
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream"}
    body = {"query": OPERATION, "variables": {"id": answer["operation"]["id"]}}
    told = []
    async with (
        httpx2.AsyncClient(timeout=60) as client,
        client.stream("POST", f"{url}/graphql", json=body, headers=headers) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        kind = ""
        async for line in response.aiter_lines():
            if line.startswith("event:"):
                kind = line.removeprefix("event:").strip()
            elif line.startswith("data:") and kind == "next":
                told.append(orjson.loads(line.removeprefix("data:"))["data"]["operation"]["state"])
            if kind == "complete":
                break
    assert told[-1] == "SUCCEEDED"


async def test_a_subscription_sent_as_a_query_is_refused_with_the_way_to_subscribe(quiet: Stack) -> None:
    answer = await quiet.ask("subscription { events { cursor } }")
    assert answer["errors"][0]["extensions"] == {"code": "needs_stream"}
