"""Text search: found in any case and as it is written, and never so long that it costs others their time."""

import asyncio
from collections.abc import Callable

import pytest

from simulator import Member
from tests.stack import Stack

SEARCHES = {
    "clusters": "clusters(search: $text) { nodes { name } }",
    "clusterGroups": "clusterGroups(search: $text) { nodes { name } }",
    "charts": "charts(search: $text) { name }",
    "deployments": "deployments(search: $text) { nodes { releaseName } }",
    "secrets": "secrets(search: $text) { nodes { name } }",
    "events": "events(search: $text) { nodes { message } }",
    "users": "users(search: $text) { nodes { name } }",
    "fleet": "fleet(filter: { search: $text }) { clusters { nodes { name } } }",
}


@pytest.mark.parametrize("field", SEARCHES)
async def test_a_text_that_is_too_long_is_refused_and_the_longest_is_not(shared: Stack, field: str) -> None:
    query = f"query ($text: String!) {{ {SEARCHES[field]} }}"
    answer = await shared.ask(query, text="x" * 201)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "search_too_long"
    assert "errors" not in await shared.ask(query, text="x" * 200)


async def test_every_search_of_the_schema_is_bounded(shared: Stack) -> None:
    asked = "{ __schema { queryType { fields { name args { name } } } types { name inputFields { name } } } }"
    found = (await shared.data(asked))["__schema"]
    fields = {
        field["name"] for field in found["queryType"]["fields"] for arg in field["args"] if arg["name"] == "search"
    }
    inputs = {kind["name"] for kind in found["types"] for each in kind["inputFields"] or () if each["name"] == "search"}
    assert fields == SEARCHES.keys() - {"fleet"}
    assert inputs == {"FleetFilter", "LogFilter"}  # tests/logs/ has that of logs


async def test_kinds_of_events_are_bounded_likewise(shared: Stack) -> None:
    answer = await shared.ask("query ($kind: String!) { events(kinds: [$kind]) { nodes { kind } } }", kind="x" * 201)
    assert answer["errors"][0]["extensions"]["code"] == "search_too_long"


async def test_a_text_is_found_in_any_case_and_its_signs_stand_for_themselves(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await asyncio.gather(
        *(quiet.register(name, simulated(name).kubeconfig, region=region) for name, region in REGIONS.items())
    )
    for text, names in {
        "PAR": ["paris"],
        "_": ["berlin"],
        "%": [],
        "\\": [],
        "50%": [],
        "eu": ["berlin", "paris"],
    }.items():
        found = await quiet.data("query ($text: String!) { clusters(search: $text) { nodes { name } } }", text=text)
        assert [cluster["name"] for cluster in found["clusters"]["nodes"]] == names, text


REGIONS = {"paris": "eu-west-3", "berlin": "eu_central"}
