"""YAML that would end the process or fill its memory; and YAML that may come."""

from typing import Any

import pytest
import yaml

from app.untrusted_yaml import MAX_DEPTH, load


def aliases(line: str, count: int) -> str:
    """Each line names the one before it ten times."""
    text = "a: &a {k: v, l: w}\n" if "<<" in line else "a: &a [x]\n"
    for number in range(count):
        above, name = chr(97 + number), chr(98 + number)
        text += line.format(name=name, above=", ".join([f"*{above}"] * 10))
    return text


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("count", [MAX_DEPTH + 1, 1_000, 100_000])
def test_what_is_nested_too_deep_is_refused(bracket: str, count: int) -> None:
    with pytest.raises(yaml.YAMLError):
        load(bracket * count)


@pytest.mark.parametrize("line", ["{name}: &{name} [{above}]\n", "{name}: &{name}\n  <<: [{above}]\n"])
@pytest.mark.parametrize("count", [6, 20])
def test_aliases_that_unfold_to_too_much_are_refused(line: str, count: int) -> None:
    with pytest.raises(yaml.YAMLError, match=r"^its aliases unfold to too much$"):
        load(aliases(line, count))


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a\n  b: *a", "&a {? *a : 1}", "a: &a {<<: *a}"])
def test_what_contains_itself_is_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"^it contains itself$"):
        load(text)


@pytest.mark.parametrize("text", ["a: &a 1\nb: *a", b"a: &a 1\nb: *a"])
def test_aliases_are_refused_where_they_are_not_allowed(text: str | bytes) -> None:
    assert load(text) == {"a": 1, "b": 1}
    with pytest.raises(yaml.YAMLError, match=r"^it has aliases$"):
        load(text, strict=True)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: {b: [{c: 1, c: 1}]}", '{"a": 1, a: 1}', "? {b: 1, b: 2}\n: 1"])
def test_a_key_that_is_there_twice_is_refused_where_it_matters(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"^it has a key twice$"):
        load(text, strict=True)
    assert load("a: {a: 1}\nb: [{a: 1}, {a: 2}]", strict=True) == {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("a: &b 1", {"a": 1}),
        ("base: &base {a: 1}\nnext: {<<: *base, b: 2}", {"base": {"a": 1}, "next": {"a": 1, "b": 2}}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: =", {"a": "="}),
        ("a: yes\nb: 0x1f\nc: ~\nd: 1e3\ne: 1.5", {"a": True, "b": 31, "c": None, "d": "1e3", "e": 1.5}),
        ("{a: [1, {b: 'x & *y'}]}", {"a": [1, {"b": "x & *y"}]}),
        ("[" * MAX_DEPTH + "]" * MAX_DEPTH, "deep"),
    ],
)
def test_what_is_harmless_is_read(text: str, expected: Any) -> None:
    found = load(text)
    assert found == expected or (expected == "deep" and isinstance(found, list))
    assert load(text.encode()) == found


@pytest.mark.parametrize("text", ["a: [", "a: 1\n---\nb: 2", "!!python/object/apply:os.getcwd []", "*a", "a: \x00"])
def test_anything_else_is_an_error(text: str) -> None:
    with pytest.raises((yaml.YAMLError, ValueError)):
        load(text)
