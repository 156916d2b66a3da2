"""Values as users and charts write them, with what trips readers of YAML and JSON among them."""

from typing import Any

from hypothesis import strategies as st

YAMLISH = [
    *("yes", "no", "on", "off", "y", "n", "True", "false", "null", "Null", "~", "<<", "=", "!", "&a", "*a", "|", ">"),
    *("1", "1.0", "1e3", "0x1f", "0o17", "017", "1_000", "1:30", ".inf", "-.inf", ".nan", "2024-01-01"),
    *("2024-01-01T00:00:00Z", "", " ", " a ", "a: b", "- a", "---", "...", "# a", "a #b", "{}", "[]", "'", '"', "\\"),
    *("\n", "\r\n", "\t", "a\nb", "{{ .Values }}", "%a", "@a", "`a", "? a", "\\u0041"),
]
ODD = "\x01\x08\x1b\x7f\x80\x84\x85\x86\x9f\xa0\xad\u2028\u2029\ufeff\ufffd\ufffe\uffff\U0001f600\U0010ffff"

texts = st.one_of(
    st.sampled_from(YAMLISH),
    st.text(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))),
)
numbers = st.one_of(
    st.integers(-10, 10),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1.0, -0.0, 2**53, 2**53 + 1, 2**63 - 1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
keys = st.one_of(st.sampled_from(["a", "b", "c"]), texts)


def documents(inner: st.SearchStrategy[Any] = scalars, key: st.SearchStrategy[str] = keys) -> st.SearchStrategy[Any]:
    """Maps of values; few keys, so that two of them often have some in common."""
    nested = st.recursive(
        inner,
        lambda deeper: st.one_of(st.lists(deeper, max_size=3), st.dictionaries(key, deeper, max_size=3)),
        max_leaves=8,
    )
    return st.dictionaries(key, nested, max_size=3)


layers = documents(
    st.one_of(st.none(), st.integers(0, 2), st.sampled_from(["", "x"])), st.sampled_from(["a", "b", "c"])
)
"""Small ones, in which every case of merging comes up often."""
