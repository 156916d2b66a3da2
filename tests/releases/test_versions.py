import random

import pytest

from app.releases.versions import find, newest_first, newest_stable, parsed

IN_ORDER = [
    *("2.0.0", "v1.10.0", "1.9.9+build.7", "1.9.0", "1.2", "1.0.0", "1.0.0-rc.1", "1.0.0-beta.11", "1.0.0-beta.2"),
    *("1.0.0-beta", "1.0.0-alpha.beta", "1.0.0-alpha.1", "1.0.0-alpha", "0.9", "v0"),
]
NONE = ["", "latest", "1.0.0.0", "1.x", "-1.0.0", "1.0.0-", "one", "vv1.0.0", "1.0.0 beta"]


@pytest.mark.parametrize("text", NONE)
def test_a_text_that_is_not_a_semantic_version_is_not_parsed(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize(("text", "full"), [("1", "1.0.0"), ("1.2", "1.2.0"), ("v1.2", "1.2.0"), (" V1.2.3 ", "1.2.3")])
def test_parts_that_are_left_out_are_zero(text: str, full: str) -> None:
    assert str(parsed(text)) == full


def test_versions_are_in_the_order_of_semver_and_invalid_ones_come_last() -> None:
    shuffled = [*IN_ORDER, *NONE]
    for seed in range(20):
        random.Random(seed).shuffle(shuffled)
        assert newest_first(shuffled)[: len(IN_ORDER)] == IN_ORDER
        assert newest_first(shuffled) == newest_first(sorted(shuffled))


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        (IN_ORDER, "2.0.0"),
        (["1.9.0", "1.10.0", "1.2.0"], "1.10.0"),
        (["1.0.0", "2.0.0-rc.1"], "1.0.0"),
        (["v1.0.0", "0.9.0"], "v1.0.0"),
        (["1.0.0", "latest"], "1.0.0"),
        (["2.0.0-rc.1", "1.0.0-alpha"], None),
        (NONE, None),
        ([], None),
    ],
)
def test_the_newest_stable_version_is_not_a_prerelease(versions: list[str], newest: str | None) -> None:
    assert newest_stable(versions) == newest


@pytest.mark.parametrize(
    ("versions", "wanted", "found"),
    [
        (["1.0.0"], "1.0.0", "1.0.0"),
        (["1.0.0"], "v1.0.0", "1.0.0"),
        (["v1.0.0"], "1.0.0", "v1.0.0"),
        (["1.0.0"], " 1.0.0 ", "1.0.0"),
        (["1.0.0+1", "1.0.0+2"], "1.0.0+2", "1.0.0+2"),
        (["1.0.0"], "1.0", None),
        (["1.0.0"], "1.0.0-rc.1", None),
        (["1.0.0"], "^1.0.0", None),
        (["1.0.0"], "", None),
        (["latest"], "latest", "latest"),
        ([], "1.0.0", None),
    ],
)
def test_a_version_is_found_as_it_is_written(versions: list[str], wanted: str, found: str | None) -> None:
    assert find(versions, wanted) == found
