"""Cycles in random graphs, against a plain topological sort."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.releases.cycles import find_cycle, shown

names = st.sampled_from("abcdefg")
graphs = st.dictionaries(names, st.sets(names, max_size=4), max_size=7)


def has_cycle(needs: dict[str, set[str]]) -> bool:
    """By removing what needs nothing that is left, until nothing can be removed."""
    left = {name: set(others) for name, others in needs.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    return bool(left)


@given(graphs)
def test_a_cycle_is_found_if_and_only_if_there_is_one_and_each_step_of_it_exists(needs: dict[str, set[str]]) -> None:
    found = find_cycle(needs)
    assert (found is not None) == has_cycle(needs)
    if found is not None:
        assert found[0] == found[-1]
        assert len(set(found[:-1])) == len(found) - 1
        assert all(other in needs[name] for name, other in pairwise(found))


@given(graphs)
def test_the_order_in_which_a_graph_is_given_does_not_matter(needs: dict[str, set[str]]) -> None:
    turned = {name: sorted(needs[name], reverse=True) for name in reversed(list(needs))}
    assert find_cycle(turned) == find_cycle(needs)


def test_a_long_chain_needs_no_recursion() -> None:
    chain = {str(number): [str(number + 1)] for number in range(5000)}
    assert find_cycle(chain) is None
    assert find_cycle(chain | {"5000": ["0"]}) is not None


def test_a_cycle_is_shown_with_its_beginning_at_the_end() -> None:
    assert shown(find_cycle({"a": ["b"], "b": ["c"], "c": ["b"]}) or ()) == "b → c → b"
    assert shown(find_cycle({"a": ["a"]}) or ()) == "a → a"
