"""JSON that comes in pieces: its values are counted as they come, wherever the pieces end."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.admission.refusal import Refusal
from app.server.values import MOST_VALUES, Values

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.sampled_from('a"\\,[{é')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from('a"\\,[{'), max_size=3), inner),
    max_leaves=10,
)


def beside(value: object) -> bytes:
    """What is between the texts of a value's JSON."""
    if isinstance(value, str):
        return b""
    if isinstance(value, list):
        return b"[" + b",".join(map(beside, value)) + b"]"
    if isinstance(value, dict):
        return b"{" + b",".join(b":" + beside(part) for part in value.values()) + b"}"
    return orjson.dumps(value)


@given(ANY, st.integers(1, 5))
def test_structure_between_strings_is_counted_alike_in_pieces_of_any_size(value: object, size: int) -> None:
    data, values = orjson.dumps(value), Values()
    for start in range(0, len(data), size):
        values.add(data[start : start + size])
    assert values.beside == beside(value)


@pytest.mark.parametrize("entry", [b"0,", b'"a",', b'{"a":', b"[", b'"",'])
def test_too_many_values_are_noticed_in_the_piece_that_contains_them(entry: bytes) -> None:
    values = Values()
    for _ in range(MOST_VALUES // 1_000):
        values.add(entry * 1_000)
    with pytest.raises(Refusal, match="at most 100,000 values"):
        values.add(entry * 1_000)


def test_long_strings_count_as_one_value_in_pieces_of_any_size() -> None:
    values = Values()
    for piece in [b'"', *[b"[,{" * 1_000_000] * 5, b'"']:
        values.add(piece)
    assert values.beside == b""
