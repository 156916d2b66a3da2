"""The states of operations and results: a table, walked in every way."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.tables.states import NEXT, OPEN, OperationState, before, state_of

PENDING, RUNNING, SUCCEEDED, FAILED, SUPERSEDED, CANCELLED = OperationState
WALKS = st.lists(st.lists(st.sampled_from(OperationState), max_size=6), max_size=6)
"""For each result the states that are tried on it, one after the other."""


def test_every_open_state_can_end_and_an_ended_state_never_changes() -> None:
    assert {state for state in OperationState if NEXT[state]} == set(OPEN)
    for state in OPEN:
        assert NEXT[state] & {SUCCEEDED, SUPERSEDED, CANCELLED} == {SUCCEEDED, SUPERSEDED, CANCELLED}
    assert before(FAILED) == (RUNNING,)  # what has not begun can't have failed
    assert before(RUNNING) == (PENDING,)
    assert before(PENDING) == ()


@given(WALKS)
def test_an_operation_ends_once_with_its_last_result_and_never_goes_back(walks: list[list[OperationState]]) -> None:
    results = [PENDING for _ in walks]
    last = state_of(Counter(results))
    assert last is (PENDING if walks else SUCCEEDED)
    for index, walk in enumerate(walks):
        for state in walk:
            if results[index] in before(state):
                results[index] = state
            present = state_of(Counter(results))
            assert present.is_open is any(result.is_open for result in results)
            assert present is last or present in NEXT[last], (last, present)
            last = present


def test_an_operation_succeeds_only_if_every_result_did() -> None:
    assert state_of({SUCCEEDED: 3}) is SUCCEEDED
    assert state_of({SUCCEEDED: 3, CANCELLED: 1}) is CANCELLED
    assert state_of({SUCCEEDED: 3, CANCELLED: 1, FAILED: 1}) is FAILED
    assert state_of({FAILED: 1, SUPERSEDED: 1}) is SUPERSEDED
    assert state_of({FAILED: 1, RUNNING: 1}) is RUNNING
    assert state_of({FAILED: 1, PENDING: 1}) is RUNNING
    assert state_of({PENDING: 2, RUNNING: 0}) is PENDING
    assert state_of({}) is SUCCEEDED
