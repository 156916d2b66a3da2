"""The difference of two manifests: as `diff -u` shows it, however many equal lines a chart renders."""

import difflib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.releases import unified_diff as module
from app.releases.unified_diff import unified_diff

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  d: 1"]), max_size=40)
NAMES = ("installed", "wanted")


@given(LINES, LINES)
def test_a_unified_diff_is_that_of_difflib(before: list[str], after: list[str]) -> None:
    expected = difflib.unified_diff(before, after, *NAMES, lineterm="")
    found = unified_diff("".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after), NAMES)
    assert found == "\n".join(expected)


@given(LINES, LINES)
def test_a_comparison_that_takes_too_long_shows_the_rest_as_replaced(before: list[str], after: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WORK", 30)
        patch.setattr(module, "_CONTEXT", 100)
        found = unified_diff("".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after), NAMES)
    shown = found.splitlines()[3:]
    if before != after and shown:
        assert [line[1:] for line in shown if line[0] in " -"] == before
        assert [line[1:] for line in shown if line[0] in " +"] == after


def test_manifests_of_many_equal_lines_in_another_order_are_compared_in_bounded_time() -> None:
    """Half an hour of work for `difflib`."""
    chosen = random.Random(1)
    before, after = ("\n".join(f"# {chosen.randrange(210)}" for _ in range(90_000)) for _ in range(2))
    found = unified_diff(before, after, NAMES)
    assert found.startswith("--- installed\n+++ wanted\n@@ -1,90000 +1,90000 @@")


def test_manifests_with_too_many_lines_are_not_compared() -> None:
    assert unified_diff("\n" * 150_000, "\n" * 100_000, NAMES) == (
        "# The manifests have more than 200,000 lines together and are not compared."
    )
