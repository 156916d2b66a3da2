"""Rollouts keep their budget while workers are killed and members come and go."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from simulator import Member
from tests.soak.rollout import roll_out, settings
from tests.stack import Stack

MEMBERS = 12


async def test_no_more_members_are_unavailable_than_the_budget_allows_whatever_is_killed_or_away(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
    simulated: Callable[[str], Member],
    pytestconfig: pytest.Config,
) -> None:
    """`--seed` repeats what is chosen at random."""
    members = {f"member-{number:02}": simulated(f"member-{number:02}") for number in range(MEMBERS)}
    async with new_stack(working=False, **settings(MEMBERS)) as stack:
        report = await roll_out(stack, members, pytestconfig.getoption("seed"))
    assert not report.problems, str(report)
    assert report.most >= 1
    assert report.kills + report.returns > 0
