"""Every state that a release can be in leads to DEPLOYED and to gone by what our own messages advise, and nothing
else: each Helm status, whose it is, whether it can be read and reached, and which hooks fail."""

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.releases.next_steps import NextStep, advice
from app.releases.ownership import Owner
from app.releases.release import Observed
from app.tables.clusters import Reachability
from tests.releases.world import Outcome, World, follow, operate

UNFINISHED = ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"]
STATUSES = ["deployed", "failed", "superseded", "uninstalled", "unknown", "a-word-of-tomorrow", *UNFINISHED]
HOOKS = [frozenset(chosen) for chosen in ((), ("pre-install",), ("pre-upgrade",), ("pre-delete",))]
HOOKS.append(frozenset().union(*HOOKS))
AWAY = [Reachability.UNREACHABLE, Reachability.MISMATCHED]
BOTH = [True, False]


def releases(status: str, hooks: frozenset[str]) -> Iterator[Observed]:
    kinds = [("1.0.0", None), ("0.9.0", None), ("1.0.0", "It is cut off.")]
    for revision, (version, unreadable), deployed in itertools.product((1, 3), kinds, BOTH):
        yield Observed(
            *("shop", "default", revision, status, "web", version),
            values={"a": 1},
            hooks=hooks,
            was_deployed=deployed,
            unreadable=unreadable,
        )


def worlds(status: str) -> Iterator[World]:
    """All that a release of this status can be in, where its cluster can be reached; "none": there is no release."""
    for hooks in HOOKS:
        for atomic in BOTH if hooks else [False]:
            if status == "none":
                yield World(None, Owner.OURS, failing=hooks, is_atomic=atomic)
                continue
            for release, owner in itertools.product(releases(status, hooks), Owner):
                if owner is not Owner.LOCKED or release.is_unfinished:
                    yield World(release, owner, failing=hooks, is_atomic=atomic)


def ways(start: Outcome, avoiding: frozenset[NextStep] = frozenset()) -> tuple[NextStep, ...] | None:
    """The shortest walk to what is wanted, or to a release that was left behind; None where there is none."""
    walks: deque[tuple[Outcome, tuple[NextStep, ...]]] = deque([(start, ())])
    known = {repr(start)}
    while walks:
        here, walk = walks.popleft()
        if here.trouble is None:
            assert here.is_left or here.world.is_as_wanted, here
            return walk
        for step in here.trouble.steps:
            there = follow(here.world, here.trouble, step) if step not in avoiding else None
            if there is not None and repr(there) not in known:
                known.add(repr(there))
                walks.append((there, (*walk, step)))
    return None


@pytest.mark.parametrize("status", ["none", *STATUSES])
def test_every_state_leads_to_deployed_by_what_is_advised(status: str) -> None:
    for world in worlds(status):
        start = operate(world)
        walk = ways(start)
        assert walk is not None, (world, start.trouble)
        assert len(walk) <= 4, (world, walk)


@pytest.mark.parametrize("status", ["none", *STATUSES])
def test_every_state_leads_to_gone_without_force_and_by_force_at_once(status: str) -> None:
    for world in worlds(status):
        start = operate(replace(world, version=None))
        walk = ways(start, avoiding=frozenset({NextStep.FORCE}))
        assert walk is not None, (world, start.trouble)
        assert len(walk) <= 3, (world, walk)
        if start.trouble is not None:
            forced = follow(start.world, start.trouble, NextStep.FORCE)
            assert NextStep.FORCE in start.trouble.steps
            assert forced is not None
            assert forced.trouble is None, (world, forced)


@pytest.mark.parametrize(("wanted", "place"), [*itertools.product(BOTH, AWAY)])
def test_a_cluster_that_can_not_be_worked_on_leads_to_where_it_can_or_to_a_release_left_behind(
    wanted: bool, place: Reachability
) -> None:
    for status in ("none", *STATUSES):
        for world in (found for found in worlds(status) if found.failing == HOOKS[-1]):
            here = world if wanted else replace(world, version=None)
            away = operate(replace(here, reachability=place))
            assert away.trouble is not None
            assert away.trouble.goes_on
            back = follow(away.world, away.trouble, NextStep.UPDATE_CLUSTER)
            assert back == operate(here)
            if not wanted:
                left = follow(away.world, away.trouble, NextStep.FORCE)
                assert left == Outcome(away.world, is_left=True)


@pytest.mark.parametrize("wanted", BOTH)
@pytest.mark.parametrize("status", STATUSES)
def test_a_release_whose_apis_were_removed_leads_to_deployed_and_to_gone_without_them(
    status: str, wanted: bool
) -> None:
    for world in worlds(status):
        if world.owner is Owner.OURS and not world.failing:
            start = operate(replace(world, version="1.0.0" if wanted else None, is_api_removed=True))
            walk = ways(start, avoiding=frozenset({NextStep.FORCE}))
            assert walk is not None, (world, start.trouble)
            assert len(walk) <= 2, (world, walk)


@pytest.mark.parametrize("status", STATUSES)
def test_a_release_of_somebody_else_is_never_changed_on_any_path(status: str) -> None:
    for world, wanted, force in itertools.product(worlds(status), BOTH, BOTH):
        if world.owner is Owner.OTHER:
            asked = world if wanted else replace(world, version=None)
            assert operate(asked, force=force).world == asked


@pytest.mark.parametrize("step", NextStep)
def test_each_step_has_a_sentence_that_names_the_release(step: NextStep) -> None:
    told = advice([step], namespace="default", release_name="shop", revision=3)
    assert told.endswith(".")
    assert "{" not in told
