"""Lines and entries of logs, from bytes alone."""

from datetime import UTC, datetime, timedelta

from app.logs.entries import Backlog, Entry, EntryKind, merged
from app.logs.lines import CUT, LONGEST_LINE, Line, Splitter
from app.logs.options import LogOptions

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def entry(text: str, second: int | None, container: str = "web", kind: EntryKind = EntryKind.LINE) -> Entry:
    return Entry(kind, text, None if second is None else NOON + timedelta(seconds=second), "pod", container)


def test_lines_are_put_together_from_pieces_and_separated_from_their_times() -> None:
    splitter = Splitter()
    assert splitter.feed(b"2026-11-30T12:00:00.000000001Z fir") == []
    assert splitter.feed(b"st\r\n2026-11-30T12:00:01Z \nno time\nrest") == [
        Line(NOON, "first"),
        Line(NOON + timedelta(seconds=1), ""),
        Line(None, "no time"),
    ]
    assert splitter.end() == [Line(None, "rest")]


def test_a_line_without_end_is_cut_and_what_follows_its_end_is_read_again() -> None:
    splitter = Splitter()
    for _ in range(1000):
        assert splitter.feed(b"a" * 1000) == []
    [line, after] = splitter.feed(b"\nafter\n")
    assert line == Line(None, "a" * LONGEST_LINE + CUT)
    assert after == Line(None, "after")


def test_bytes_that_are_not_text_are_replaced() -> None:
    assert Splitter().feed(b"\xff\0\xfe ok\n") == [Line(None, "\ufffd\ufffd\ufffd ok")]
    for stamp in (b"9999-12-31T23:59:59-23:59", b"2026-99-30T12:00:00.00Z", b"\xff" * 25):
        [line] = Splitter().feed(stamp + b" text\n")
        assert (line.time, line.text.endswith(" text")) == (None, True)


def test_entries_of_several_containers_are_in_the_order_of_their_times() -> None:
    found = merged(
        [
            entry("b", 2, "one"),
            entry("restarted", None, "one", EntryKind.RESTARTED),
            entry("earlier by its clock", 1, "one"),
            entry("a", 1, "two"),
            entry("c", 3, "two"),
        ]
    )
    assert [each.text for each in found] == ["a", "b", "restarted", "earlier by its clock", "c"]


def test_a_slow_subscriber_gets_the_newest_lines_after_the_number_of_dropped_ones() -> None:
    backlog = Backlog(lines=3, characters=1000)
    for number in range(5):
        backlog.put(entry(str(number), number))
    assert [each.text for each in backlog.take(10)] == [
        "2 lines were dropped because they came too fast.",
        *("2", "3", "4"),
    ]
    backlog.put(entry("a" * 990, 5))
    backlog.put(entry("b" * 990, 6))
    dropped, line = backlog.take(10)
    assert (dropped.kind, line.text) == (EntryKind.DROPPED, "b" * 990)
    assert (backlog.take(10), len(backlog)) == ([], 0)


def test_a_search_goes_through_more_lines_than_are_shown() -> None:
    assert ("tailLines", "10000") in LogOptions(tail=5, search="x").query("web", follow=False)
    assert ("tailLines", "5") in LogOptions(tail=5).query("web", follow=False)
    after = LogOptions(tail=5, since_seconds=60).query("web", follow=True, after=NOON)
    assert after == [*LogOptions().query("web", follow=True)[:3], ("sinceTime", "2026-11-30T12:00:00Z")]
