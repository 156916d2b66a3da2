from typing import Any

import pytest
from hypothesis import given

from app.releases.canonical import canonical
from app.releases.paths import path_of, segments_of
from app.releases.references import (
    HIDDEN,
    MARK,
    Layer,
    Reference,
    clashes,
    combine,
    hidden,
    mask,
    place,
    texts_at,
)
from app.releases.release import Observed, covered, desired, masked, without_quotes
from app.releases.status import ReasonCode, TargetStatus, judge
from tests.releases.strategies import documents, keys

MARKS = {("db", "password"): f"{MARK}one", ("db", "user"): f"{MARK}two", ("other", "password"): f"{MARK}three"}


def mark(value: Any) -> str:
    return f"{MARK}{canonical(value).hex()}"


@given(segments=keys.flatmap(lambda first: keys.map(lambda second: (first, second))))
def test_a_path_leads_to_the_keys_that_it_was_made_of(segments: tuple[str, str]) -> None:
    assert segments_of(path_of(segments)) == segments


@pytest.mark.parametrize("path", ["", ".a", "a.", "a..b", "a b", 'a["b"', "a[b]", 'a.["b"]', "a['b']", "ä"])
def test_an_invalid_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"not a valid path|at least one key"):
        segments_of(path)


@given(values=documents())
def test_placing_changes_its_own_place_and_nothing_else(values: Any) -> None:
    before = canonical(values)
    placed = place(values, [(("new key", "inner"), 1)])
    assert canonical(values) == before
    assert placed.pop("new key") == {"inner": 1}
    assert canonical(placed) == canonical({key: value for key, value in values.items() if key != "new key"})


def test_an_override_takes_the_place_of_a_secret_and_a_secret_that_of_a_value() -> None:
    common = Layer({"a": 1}, (Reference("db", "password", "b.c"), Reference("db", "user", "d")))
    override = Layer({"b": {"c": "plain"}}, (Reference("other", "password", "a"),))
    values, references = combine([common, override], MARKS)
    assert values == {"a": f"{MARK}three", "b": {"c": "plain"}, "d": f"{MARK}two"}
    assert references == {"a": Reference("other", "password", "a"), "d": Reference("db", "user", "d")}


def test_masking_is_idempotent_and_covers_any_value() -> None:
    values = {"a": {"b": "secret", "c": 1}, "d": ["x", {"y": "z"}]}
    once = mask(values, ["a.b", "d", "e.f"], mark)
    assert once == {"a": {"b": mark("secret"), "c": 1}, "d": mark(["x", {"y": "z"}])}
    assert mask(once, ["a.b", "d", "e.f"], mark) == once
    assert list(texts_at(values, ["a.b", "d", "e.f"])) == ["secret", "x", "z"]
    assert list(texts_at(once, ["a.b", "d", "e.f"])) == []
    assert hidden(once) == {"a": {"b": HIDDEN, "c": 1}, "d": HIDDEN}


@pytest.mark.parametrize(
    ("values", "paths", "clashing"),
    [
        ({"a": {"b": 1}}, ["a.c", "d"], []),
        ({"a": {"b": 1}}, ["a.b"], ["a.b"]),
        ({"a": {"b": None}}, ["a.b"], ["a.b"]),
        ({"a": {"b": 1}}, ["a"], ["a"]),
        ({"a": "text"}, ["a.b"], ["a.b"]),
        ({}, ["a", "a.b"], ["a.b"]),
        ({}, ["a.b", "a"], ["a"]),
        ({}, ["a.b", "a.b"], ["a.b"]),
        ({}, ["a.b", "a.bc"], []),
    ],
)
def test_a_reference_needs_a_place_of_its_own(values: Any, paths: list[str], clashing: list[str]) -> None:
    layer = Layer(values, tuple(Reference("db", "password", path) for path in paths))
    assert [path for path, _ in clashes(layer)] == clashing


def observed(values: Any, **more: Any) -> Observed:
    return Observed("shop", "default", 1, "deployed", "web", "1.0.0", values=values, **more)


def test_reasons_name_the_secret_and_no_value() -> None:
    layer = Layer({"size": 1}, (Reference("db", "password", "db.password"), Reference("db", "user", "db.user")))
    right = {("db", "password"): mark("s3cret"), ("db", "user"): mark("root")}
    wanted = desired("web", "1.0.0", [layer], right)
    paths = ["db.password", "db.user"]
    there = masked(observed({"size": 1, "db": {"password": "s3cret", "user": "root"}}), paths, mark)
    assert judge(wanted, there).status is TargetStatus.DEPLOYED
    other = masked(observed({"size": 1, "db": {"password": "0ther", "more": "x"}}), paths, mark)
    verdict = judge(wanted, other)
    assert verdict.status is TargetStatus.STALE
    assert [(reason.code, reason.message, reason.desired, reason.actual) for reason in verdict.reasons] == [
        (ReasonCode.VALUES, 'db.more: wanted nothing, found "x"', None, "x"),
        (ReasonCode.SECRET, "db.password: differs from the current value password of the secret db.", None, None),
        (ReasonCode.SECRET, "db.user: wanted the value user of the secret db, found nothing.", None, None),
    ]
    plain = desired("web", "1.0.0", [Layer({"size": 1})], {})
    (reason,) = judge(plain, there).reasons
    assert reason.message == f'db: wanted nothing, found {{"password":"{HIDDEN}","user":"{HIDDEN}"}}'
    assert reason.actual == {"password": HIDDEN, "user": HIDDEN}
    same = desired("web", "1.0.0", [Layer({"size": 1, "db": {"password": "s3cret", "user": "root"}})], {})
    assert judge(covered(same, paths, mark), there).status is TargetStatus.DEPLOYED
    moved = desired("web", "1.0.0", [Layer({"size": 1, "db": {"password": "a", "user": "root"}})], {})
    assert [(reason.code, reason.message) for reason in judge(moved, there).reasons] == [
        (
            ReasonCode.SECRET,
            "db.password: differs from the desired value; both are hidden because the value comes from a secret.",
        ),
        (
            ReasonCode.SECRET,
            "db.user: differs from the desired value; both are hidden because the value comes from a secret.",
        ),
    ]


def test_a_release_that_is_masked_quotes_its_secrets_nowhere() -> None:
    there = observed(
        {"db": {"password": "s3cret!"}},
        description='Upgrade "shop" failed: invalid value: "s3cret!"',
        manifest="password: czNjcmV0IQ==\nplain: 's3cret!'\n",
    )
    seen = masked(there, ["db.password"], mark)
    assert seen.description == (
        'Upgrade "shop" failed: Helm\'s message is not stored, because it may contain secret values.'
    )
    assert seen.manifest == ""
    assert masked(there, [], mark) is there


@pytest.mark.parametrize(
    ("description", "kept"),
    [
        ("Upgrade complete", "Upgrade complete"),
        ("Rollback to 12", "Rollback to 12"),
        ("Install complete hunter2", "Helm's message is not stored, because it may contain secret values."),
        (
            'Release "web" failed: x',
            'Release "web" failed: Helm\'s message is not stored, because it may contain secret values.',
        ),
        (
            "Interrupted (pending-upgrade), and marked as failed by Polyhelm",
            "Interrupted (pending-upgrade), and marked as failed by Polyhelm",
        ),
        (None, None),
    ],
)
def test_of_a_description_only_fixed_words_are_kept(description: str | None, kept: str | None) -> None:
    assert without_quotes(description) == kept
