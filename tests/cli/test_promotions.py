"""`polyhelm deploy promote`, and plans of promotions."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.delivery.asking import until_verified
from tests.sample_charts import packaged
from tests.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "rollouts.md"
(EXAMPLE,) = re.findall(r"```sh\n(polyhelm deploy promote.*?)```", PAGE.read_text(), re.DOTALL)


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: Callable[..., AbstractAsyncContextManager[Stack]]) -> AsyncIterator[Stack]:
    """A promotion needs targets whose clusters are reachable, also while this machine is busy."""
    async with new_stack(unreachable_after=60, member_timeout=60) as opened:
        yield opened


async def test_a_generation_is_promoted_as_the_docs_show_and_the_history_says_from_where(
    working: Polyhelm, members: dict[str, Member]
) -> None:
    stack = working.stack
    for name, member in members.items():
        await stack.register(name, member.kubeconfig)
    await stack.group("test", ["paris"])
    await stack.group("web", ["berlin"])
    await stack.upload(packaged())
    source = await stack.deployed(group="test", releaseName="shop", values={"replicas": 2})
    await stack.deployed(group="web", releaseName="shop", values={"replicas": 1})
    await stack.settled(await stack.update(source, values={"replicas": 3}))
    await until_verified(stack, source)
    promote, history, plan = EXAMPLE.splitlines()

    dry = promote.replace("--yes", "--dry-run").split()[1:]
    shown = [
        "web/shop would change, from generation 1:",
        "  CLUSTER   ACTION    WHY",
        "  berlin    UPGRADE   replicas: wanted 3, found 1",
    ]
    assert await working.fine(*dry) == shown
    assert (await working(*dry, "--exit-code")).code == 2
    done = await working(*promote.split()[1:])
    assert (done.code, done.lines) == (0, shown)
    assert done.words[-1] == "web/shop is up to date: generation 2."
    assert await working.fine(*history.split()[1:]) == [
        "GENERATION   AGE   AUTHOR   VERSION   TARGETS   PROMOTED FROM",
        "2 <age> admin    1.0.0     berlin    test/shop, generation 2",
        "1 <age> admin    1.0.0     berlin    -",
    ]
    assert await working.fine(*promote.split()[1:]) == ["web/shop: nothing differs."]
    planned = await working.fine(*plan.split()[1:])
    assert planned[0] == "Promote web/shop: 1 NONE"

    done = await working("deploy", "promote", "test/shop", "--to", "web/shop", "--generation", "1", "--yes")
    assert (done.code, done.words[0]) == (
        1,
        "Error: Generation 1 of test/shop is not verified: it is not the present one, and all targets got it at once,"
        " so that their health then is not known.",
    )
    await working.fine("deploy", "promote", "test/shop", "--to", "web/shop", "--generation", "1", "--unverified", "-y")
    done = await working("plan", "--promote", "test/shop")
    assert (done.code, done.words[0]) == (2, "Error: Give both --promote and --to.")
