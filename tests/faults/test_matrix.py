"""Whatever request of Helm's fails, in whatever way: the release comes to what is wanted, with no more revisions and
hook runs than a try more, and no other release is touched."""

import asyncio
import base64
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from fnmatch import fnmatchcase
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.contract.client import Client
from tests.contract.helm import Helm
from tests.faults import Proxy
from tests.faults.matrix import ACTIONS, CHART, FAILURES, Cell, Lane, problems, steps
from tests.kubernetes.member import Member
from tests.real.fleet import Hand
from tests.sample_charts import archive
from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("kubernetes")

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
LANES = 4
BUDGET_SECONDS = 28.0
"""After so much time no further cell is begun; on a slow machine, the first of each lane are run all the same."""
ALWAYS = 8
"""Cells that are run each time, before others are chosen."""


@asynccontextmanager
async def lanes(
    new_stack: NewStack, servers: Settings, member: Member, folder: Path, helm: Path
) -> AsyncIterator[list[Lane]]:
    """Several Polyhelms beside each other, each with a proxy to the member and a namespace on it, in which there is a
    release of somebody else's."""
    async with AsyncExitStack() as closing:
        opened = []
        for number in range(1, LANES + 1):
            home = folder / f"lane-{number}"
            home.mkdir()
            client = await closing.enter_async_context(Client(member.kubeconfig))
            namespace = f"matrix-{secrets.token_hex(4)}"
            hand = Hand(member, Helm.at(home, member.kubeconfig, str(helm)), client, namespace)
            closing.push_async_callback(hand.clean_up)
            proxy = await closing.enter_async_context(Proxy(member.kubeconfig))
            stack = await closing.enter_async_context(
                new_stack(
                    data_dir=home,
                    redis_url=f"{servers.redis_url}?db={number}",
                    # What takes long here is slow, and nothing else: it costs no lease, and the member is not away.
                    lease_seconds=300,
                    member_timeout=60,
                    unreachable_after=120,
                )
            )
            await stack.fleet({"paris": proxy.kubeconfig})
            await stack.upload(base64.b64encode(archive(CHART, root="hooked")).decode())
            await hand("install", "bystander", hand.chart(), "--create-namespace")
            opened.append(Lane(stack, proxy, client, namespace))
        yield opened


async def cells_of(opened: list[Lane], pattern: str) -> list[Cell]:
    """All whose names match the pattern somewhere."""
    found: dict[str, list[Cell]] = {}
    waiting = iter(ACTIONS)

    async def record(lane: Lane) -> None:
        for action in waiting:
            clean = await steps(lane, action, f"clean-{action.name.split()[0]}")
            found[action.name] = [Cell(action, step, failure) for step in clean for failure in FAILURES]

    await asyncio.gather(*map(record, opened))
    cells = chain.from_iterable(found[action.name] for action in ACTIONS)
    return [cell for cell in cells if fnmatchcase(str(cell), f"*{pattern}*")]


def in_order(cells: list[Cell], seed: int) -> list[Cell]:
    """Some writes of records first, always the same; then, by the seed, other writes of records and all other requests
    in turn."""
    records = [cell for cell in cells if cell.writes_record]
    others = [cell for cell in cells if not cell.writes_record]
    random.Random(0).shuffle(records)
    always, rotating = records[:ALWAYS], records[ALWAYS:]
    random.Random(seed).shuffle(rotating)
    random.Random(seed).shuffle(others)
    in_turn = chain.from_iterable(zip_longest(rotating, others))
    return always + [cell for cell in in_turn if cell is not None]


@pytest.mark.timeout(7200)
async def test_every_request_of_helm_may_fail_in_every_way(
    new_stack: NewStack,
    servers: Settings,
    members: Mapping[str, Member],
    helm: Path,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """Runs what fits into its time. `--matrix TEXT` runs all cells that have this in their name instead, where `*`
    means anything; `--seed` repeats a choice."""
    chosen, seed = pytestconfig.getoption("matrix"), pytestconfig.getoption("seed")
    end = time.monotonic() + (BUDGET_SECONDS if chosen is None else float("inf"))
    async with lanes(new_stack, servers, members["paris"], tmp_path, helm) as opened:
        cells = in_order(await cells_of(opened, chosen or "*"), seed)
        waiting, done = iter(cells), list[Cell]()
        failed: list[tuple[Cell, list[str]]] = []

        async def work(lane: Lane) -> None:
            while cell := next(waiting, None):
                began = time.monotonic()
                found = await problems(lane, cell, f"r{len(done)}-{secrets.token_hex(3)}")
                done.append(cell)
                print(*(f"{time.monotonic() - began:5.1f} s  {cell}", *found), sep="\n        ")
                if found:
                    failed.append((cell, found))
                if time.monotonic() > end:
                    return

        await asyncio.gather(*map(work, opened))
    print(f"{len(done)} of {len(cells)} cells, seed {seed}")
    assert done
    told = chain.from_iterable([f"--matrix '{cell}'", *found] for cell, found in failed)
    assert not failed, "\n".join([f"{len(failed)} of {len(done)} cells failed, seed {seed}:", *told])
