import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases.canonical import canonical, digest, normal, plain_version, same_version
from tests.releases.strategies import documents, layers


def shuffled(value: Any) -> Any:
    """The same value, written otherwise: keys in reverse, whole numbers as floats."""
    if isinstance(value, dict):
        return {key: shuffled(inner) for key, inner in reversed(value.items())}
    if isinstance(value, list):
        return [shuffled(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0, "0"),
        (0.5, "0.5"),
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740992"),
        (-(2**53) - 1, "-9007199254740992"),
        (2**63, "9.223372036854775808e18"),
        (2**64 - 1, "1.8446744073709552e19"),
        (1e21, "1e21"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        ("1", '"1"'),
        ("\u2028ü", '"\u2028ü"'),
        ({"b": 1.0, "a": [2.0, {"d": 1, "c": 2}]}, '{"a":[2,{"c":2,"d":1}],"b":1}'),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_a_value_has_one_text(value: Any, text: str) -> None:
    assert json.loads(canonical(value)) == json.loads(text)
    assert canonical(value) == canonical(json.loads(text))
    if "e" not in text:
        assert canonical(value).decode() == text


@given(value=documents())
def test_neither_the_order_of_keys_nor_the_form_of_numbers_matters(value: Any) -> None:
    assert canonical(shuffled(value)) == canonical(value)


@given(value=documents())
def test_the_normal_form_is_its_own_normal_form(value: Any) -> None:
    once = normal(value)
    assert normal(once) == once
    assert canonical(once) == canonical(value)
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (0, None),
        (1, "1"),
        (None, "null"),
        ([], {}),
        ([], None),
        ("", None),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ({"a": {}}, {"a": []}),
        (0.1, 0.10000000000000002),
        ("\u00e9", "e\u0301"),
    ],
)
def test_values_that_differ_have_different_texts(one: Any, other: Any) -> None:
    assert canonical(one) != canonical(other)


names = st.sampled_from(["web", "db"])
versions = st.sampled_from(["1.0.0", "v1.0.0", "1.0.1", "1.0.0+1"])


@given(one=st.tuples(names, versions, layers), other=st.tuples(names, versions, layers))
def test_digests_are_equal_exactly_when_name_version_and_values_are(
    one: tuple[str, str, Any], other: tuple[str, str, Any]
) -> None:
    same = (one[0], plain_version(one[1])) == (other[0], plain_version(other[1]))
    same = same and canonical(one[2]) == canonical(other[2])
    assert (digest(*one) == digest(*other)) == same


def test_a_digest_has_16_bytes_and_takes_no_values_for_empty_ones() -> None:
    assert len(digest("web", "1.0.0", {})) == 16
    assert digest("web", "1.0.0", None) == digest("web", "v1.0.0", {})
    assert digest("web", "1.0.0", {"a": 1}) == digest("web", "1.0.0", {"a": 1.0})
    assert digest("web", "1.0.0", {"a": None}) != digest("web", "1.0.0", {})
    assert digest("web1", ".0.0", {}) != digest("web", "1.0.0", {})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.0.0", "v1.0.0", True),
        ("V1.0.0", "v1.0.0", True),
        (" 1.0.0 ", "1.0.0", True),
        ("1.0.0", "1.0.1", False),
        ("1.0", "1.0.0", False),
        ("1.0.0+1", "1.0.0+2", False),
        ("vv1.0.0", "v1.0.0", False),
        ("version", "ersion", False),
        ("v", "", False),
    ],
)
def test_a_v_before_a_version_does_not_change_the_version(one: str, other: str, same: bool) -> None:
    assert same_version(one, other) is same
    assert same_version(other, one) is same
