"""Differences are stored bounded, those that count as drift first."""

import json

from app.drift.comparison import FieldDifference
from app.drift.shown import MOST_STORED, shown


def test_ignored_differences_come_last_and_what_does_not_fit_is_counted() -> None:
    ignored = FieldDifference("/a", 1, 2, ignored_by="a rule")
    large = [FieldDifference(f"/data/{number}", "x" * 500, "y" * 500) for number in range(100)]
    found = shown([ignored, *large])
    assert len(json.dumps(found.rows)) <= MOST_STORED + 200
    assert found.left_out == 101 - len(found.rows)
    assert {row["ignored_by"] for row in found.rows} == {None}
    assert [row["path"] for row in shown([ignored, large[0]]).rows] == ["/data/0", "/a"]


def test_a_long_list_is_shown_as_the_beginning_of_its_text_and_a_nul_is_left_out() -> None:
    [row] = shown([FieldDifference("/a", ["\0word"] * 3, list(range(1000)))]).rows
    assert row["wanted"] == ["word"] * 3
    assert row["live"].startswith("[0, 1, 2")
    assert len(row["live"]) == 1001
