"""Ranges of semantic versions."""

import pytest

from app.releases.version_ranges import MAX_TEXT
from app.releases.versions import parsed
from app.upgrades.ranges import SemanticRange


@pytest.mark.parametrize(
    ("text", "allowed", "refused"),
    [
        ("1.4.2", ["1.4.2", "v1.4.2", "1.4.2+build.7"], ["1.4.3", "1.4.2-rc.1"]),
        ("1.4", ["1.4.0", "1.4.9"], ["1.3.9", "1.5.0"]),
        ("1", ["1.0.0", "1.99.0"], ["2.0.0", "0.9.0"]),
        (">=1.9 <1.11", ["1.9.0", "1.10.0", "1.10.7"], ["1.8.9", "1.11.0", "1.10.0-rc.1"]),
        (">=1.9, <1.11", ["1.10.0"], ["1.11.0"]),
        (">1.9", ["1.10.0"], ["1.9.9"]),
        ("<=1.9", ["1.9.9"], ["1.10.0"]),
        ("!=1.9", ["1.8.0", "1.10.0"], ["1.9.3"]),
        ("1.9.x || >=2", ["1.9.3", "2.0.0"], ["1.10.0"]),
        ("~1.4.2", ["1.4.2", "1.4.9"], ["1.4.1", "1.5.0"]),
        ("^1.4.2", ["1.4.2", "1.9.0"], ["1.4.1", "2.0.0"]),
        ("^0.13.1", ["0.13.1", "0.13.9"], ["0.13.0", "0.14.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0", ["0.0.1", "0.99.0"], ["1.0.0"]),
        ("1.4.2-rc.1", ["1.4.2-rc.1"], ["1.4.2", "1.4.2-rc.2", "1.4.2-rc.1.1"]),
        (">=1.4.0-rc.2", ["1.4.0-rc.2", "1.4.0-rc.10", "1.4.0", "1.5.0-beta"], ["1.4.0-rc.1", "1.4.0-beta"]),
        (">1.4.0-rc.2", ["1.4.0-rc.3", "1.4.0-rc.2.1", "1.4.0"], ["1.4.0-rc.2"]),
        (">=1.4.0-rc.1 <1.5", ["1.4.0-rc.1", "1.4.9"], ["1.5.0-rc.1", "1.5.0"]),
        ("~1.4.0-rc.1", ["1.4.0-rc.1", "1.4.7"], ["1.5.0-rc.1"]),
    ],
)
def test_a_range_allows_the_versions_that_it_describes(text: str, allowed: list[str], refused: list[str]) -> None:
    found = SemanticRange.parse(text)
    assert {version: _allows(found, version) for version in [*allowed, *refused]} == {
        **dict.fromkeys(allowed, True),
        **dict.fromkeys(refused, False),
    }


@pytest.mark.parametrize(
    "text", ["", "latest", "1.4.2.1", ">=", "1.x.2", "1.4 ||", "1.4-rc.1", "1.4.2-01", "=>1.4", "1.4.2-", "1..2"]
)
def test_a_text_that_is_not_a_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range of versions"):
        SemanticRange.parse(text)


def test_a_long_text_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 200 characters"):
        SemanticRange.parse("1 " * MAX_TEXT)


def _allows(found: SemanticRange, version: str) -> bool:
    number = parsed(version)
    assert number is not None
    return found.allows(number)
