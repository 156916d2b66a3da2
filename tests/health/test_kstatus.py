"""kstatus in Python against the answers of the Go library: each of its rules by name, and random objects."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.health.fields import UnreadableError
from app.health.kstatus import compute
from app.health.result import Result
from app.yaml.reading import read

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
NAMED: list[dict[str, Any]] = read((GOLDEN / "kstatus.yaml").read_bytes())


def answer(live: dict[str, Any]) -> tuple[str, str | None, str] | None:
    """Status, reason and message; None for an error."""
    try:
        result = compute(live, NOW)
    except UnreadableError:
        return None
    return str(result.status), result.reason or None, result.message


@pytest.mark.parametrize("case", NAMED, ids=[case["name"] for case in NAMED])
def test_kstatus_says_what_the_go_library_says_of(case: dict[str, Any]) -> None:
    expected = None if case.get("error") else (case["status"], case.get("reason"), case["message"])
    assert answer(case["object"]) == expected


def test_kstatus_says_what_the_go_library_says_of_random_objects() -> None:
    cases = [orjson.loads(line) for line in (GOLDEN / "kstatus-random.jsonl").read_bytes().splitlines()]
    assert len(cases) > 200
    for live, expected in cases:
        assert answer(live) == (expected and (expected[0], expected[2] or None, expected[1])), live


def test_a_pod_without_room_is_judged_again_when_its_window_has_passed() -> None:
    """15 seconds after it was created, the same object has another result."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"creationTimestamp": "2026-11-29T23:59:50Z"},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
        },
    }
    again_at = datetime(2026, 11, 30, 0, 0, 5, tzinfo=UTC)
    waiting: Result = compute(pod, NOW)
    assert (waiting.status, waiting.reason, waiting.again_at) == ("InProgress", "PodNotScheduled", again_at)
    later = compute(pod, again_at)
    assert (later.status, later.reason, later.again_at) == ("Failed", "PodUnschedulable", None)
