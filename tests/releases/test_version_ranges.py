"""Constraints for Kubernetes versions."""

import pytest

from app.releases.version_ranges import MAX_TEXT, VersionRange


@pytest.mark.parametrize(
    ("constraint", "allowed", "refused"),
    [
        (">=1.28 <1.31", ["1.28.0", "v1.30.99", "1.29"], ["1.27.9", "1.31.0", "v2.0.0"]),
        (">=1.28, <1.31", ["1.28.0", "v1.30.99"], ["1.31.0"]),
        (">= 1.28,<1.31", ["1.28.0"], ["1.31.0"]),
        (">1.29", ["1.30.0"], ["1.29.9", "1.28.0"]),
        (">1.29.3", ["1.29.4"], ["1.29.3"]),
        ("<=1.29", ["1.29.9", "1.0.0"], ["1.30.0"]),
        ("1.29", ["1.29.0", "1.29.7"], ["1.30.0", "1.28.9"]),
        ("=1.29.3", ["v1.29.3-eks-1a2b3c", "1.29.3+k3s1"], ["1.29.4"]),
        ("1.29.x", ["1.29.7"], ["1.30.0"]),
        ("1.x", ["1.0.0", "1.99.0"], ["2.0.0"]),
        ("1", ["1.0.0", "1.99.0"], ["2.0.0"]),
        ("!=1.29", ["1.28.0", "1.30.0"], ["1.29.5"]),
        ("~1.29.3", ["1.29.3", "1.29.9"], ["1.29.2", "1.30.0"]),
        ("~1.29", ["1.29.0"], ["1.30.0"]),
        ("1.27.x || >=1.30", ["1.27.3", "1.31.0"], ["1.28.0"]),
    ],
)
def test_a_constraint_allows_the_versions_that_it_describes(
    constraint: str, allowed: list[str], refused: list[str]
) -> None:
    found = VersionRange.parse(constraint)
    assert [version for version in allowed if not found.allows(version)] == []
    assert [version for version in refused if found.allows(version)] == []


@pytest.mark.parametrize("version", ["", "unknown", "x1.29.0", "one.two"])
def test_a_text_that_is_not_a_version_is_never_allowed(version: str) -> None:
    assert not VersionRange.parse(">=0").allows(version)


@pytest.mark.parametrize(
    "text",
    ["", " ", "latest", ">=", ">=1.28 <", "1.28 ||", ">=1.2.3.4", "1.28;1.29", "=>1.2", "1" * 7, "9" * (MAX_TEXT + 1)],
)
def test_a_text_that_is_not_a_constraint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="version constraint"):
        VersionRange.parse(text)
