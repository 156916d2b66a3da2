"""JSON that can be written again."""

import orjson
import pytest

from app.core.json_text import TooDeepError, read_writable

DEEPEST = 254
"""Levels that orjson writes."""


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_that_is_nested_too_deeply_is_refused(opening: bytes, closing: bytes) -> None:
    def nested(levels: int) -> bytes:
        return opening * levels + b"1" + closing * levels

    assert orjson.dumps(read_writable(nested(DEEPEST))) == nested(DEEPEST)
    with pytest.raises(TooDeepError):
        read_writable(nested(DEEPEST + 1))


@pytest.mark.parametrize("text", [b'["%b"]' % (b"[" * 1000), b"[%b1]" % (b"[]," * 1000), b"null"])
def test_brackets_side_by_side_or_in_texts_do_not_count_as_depth(text: bytes) -> None:
    assert orjson.dumps(read_writable(text)) == text


@pytest.mark.parametrize("text", [b"", b"<html>", b"[1", b"[" * 2000])
def test_text_that_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - it is what callers expect
        read_writable(text)
    assert not isinstance(refused.value, TooDeepError)
