"""Pages of lists, through the API: each goes on where the last one ended."""

import base64
import json
from typing import Any

import pytest

from app.core.errors import ValidationFailed
from app.core.paging import MOST, Window
from tests.sample_charts import packaged
from tests.stack import Stack

PAGE = """query ($first: Int, $after: String) { %s(first: $first, after: $after) {
  edges { cursor node { %s } } nodes { %s }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} }"""


async def page(stack: Stack, after: str | None = None, first: int | None = 2, of: str = "clusterGroups") -> Any:
    field = "message" if of == "events" else "name"
    return (await stack.data(PAGE % (of, field, field), first=first, after=after))[of]


async def groups(stack: Stack, *names: str) -> None:
    for name in names:
        await stack.group(name, [])


def names(found: Any) -> list[str]:
    return [node["name"] for node in found["nodes"]]


async def test_pages_hold_every_row_once_and_in_order(quiet: Stack) -> None:
    await groups(quiet, "e", "b", "d", "a", "c")
    seen, after, pages = [], None, 0
    while True:
        found = await page(quiet, after)
        assert [edge["node"] for edge in found["edges"]] == found["nodes"]
        assert found["pageInfo"]["startCursor"] == found["edges"][0]["cursor"]
        assert found["pageInfo"]["endCursor"] == found["edges"][-1]["cursor"]
        assert found["pageInfo"]["hasPreviousPage"] == (after is not None)
        seen += names(found)
        pages += 1
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert (seen, pages) == (["a", "b", "c", "d", "e"], 3)


async def test_rows_that_come_and_go_in_between_move_no_others(quiet: Stack) -> None:
    await groups(quiet, "b", "d", "f", "h")
    first = await page(quiet)
    assert names(first) == ["b", "d"]
    await groups(quiet, "a", "c", "e", "g", "i")
    ids = {
        group["name"]: group["id"]
        for group in (await quiet.data("{ clusterGroups { nodes { id name } } }"))["clusterGroups"]["nodes"]
    }
    await quiet.mutate("deleteClusterGroup", "__typename", id=ids["d"])
    await quiet.mutate("deleteClusterGroup", "__typename", id=ids["f"])
    second = await page(quiet, first["pageInfo"]["endCursor"])
    assert names(second) == ["e", "g"]
    third = await page(quiet, second["pageInfo"]["endCursor"])
    assert (names(third), third["pageInfo"]["hasNextPage"]) == (["h", "i"], False)


async def test_the_newest_events_come_first_and_later_ones_move_no_others(quiet: Stack) -> None:
    await groups(quiet, "a", "b", "c")
    first = await page(quiet, first=2, of="events")
    await groups(quiet, "d", "e")
    second = await page(quiet, first["pageInfo"]["endCursor"], of="events")
    messages = [node["message"] for node in first["nodes"] + second["nodes"]]
    whole = [node["message"] for node in (await page(quiet, first=50, of="events"))["nodes"]]
    assert messages == whole[2:6]
    assert len(whole) == 6


async def test_a_page_that_ends_with_the_last_row_has_none_after_it(quiet: Stack) -> None:
    await groups(quiet, "a", "b")
    found = await page(quiet)
    assert (names(found), found["pageInfo"]["hasNextPage"]) == (["a", "b"], False)
    empty = await page(quiet, found["pageInfo"]["endCursor"])
    assert empty == {
        "edges": [],
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None},
    }


async def test_a_page_of_no_rows_says_whether_there_are_any(quiet: Stack) -> None:
    assert (await page(quiet, first=0))["pageInfo"]["hasNextPage"] is False
    await groups(quiet, "a")
    found = await page(quiet, first=0)
    assert (found["nodes"], found["pageInfo"]["hasNextPage"]) == ([], True)


async def test_null_means_the_default_page_size(quiet: Stack) -> None:
    await groups(quiet, "a", "b", "c")
    assert names(await page(quiet, first=None)) == ["a", "b", "c"]


@pytest.mark.parametrize("first", [-1, MOST + 1, 2**31 - 1])
async def test_a_size_beyond_the_limits_is_refused(shared: Stack, first: int) -> None:
    answer = await shared.ask(PAGE % ("clusterGroups", "name", "name"), first=first)
    [error] = answer["errors"]
    assert (error["message"], error["extensions"]["code"]) == (f"`first` must be between 0 and {MOST}.", "page_size")


def test_the_smallest_and_largest_page_sizes_are_accepted() -> None:
    assert (Window(0).first, Window(MOST).first, Window.of(None, None).first) == (0, MOST, 50)
    with pytest.raises(ValidationFailed):
        Window.of(MOST + 1, None)


def cursor(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


BAD = {
    "empty": "",
    "no base64": "%%%",
    "not padded": "YQ",
    "beyond ASCII": "ü",
    "no JSON": base64.b64encode(b"{").decode(),
    "no UTF-8": base64.b64encode(b"\xff\xff").decode(),
    "a map": cursor({"a": 1}),
    "text": cursor("a"),
    "empty list": cursor([]),
    "too long": cursor(["a", "b"]),
    "null": cursor([None]),
    "a list within": cursor([["a"]]),
    "a float": cursor([1.5]),
    "a truth": cursor([True]),
    "a number too large": cursor([2**63]),
    "U+0000": cursor(["a\0"]),
    "a lone surrogate": base64.b64encode(b'["\\ud800"]').decode(),
    "nested too deep": base64.b64encode(b"[" * 5000).decode(),
    "long": "A" * 100_000,
}


@pytest.mark.parametrize("case", [*BAD, "of another list"])
@pytest.mark.parametrize("of", ["clusterGroups", "events"])
async def test_an_invalid_cursor_is_refused(shared: Stack, of: str, case: str) -> None:
    of_another_list = cursor(["a"]) if of == "events" else cursor([1])
    answer = await shared.ask(PAGE % (of, "__typename", "__typename"), after=BAD.get(case, of_another_list))
    assert [(error["message"], error["extensions"]["code"]) for error in answer.get("errors", [])] == [
        ("This is not a valid cursor of this list.", "cursor")
    ]


async def test_a_cursor_beyond_the_numbers_of_its_column_is_refused(quiet: Stack) -> None:
    await quiet.group("fleet", [])
    await quiet.upload(packaged())
    answer = await quiet.create()
    query = """query ($id: ID!, $after: String) { node(id: $id) { ... on Deployment {
      history(after: $after) { nodes { generation } }
    } } }"""
    given = {"id": answer["deployment"]["id"]}
    for last, expected in ((2, [{"generation": 1}]), (2**31 - 1, [{"generation": 1}]), (1, [])):
        assert (await quiet.data(query, after=cursor([last]), **given))["node"]["history"]["nodes"] == expected
    for last in (2**31, 2**40, -(2**31) - 1):
        [error] = (await quiet.ask(query, after=cursor([last]), **given))["errors"]
        assert error["extensions"]["code"] == "cursor"


async def test_a_cursor_cannot_inject_sql(quiet: Stack) -> None:
    await groups(quiet, "a", "b")
    assert names(await page(quiet, cursor(["a'; DROP TABLE cluster_group; --"]))) == ["b"]
    assert names(await page(quiet)) == ["a", "b"]


async def test_a_cursor_of_a_missing_row_continues_after_its_place(quiet: Stack) -> None:
    await groups(quiet, "a", "c")
    assert names(await page(quiet, cursor(["b"]))) == ["c"]
    assert names(await page(quiet, cursor([""]))) == ["a", "c"]
