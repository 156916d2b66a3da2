"""YAML as Helm reads it, and YAML that would end the process or fill its memory."""

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.releases.canonical import canonical
from app.yaml.reading import BOUNDS, Bounds, YamlError, read, read_all
from tests.releases.oracle import Oracle, RefusedError
from tests.yaml.strategies import WORDS, scalars

runs_helm = settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # no shrinking: it is slow


def readable(line: str) -> bool:
    try:
        read(line)
    except YamlError:
        return False
    return True


def assert_read_alike(oracle: Oracle, lines: list[str]) -> None:
    text = "\n".join(line for line in lines if readable(line))
    seen, found = oracle.sees(text.encode()), read(text)
    differing = {key: (seen.get(key), found[key]) for key in found if not same(seen.get(key), found[key])}
    assert differing == {}
    assert seen.keys() == found.keys()


def same(one: Any, other: Any) -> bool:
    return canonical(one) == canonical(other)


@runs_helm
@given(texts=st.lists(scalars(), min_size=200, max_size=400))
def test_helm_reads_every_scalar_alike(oracle: Oracle, texts: list[str]) -> None:
    assert_read_alike(oracle, [f"k{number}: {text}" for number, text in enumerate(texts)])


@runs_helm
@given(texts=st.lists(scalars(), min_size=200, max_size=400))
def test_helm_reads_every_key_alike(oracle: Oracle, texts: list[str]) -> None:
    assert_read_alike(oracle, [f"k{number}: {{? {text}\n: 1}}" for number, text in enumerate(texts)])


@pytest.mark.parametrize("place", ["k{}: {}", "k{}: [{}]", "k{}: !!str {}", "k{}: '{}'", "k{}: ! {}", "k{}: !own {}"])
def test_helm_reads_each_word_alike_wherever_it_stands(oracle: Oracle, place: str) -> None:
    assert_read_alike(oracle, [place.format(number, text) for number, text in enumerate(WORDS)])


DOCUMENTS = [
    "a: &x {p: 1, q: 2}\nb:\n  p: 5\n  <<: *x\n  q: 7",
    "<<: [{a: 1}, {a: 2, b: 3}]\na: 9",
    "a: 9\n<<: {a: 1}",
    'b: {"<<": {a: 1}}',
    "b: {!!merge <<: {a: 1}}",
    "a: 1\na: 2",
    "a: &l [1, 2]\nb: *l\nc: [*l, *l]",
    "&k a: 1\nb: *k\n*k : 3",
    "a: &a [&a 1, *a]",
    "a: {b, c}\nd: !!set {e}",
    "? a\n: b",
    "a: !!str\nb: !!int '07'\nc: !!float 3\nd: !!bool on\ne: !!null ''\nf: !!binary aGk=\ng: !!timestamp 2001-01-01",
    "a: |\n  x\n   y\n\nb: >-\n  x\n  y\nc: |2+\n    z\n\n",
    "a: \"\\x41\\u00e9\\U0001F600 \\\n  b\"\nb: 'it''s\n\n  c'",
    "a:\n- 1\n-\n- b: 2\n  c:",
    "\ufeffa: 1 # b\nc: d#e",
    "%YAML 1.1\n---\na: 1\n...\n---\nb: 1",
    "%TAG ! tag:yaml.org,2002:\n---\na: !int '3'",
    "# nothing",
    "",
    "---\n",
]


@pytest.mark.parametrize("text", DOCUMENTS)
def test_helm_reads_a_document_alike(oracle: Oracle, text: str) -> None:
    assert same(oracle.sees(text.encode()), read(text) or {})


REFUSED = [
    "a: .inf",
    "a: -.Inf",
    "a: .nan",
    "a: !!float .inf",
    "~: a",
    "null: a",
    "18446744073709551615: a",
    "{[a]: b}",
    "{{a: b}: c}",
    "a: &x [1]\nb: {<<: *x}",
    "a: &x {c: 1}\nb: {<<: [*x, 3]}",
    "<<: 3",
    "<<:",
    "a: *b",
    "a: &a [*a]",
    "a: !!int 1.0",
    "a: !!int x",
    "a: !!int 08",
    "a: !!bool 1",
    "a: !!null x",
    "a: !!float 18446744073709551615",
    "a: !!timestamp x",
    "a: !!binary x",
    "%YAML 1.2\n---\na: 1",
    'a: "\\ud83d"',
    "a: [",
    "a: b: c",
    "\ta: 1",
    "a: @b",
    "a: \x00",
]


@pytest.mark.parametrize("text", REFUSED)
def test_documents_that_helm_refuses_are_errors_with_their_place(oracle: Oracle, text: str) -> None:
    with pytest.raises(RefusedError):
        oracle.sees(text.encode())
    with pytest.raises(YamlError) as caught:
        read(text)
    assert caught.value.line >= 1
    assert caught.value.column >= 1


def test_an_error_has_its_line_and_column() -> None:
    with pytest.raises(YamlError) as caught:
        read("a: 1\nb:\n  c: !!int x\n")
    assert (caught.value.line, caught.value.column) == (3, 6)
    assert str(caught.value) == "line 3, column 6: 'x' is not of the type !!int"


def test_every_document_of_a_stream_is_read() -> None:
    assert read_all("a: 1\n---\n---\nb: 08\n...\n") == [{"a": 1}, None, {"b": 8}]
    assert read_all("") == []


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- ", "? ", "a: [{"])
@pytest.mark.parametrize("count", [BOUNDS.depth + 1, 1_000, 100_000])
def test_a_document_that_is_nested_too_deeply_is_refused(bracket: str, count: int) -> None:
    with pytest.raises(YamlError):
        read(bracket * count)


def test_a_document_at_the_largest_depth_is_read() -> None:
    assert isinstance(read("[" * BOUNDS.depth + "]" * BOUNDS.depth), list)


def aliases(line: str, count: int) -> str:
    """Each line names the one before it ten times."""
    text = "a: &a {k: v, l: w}\n" if "<<" in line else "a: &a [x]\n"
    for number in range(count):
        above, name = chr(97 + number), chr(98 + number)
        text += line.format(name=name, above=", ".join([f"*{above}"] * 10))
    return text


@pytest.mark.parametrize("line", ["{name}: &{name} [{above}]\n", "{name}: &{name}\n  <<: [{above}]\n"])
@pytest.mark.parametrize("count", [6, 20])
def test_aliases_count_for_what_they_stand_for(line: str, count: int) -> None:
    with pytest.raises(YamlError, match=r"it has more than 500,000 values, aliases written out$"):
        read(aliases(line, count))


@pytest.mark.parametrize(("nodes", "enough"), [(5, False), (6, True)])
def test_every_value_and_every_key_counts(nodes: int, enough: bool) -> None:
    text = "[[], {a: b}, *c]".replace("[]", "&c []")
    if enough:
        assert read(text, Bounds(nodes=nodes)) == [[], {"a": "b"}, []]
    else:
        with pytest.raises(YamlError, match="more than 5 values"):
            read(text, Bounds(nodes=nodes))


def test_the_documents_of_a_stream_share_its_bounds() -> None:
    with pytest.raises(YamlError, match="more than 10 values"):
        read_all("---\n" * 11, Bounds(nodes=10))


@pytest.mark.parametrize("digits", [5_000, 200_000])
def test_a_number_of_many_digits_is_read_at_once(digits: int) -> None:
    assert read("a: 0x" + "f" * digits) == {"a": "0x" + "f" * digits}
    assert read("a: " + "9" * digits) == {"a": "9" * digits}
    assert read("a: 0." + "9" * digits) == {"a": 1.0}
    assert read("a: 0o" + "0" * digits + "17") == {"a": 15}


@pytest.mark.parametrize("text", ["a: &a 1\nb: *a", b"a: &a 1\nb: *a"])
def test_aliases_are_refused_where_they_are_not_allowed(text: str | bytes) -> None:
    assert read(text) == {"a": 1, "b": 1}
    with pytest.raises(YamlError, match=r"it has an alias$"):
        read(text, strict=True)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "a: {b: [{c: 1, c: 1}]}", '{"a": 1, a: 1}', "1: a\n'1': b"])
def test_a_key_that_is_there_twice_is_refused_where_it_matters(text: str) -> None:
    with pytest.raises(YamlError, match=r"it has a key twice$"):
        read(text, strict=True)
    assert read("a: {a: 1}\nb: [{a: 1}, {a: 2}]", strict=True) == {"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}


def test_bytes_are_read_as_their_text_is() -> None:
    assert read("a: ü".encode()) == read("a: ü") == read("a: ü".encode("utf-16")) == {"a": "ü"}
    with pytest.raises(YamlError):
        read(b"a: \xff")
