"""YAML that is written is read back as what it was, by Helm and by readers of other versions of YAML."""

from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app.yaml.reading import read
from app.yaml.writing import write
from tests.releases.oracle import Oracle
from tests.releases.strategies import documents
from tests.yaml.strategies import WORDS, scalars

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
runs_helm = settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # no shrinking: it is slow


@runs_helm
@given(texts=st.lists(scalars() | st.text(max_size=20), min_size=100, max_size=200))
def test_helm_reads_every_text_back(oracle: Oracle, texts: list[str]) -> None:
    texts = [text for text in texts if "\x00" not in text and len(text) > 0]
    values: dict[str, Any] = {"texts": texts, "keys": dict.fromkeys(texts, "x"), "below": {"a": texts}}
    assert oracle.sees(write(values).encode()) == values


@runs_helm
@given(cases=st.lists(documents(), min_size=1, max_size=20))
def test_helm_reads_every_document_back(oracle: Oracle, cases: list[Any]) -> None:
    values = {f"case-{number}": case for number, case in enumerate(cases)}
    assert oracle.sees(write(values).encode()) == oracle.sees_from_standard_input(write(values).encode())
    assert read(write(values)) == values


@given(value=st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_written_documents_are_read_back_unchanged(value: Any) -> None:
    assert read(write(value)) == value


@pytest.mark.parametrize(
    "text", ["1e6", "y", "08", "0o644", "12:30", "null", "~", "0644", "no", "1_000", "", "=", "<<"]
)
def test_a_text_that_could_be_taken_for_something_else_is_quoted(text: str) -> None:
    assert write({"a": text}) == f'a: "{text}"\n'


@pytest.mark.parametrize("text", [*WORDS, "1.2.3", "v1", "a b", "-", "nginx:1.27", "é"])
def test_readers_of_other_versions_of_yaml_take_a_text_for_a_text_too(text: str) -> None:
    assert yaml.safe_load(write({"a": text})) == {"a": text}


def test_plain_texts_are_written_without_quotes() -> None:
    values = {
        "image": "nginx:1.27-alpine",
        "text": "two words",
        "lines": "a\nb\n",
        "count": 3,
        "on": {"b": [1.5, None, True]},
    }
    assert write(values) == (
        "image: nginx:1.27-alpine\ntext: two words\nlines: |\n  a\n  b\n"
        'count: 3\n"on":\n  b:\n  - 1.5\n  - null\n  - true\n'
    )


def test_equal_parts_are_written_out_and_never_named() -> None:
    part = {"a": [1]}
    assert write([part, part]) == "- a:\n  - 1\n- a:\n  - 1\n"
