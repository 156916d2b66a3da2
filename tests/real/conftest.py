"""Polyhelm on real control planes. The members are shared by all tests: each has a namespace of its own on them, which
is gone afterwards."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.contract.client import Client
from tests.contract.helm import Helm
from tests.kubernetes.member import Member
from tests.live.conftest import served
from tests.real.fleet import Fleet, Hand
from tests.real.foretold import Foretold
from tests.stack import Stack

__all__ = ["served"]

PATIENT: dict[str, Any] = {"plan_wait": 55, "operation_timeout": 120, "member_timeout": 60, "unreachable_after": 3}
"""A busy machine answers at once, too, and a member that it slows down is still reachable."""
NewFleet = Callable[..., AbstractAsyncContextManager[Fleet]]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Helm and Polyhelm may keep from test to test, such as what a member can do."""
    return tmp_path_factory.mktemp("cache")


@pytest_asyncio.fixture(loop_scope="session")
async def new_fleet(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
    members: Mapping[str, Member],
    helm: Path,
    cache: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> NewFleet:
    """Opens a Polyhelm with these members (all three, if none are named); settings as for `new_stack`. Tests that are
    marked as `foretold` have each change planned first."""

    @asynccontextmanager
    async def new(*chosen: Member, **settings: Any) -> AsyncIterator[Fleet]:
        token = secrets.token_hex(4)
        namespace = f"real-{token}"
        async with AsyncExitStack() as closing:
            hands = {}
            for member in chosen or members.values():
                home = tmp_path / f"{member.name}-{token}"
                home.mkdir()
                client = await closing.enter_async_context(Client(member.kubeconfig))
                by_hand = Helm.at(home, member.kubeconfig, str(helm))
                has_controllers = member.name == "oslo"
                hands[member.name] = Hand(member, by_hand, client, namespace, has_controllers)
                closing.push_async_callback(hands[member.name].clean_up)
            stack = await closing.enter_async_context(new_stack(**PATIENT | {"cache_dir": cache} | settings))
            group_id = await stack.fleet({name: hand.member.kubeconfig for name, hand in hands.items()})
            if request.node.get_closest_marker("foretold"):
                stack = Foretold(stack.services, stack.client)
            yield Fleet(stack, group_id, namespace, f"shop-{token}", hands)

    return new


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(new_fleet: NewFleet) -> AsyncIterator[Fleet]:
    """A Polyhelm with API, worker and observer, and the group `fleet` of paris, berlin and tokyo."""
    async with new_fleet() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def paris(new_fleet: NewFleet, members: Mapping[str, Member]) -> AsyncIterator[Fleet]:
    """The same with paris as its only member."""
    async with new_fleet(members["paris"]) as opened:
        yield opened
