"""Paths of ignore rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.drift.pointers import covers, pointer_of, segments_of


@given(st.lists(st.text(max_size=10), min_size=1, max_size=5))
def test_a_pointer_gives_its_steps_again(segments: list[str]) -> None:
    assert segments_of(pointer_of(segments)) == tuple(segments)


@pytest.mark.parametrize("pointer", ["", "spec", "/spec/~2", "/spec/~", "/" + "x" * 500])
def test_a_text_that_is_not_a_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(ValueError, match=r"^(A path starts with /|In a path, ~ is written)"):
        segments_of(pointer)


def test_a_star_stands_for_one_step() -> None:
    assert covers(("a", "*", "c"), ("a", "b", "c", "d"))
    assert not covers(("a", "*", "c"), ("a", "c"))
