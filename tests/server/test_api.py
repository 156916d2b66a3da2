"""What the API says to requests that are not right."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
import yaml

from resolvers.engine.streams import wants_stream
from simulator import Member
from tests.resolvers.engine.test_limits import NewStack
from tests.stack import TOKEN, Stack


async def test_a_variable_that_is_not_a_member_of_its_enum_is_reported(quiet: Stack) -> None:
    query = "query ($status: [TargetStatus!]) { deployments(status: $status) { nodes { id } } }"
    (error,) = (await quiet.ask(query, status=["NOPE"]))["errors"]
    assert "Value 'NOPE' does not exist in 'TargetStatus' enum" in error["message"]
    assert error.get("extensions", {}).get("code") != "internal"


async def test_a_query_of_a_client_that_takes_events_as_well_is_answered_in_json(quiet: Stack) -> None:
    accept = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": accept}
    response: httpx2.Response = await quiet.client.post(
        "/graphql", json={"query": "{ viewer { name } }"}, headers=headers
    )
    assert response.headers["content-type"] == "application/graphql-response+json"
    assert response.json()["data"] == {"viewer": {"name": "admin"}}


def test_a_client_that_prefers_events_is_answered_with_events() -> None:
    assert wants_stream("text/event-stream")
    assert wants_stream("text/event-stream; charset=utf-8, application/json")
    assert not wants_stream("application/json, text/event-stream")
    assert not wants_stream("*/*")


async def test_the_readiness_check_reveals_nothing_about_dependencies(new_stack: NewStack) -> None:
    async with new_stack(working=False, redis_url="redis://polyhelm:secret@127.0.0.1:1/0") as stack:
        answer = await stack.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"postgres": "ok", "writing": "ok", "redis": "failed: see the log", "schema": "ok"}


async def test_what_callers_may_read_without_signing_in_contains_no_names_and_no_addresses(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    zanzibar = simulated("zanzibar")
    await stack.fleet({"zanzibar": zanzibar.kubeconfig}, group="islands")
    await stack.deployed(group="islands", releaseName="clove-shop", namespace="spice-market")
    metrics = await stack.client.get("/metrics")
    assert (metrics.status_code, "polyhelm_" in metrics.text) == (200, True)
    answers = metrics.text + "".join([(await stack.client.get(path)).text for path in ("/healthz", "/readyz")])
    address = urlsplit(yaml.safe_load(zanzibar.kubeconfig)["clusters"][0]["cluster"]["server"])
    names = ("zanzibar", "islands", "clove-shop", "spice-market", "admin", str(address.port), str(address.hostname))
    assert [name for name in names if re.search(rf"\b{re.escape(name)}\b", answers)] == []
