"""Scalars that YAML's readers disagree about."""

from hypothesis import strategies as st

_WORDS = """
y Y yes Yes YES yEs n N no NO on On ON off OFF true True TRUE tRue false ~ null Null NULL nULL .inf_ = <<
2001-1-1 2001-01-01 2001-01-01T01:02:03Z 2001-01-01t1:2:3.5+01:00 12:30 1:2:3 0:0 190:20:30.15 0o644 0O7 0o8
0644 08 09 0b11 0B1 0b2 0x1F 0X1f 0x 0xg 1_000 1__0 _1 1_ -_1 0x_1F 0_8 .5 -.5 +.5 .5_0 ._5 .5_e3 .e5 5. 5.e1
1e6 1E6 1e+6 1e-6 +1e3 1234e567 -1e400 1e-400 .1e400 1e 1e+ e5 0.1.2 --1 +-1 -0 -0.0 +0 00 1,000
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 +9223372036854775808
18446744073709551615 18446744073709551616 0xffffffffffffffff 0xffffffffffffffffff 07777777777777777777777 0.1
3.0 100000000000000000000000 1e20 1e21
"""
WORDS = _WORDS.split()

_SIGNS = st.sampled_from(["", "-", "+"])
_NUMBERS = st.builds(
    "".join,
    st.tuples(
        _SIGNS,
        st.sampled_from(["", "0", "0x", "0X", "0o", "0b", ".", "1.", "_"]),
        st.text("0123456789_aefAEF.", min_size=1, max_size=24),
        st.sampled_from(["", "e5", "E-3", "e+400", ".", "_0", "Z"]),
    ),
)
_LOOKALIKES = st.text("0123456789+-._eExXoObBaAfFnNyYtTiIzZ:~=", min_size=1, max_size=7)


def scalars() -> st.SearchStrategy[str]:
    """Texts that may stand plainly where a scalar does, and are of some kind or another then."""
    return st.one_of(st.sampled_from(WORDS), _NUMBERS, _LOOKALIKES)
