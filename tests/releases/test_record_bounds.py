"""Records that anybody may write on a member: whatever they hold, reading ends, and what is read can be kept."""

import base64
import gzip
import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.releases.record import (
    MAX_DESCRIPTION,
    MAX_PARTS,
    MAX_TEXT,
    MAX_VALUES,
    UnreadableRecordError,
    read_record,
)
from app.releases.values import MAX_DEPTH
from tests.releases.test_release import RECORD, secret, written


def nested(levels: int) -> Any:
    """Maps within each other, so many of them."""
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def raw(text: bytes) -> dict[str, Any]:
    return secret(base64.b64encode(gzip.compress(text, compresslevel=1)))


def with_info(**changed: Any) -> dict[str, Any]:
    return written(RECORD | {"info": RECORD["info"] | changed})


def with_chart(**changed: Any) -> dict[str, Any]:
    return written(RECORD | {"chart": {"metadata": {"name": "web", "version": "1"} | changed}})


BEYOND: dict[str, tuple[dict[str, Any], str]] = {
    "values nested too deep": (written(RECORD | {"config": nested(MAX_DEPTH + 2)}), "nested more than 100 levels deep"),
    "values 900 maps deep": (written(RECORD | {"config": nested(900)}), "nested more than 200 levels deep"),
    "too many values": (written(RECORD | {"config": {"a": [0] * MAX_VALUES}}), "more than 100,000 values"),
    "a text that is too long": (written(RECORD | {"config": {"a": "a" * (4 * 2**20 + 1)}}), "characters in them"),
    "U+0000 in a value": (written(RECORD | {"config": {"a": ["\0"]}}), "U+0000 in a string"),
    "U+0000 in a key": (written(RECORD | {"config": {"a\0": 1}}), "U+0000 in a string"),
    "U+0000 in the chart's name": (with_chart(name="\0"), "U+0000 among them"),
    "U+0000 in the status": (with_info(status="\0"), "U+0000 among them"),
    "a version of 20,000 letters": (with_chart(version="1" * 20_000), f"more than {MAX_TEXT} characters"),
    "the year 9999": (with_info(last_deployed="9999-12-31T23:59:59-12:00"), "not a valid deployment time"),
    "the year 1": (with_info(last_deployed="0002-01-01T00:00:00+12:00"), "not a valid deployment time"),
    "a time without its zone": (with_info(last_deployed="2026-01-02T03:04:05"), "not a valid deployment time"),
    "a revision beyond 32 bits": (written(RECORD | {"version": 2**31}), "not a number that a release can have"),
    "revision 0": (written(RECORD | {"version": 0}), "not a number that a release can have"),
    "revision 1.5": (written(RECORD | {"version": 1.5}), "not a number that a release can have"),
    "revision true": (written(RECORD | {"version": True}), "not a number that a release can have"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_a_record_beyond_the_bounds_is_unreadable_and_says_why(case: str) -> None:
    record, words = BEYOND[case]
    with pytest.raises(UnreadableRecordError) as caught:
        read_record(record)
    assert words in str(caught.value)
    assert "\0" not in str(caught.value)


def test_a_record_just_within_the_bounds_is_read() -> None:
    values = {"a": nested(MAX_DEPTH - 1), "b": [0] * (MAX_VALUES - 500)}
    assert read_record(written(RECORD | {"config": values, "version": 2**31 - 1})).values == values


def test_a_description_of_any_length_is_cut() -> None:
    found = read_record(with_info(description="a\0" * MAX_DESCRIPTION))
    assert found.description is not None
    assert len(found.description) <= MAX_DESCRIPTION
    assert "\0" not in found.description


@pytest.mark.parametrize("part", [b"{},", b"[],", b'"",', b"0,"])
def test_a_secret_of_a_few_kilobytes_does_not_take_gigabytes(part: bytes) -> None:
    """What was 3.5 GB as Python objects, of 30 MB as JSON, of 100 KB as a Secret."""
    bomb = raw(b'{"config":[' + part * (30 * 2**20 // len(part)) + b"0]}")
    tracemalloc.start()
    with pytest.raises(UnreadableRecordError, match=f"more than {MAX_PARTS:,} values"):
        read_record(bomb)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 100 * 2**20


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=30,
)
PLACES: list[tuple[str, ...]] = [("config",), ("version",), ("name",), ("namespace",), ("info",), ("chart",)]
PLACES += [("info", "status"), ("info", "last_deployed"), ("info", "description"), ("chart", "metadata"), ("manifest",)]
PLACES += [("chart", "metadata", name) for name in ("name", "version", "appVersion")]


@settings(max_examples=300)
@given(value=JSON, place=st.sampled_from(PLACES))
def test_any_record_is_read_as_what_can_be_kept_or_is_unreadable(value: Any, place: tuple[str, ...]) -> None:
    record: Any = json.loads(json.dumps(RECORD))
    part = record
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    try:
        found = read_record(written(record))
    except UnreadableRecordError as error:
        assert "\0" not in str(error)  # noqa: PT017 - either is right
        return
    assert 0 < found.revision < 2**31
    assert found.updated_at is None or datetime(1899, 1, 1, tzinfo=UTC) < found.updated_at
    texts = [found.name, found.namespace, found.status, found.chart_name, found.chart_version, json.dumps(found.values)]
    assert not any("\0" in text or "\\u0000" in text for text in texts)
    assert found.digest


@settings(max_examples=300)
@given(text=st.binary(max_size=200) | st.text(alphabet='[]{}",\\a:0 ', max_size=200).map(str.encode))
def test_any_bytes_are_unreadable_and_nothing_else_happens(text: bytes) -> None:
    with pytest.raises(UnreadableRecordError):
        read_record(raw(text))
