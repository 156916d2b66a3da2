"""Stored plans by the command line: made, shown, discussed, approved and applied, as docs/plans.md says."""

import asyncio
import os
import re
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest_asyncio

from app.tables.identity import Role
from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.delivery.asking import until_verified
from tests.identity.callers import token_of
from tests.stack import Stack

PAGE = Path(__file__).parents[2] / "docs" / "plans.md"
FILE = """\
polyhelm: v1
group: web
release: shop
namespace: default
chart: charts/web
values: {replicas: 3}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: Callable[..., AbstractAsyncContextManager[Stack]]) -> AsyncIterator[Stack]:
    """A promotion needs targets whose clusters are reachable, also while this machine is busy."""
    async with new_stack(unreachable_after=60, member_timeout=60) as opened:
        yield opened


async def fleet(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    await polyhelm.stack.fleet({name: member.kubeconfig for name, member in members.items()}, "web")
    (polyhelm.home / "shop.yaml").write_text(FILE)


async def test_the_commands_of_the_page_on_plans_work_as_they_are_written(
    working: Polyhelm, members: dict[str, Member], simulated: Callable[[str], Member]
) -> None:
    await fleet(working, members)
    await working.stack.fleet({"tokyo": simulated("tokyo").kubeconfig}, "test")
    tested = await working.stack.deployed(group="test", releaseName="blog")
    await working.stack.deployed(group="web", releaseName="blog")
    await until_verified(working.stack, tested)
    ann = await token_of(working.stack, Role.DEPLOYER)
    scripts = 'polyhelm() { command polyhelm "$@" || exit $?; }\n' + "".join(
        re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    )
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", scripts),
        cwd=working.home,
        env=working.environment(ANN=ann, PATH=path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = (text.decode() for text in await process.communicate())
    assert process.returncode == 0, (out, err)
    summary = (working.home / "plan.md").read_text()
    assert summary.startswith("### Plan: create `web/shop`\n\n2 INSTALL · charts/web 1.0.0\n")
    assert "| paris | INSTALL | There is no release with this name. |" in summary
    assert "<details><summary>Values: berlin, paris</summary>\n\n```diff\n--- installed" in summary
    assert "- Cannot be applied: The plan needs 1 more approval by others than its author." in summary
    assert err.splitlines()[-1] == "web/shop is up to date."
    assert "Delete web/blog: 2 UNINSTALL" in out
    assert set(await working.fine("deploy", "ls", "-o", "name")) == {"web/shop", "web/blog", "test/blog"}


async def test_a_plan_is_listed_discussed_rejected_and_discarded(
    polyhelm: Polyhelm, members: dict[str, Member]
) -> None:
    await fleet(polyhelm, members)
    assert (await polyhelm("plans", "ls")).words == ["No plans yet. To store one: polyhelm plan -f FILE"]
    done = await polyhelm("plan", "-f", "shop.yaml", "--exit-code", "-o", "json")
    (plan,) = done.data
    assert (done.code, plan["counts"], len(plan["targets"])) == (2, [{"action": "INSTALL", "count": 2}], 2)
    assert plan["link"] == f"{polyhelm.server}/plans/{plan['id']}"
    assert (await polyhelm("plans", "comment", plan["id"], "Why [three](x)?")).words == [
        f"Comment added to {plan['id']}."
    ]
    done = await polyhelm("plans", "approve", plan["id"])
    assert done.words[0] == "Error: The author of a plan cannot approve or reject it: ask another user."
    ann = await token_of(polyhelm.stack, Role.DEPLOYER)
    await polyhelm.fine("plans", "reject", plan["id"], "--token", ann, "--comment", "Not today.")
    shown = await polyhelm.fine("plans", "show", plan["id"])
    assert "Cannot be applied: The plan was rejected." in shown
    assert shown[-2:] == ["  admin said: Why [three](x)?", "  deployer-of-default rejected: Not today."]
    done = await polyhelm("deploy", "apply", "--plan", plan["id"], "--yes")
    assert (done.code, done.words[0]) == (1, "Error: The plan was rejected.")
    await polyhelm.fine("plans", "discard", plan["id"])
    assert await polyhelm.fine("plans", "ls") == []
    (line,) = (await polyhelm.fine("plans", "ls", "--all"))[1:]
    assert line.split()[1:4] == ["web/shop", "CREATE", "DISCARDED"]


async def test_usage_of_plans_is_checked(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    await fleet(polyhelm, members)
    for given, words in (
        (("plan",), "Error: Nothing to plan."),
        (("plan", "--generation", "2"), "Error: --generation is for --rollback and --promote."),
        (("deploy", "apply"), "Error: Give either --file or --plan."),
        (("deploy", "ls", "-o", "markdown"), "Usage: polyhelm deploy ls"),
        (
            ("deploy", "apply", "--plan", "x", "--dry-run"),
            "Error: --dry-run, --exit-code, --despite-errors, --allow",
        ),
        (("plans", "show", "x"), "Error: There is no plan 'x'."),
    ):
        done = await polyhelm(*given)
        assert done.code != 0, given
        assert done.words[0].startswith(words), done
