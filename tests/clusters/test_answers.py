"""Answers that are not what was asked for are no observation; what they ask for is understood."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clusters.answers import MOST_VALUES, Page, asked_pause, parsed, read_field, read_page, read_secret
from app.clusters.changes import Change, Head, read_changes
from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def item(**changed: Any) -> dict[str, Any]:
    """The metadata of a release Secret."""
    labels = {"owner": "helm", "name": "shop", "version": "3", "status": "deployed"}
    metadata = {"name": "sh.helm.release.v1.shop.v3", "namespace": "default", "labels": labels, "resourceVersion": "7"}
    return {"metadata": metadata | changed}


def listed(*items: Any, **changed: Any) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadataList", "metadata": {"resourceVersion": "9"}, "items": list(items)} | changed


HEAD = Head("default", "shop", 3, "deployed", "sh.helm.release.v1.shop.v3", "7")


def test_a_page_is_read_with_the_version_of_the_store_and_the_way_on() -> None:
    assert read_page(listed(item())) == Page(9, [HEAD], "")
    more = listed(metadata={"resourceVersion": "9", "continue": "abc"}, items=None)
    assert read_page(more, namespace="default") == Page(9, [], "abc")


NO_PAGES: dict[str, Any] = {
    "null": None,
    "text": "<html></html>",
    "a list": [item()],
    "a Status": {"kind": "Status", "status": "Success", "metadata": {}},
    "a list of another kind": listed(kind="ConfigMapList"),
    "no kind": {"metadata": {"resourceVersion": "9"}, "items": []},
    "a kind that is a list": listed(kind=["PartialObjectMetadataList"]),
    "no metadata": {"kind": "SecretList", "items": []},
    "no version": listed(metadata={}),
    "a version that is a word": listed(metadata={"resourceVersion": "new"}),
    "a version that is a number": listed(metadata={"resourceVersion": 9}),
    "a version that no database keeps": listed(metadata={"resourceVersion": "9" * 19}),
    "items that are a map": listed(items={"a": item()}),
    "items of another kind": listed(item() | {"kind": "ConfigMap"}),
    "items that are text": listed("a"),
    "items without metadata": listed({}),
    "items that were not selected": listed(item(labels={"owner": "flux"})),
    "items without labels": listed(item(labels=None)),
    "items without a version": listed(item(resourceVersion=None)),
    "items with U+0000 in their name": listed(item(name="a\0")),
    "items with a name of any length": listed(item(name="a" * 254)),
    "a continue that is a number": listed(metadata={"resourceVersion": "9", "continue": 5}),
    "a continue of any length": listed(metadata={"resourceVersion": "9", "continue": "a" * 20_000}),
}


@pytest.mark.parametrize("case", NO_PAGES)
def test_an_answer_that_is_not_a_list_of_secrets_is_unexpected(case: str) -> None:
    with pytest.raises(TemporaryError) as caught:
        read_page(NO_PAGES[case])
    assert caught.value.code == ActionCode.CLUSTER_UNEXPECTED_ANSWER
    assert caught.value.message == ("The API server returned something other than Helm's release Secrets.")


def test_objects_of_another_namespace_are_unexpected() -> None:
    with pytest.raises(TemporaryError) as caught:
        read_page(listed(item()), namespace="other")
    assert caught.value.code == ActionCode.CLUSTER_UNEXPECTED_ANSWER


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "metadata", "items", "labels", "name", "resourceVersion"]), inner)
    ),
    max_leaves=20,
)


@given(body=JSON | JSON.map(lambda inner: listed(inner)) | JSON.map(lambda inner: listed(item(labels=inner))))
def test_any_answer_is_a_page_or_unexpected(body: Any) -> None:
    code = None
    try:
        read_page(body)
    except TemporaryError as error:
        code = error.code
    assert code in (None, ActionCode.CLUSTER_UNEXPECTED_ANSWER)


@pytest.mark.parametrize("body", [None, "", [], {}, {"kind": "Status"}, {"kind": "Secret", "metadata": {"name": "b"}}])
def test_another_object_is_not_the_secret_that_was_asked_for(body: Any) -> None:
    with pytest.raises(TemporaryError) as caught:
        read_secret(body, "a")
    assert caught.value.code == ActionCode.CLUSTER_UNEXPECTED_ANSWER


@pytest.mark.parametrize("body", [None, [], {"a": None}, {"a": {"b": 1}}, {"a": ["b"]}])
def test_a_field_that_is_not_there_is_unexpected(body: Any) -> None:
    with pytest.raises(TemporaryError) as caught:
        read_field(str, body, "a", "b")
    assert caught.value.code == ActionCode.CLUSTER_UNEXPECTED_ANSWER


def test_an_answer_with_more_values_than_any_has_is_not_read() -> None:
    assert parsed(b"[" + b"[]," * 1000 + b"1]") == [[] for _ in range(1000)] + [1]
    with pytest.raises(TemporaryError, match=r"more than 400,000 values"):
        parsed(b"[" + b"[]," * (MOST_VALUES // 2) + b"1]")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("99999", 3600.0),
        ("-7", None),
        ("soon", None),
        ("Fri, 02 Jan 2026 03:04:25 GMT", 20.0),
        ("Fri, 02 Jan 2026 03:04:25 -0000", 20.0),
        ("Fri, 02 Jan 2026 03:04:00 GMT", 0.0),
        ("Fri, 02 Jan 2099 03:04:00 GMT", 3600.0),
        ("Fri, 99 Jan 2026 03:04:25 GMT", None),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert asked_pause(header, NOW) == seconds


def change(kind: str, **changed: Any) -> list[Change]:
    return list(read_changes(orjson.dumps({"type": kind, "object": item(**changed)})))


def labelled(**labels: str | None) -> dict[str, str]:
    merged = {"owner": "helm", "name": "shop", "version": "3", "status": "deployed"} | labels
    return {name: value for name, value in merged.items() if value is not None}


def test_the_revision_is_the_one_in_the_name_of_the_secret_whatever_its_labels_say() -> None:
    assert change("MODIFIED", labels=labelled(version="99")) == [Change(7, head=HEAD)]
    assert change("MODIFIED", labels=labelled(version=None)) == [Change(7, head=HEAD)]
    assert change("DELETED", labels=labelled(version="1")) == [Change(7, gone=HEAD)]


def test_a_name_that_was_edited_has_both_releases_looked_at() -> None:
    found = change("MODIFIED", labels=labelled(name="other"))
    assert {each.unclear for each in found} == {("default", "shop"), ("default", "other")}
    assert change("MODIFIED", labels=labelled(name=None)) == [Change(7, unclear=("default", "shop"))]
    assert read_page(listed(item(labels=labelled(name="other")))) == Page(9, [], "")


@pytest.mark.parametrize(
    "line", [b"null", b"[]", b"<html>", b'"a"', b'{"type":"ADDED","object":null}', b'{"type":"ADDED"}']
)
def test_a_line_that_is_not_a_change_ends_the_watch(line: bytes) -> None:
    with pytest.raises(TemporaryError) as caught:
        list(read_changes(line))
    assert caught.value.code == "watch_unreadable"


def test_an_error_of_code_410_is_expired() -> None:
    with pytest.raises(TemporaryError) as caught:
        list(read_changes(b'{"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}}'))
    assert caught.value.code == ActionCode.WATCH_EXPIRED
