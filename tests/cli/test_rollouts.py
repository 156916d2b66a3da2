"""`polyhelm rollout`."""

import re
from pathlib import Path
from typing import Any

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.delivery.asking import APPROVAL, generations, until_waiting, wave
from tests.operations.charts import with_failing_hook
from tests.stack import eventually

PAGE = Path(__file__).parents[2] / "docs" / "rollouts.md"


async def test_the_commands_on_the_page_work_as_they_are_written(working: Polyhelm, members: dict[str, Member]) -> None:
    stack = working.stack
    await stack.fleet({name: member.kubeconfig for name, member in members.items()}, "web")
    blog = await stack.deployed(group="web", releaseName="blog")
    strategy = {
        "waves": [
            wave("first", count=1, before=APPROVAL, checks=[{"name": "healthy", "interval": "1s", "health": True}])
        ]
    }
    await stack.update(blog, values={"replicas": 2}, strategy=strategy)
    await until_waiting(stack, blog, "ApprovalGate")
    found: list[str] = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    # tests/cli/test_promotions.py runs those of promotions.
    script = "set -eu\n" + "".join(text for text in found if "promote" not in text)
    lines = await working.shell(f"{script}echo done")
    assert lines[-1] == "done", lines
    for words in ("Rollout of web/blog paused.", "Rollout of web/blog expedited."):
        assert words in lines
    assert await generations(stack, blog) == dict.fromkeys(members, (2, 2))
    shown = await working.fine("rollout", "show", "web/blog")
    [check] = [line for line in shown if line.startswith("healthy ")]
    assert re.fullmatch(r"healthy +first +PASSED +1 of 1, <age> : PASSED\. It passes on 1 cluster\.", check), shown
    refused = await working("rollout", "retry-check", "web/blog", "other")
    assert "The rollout has no check 'other'." in refused.err
    assert await working.fine("rollout", "ls", "-o", "name") == []


async def test_the_hold_of_a_target_is_shown_and_lifted(working: Polyhelm, members: dict[str, Member]) -> None:
    stack = working.stack
    await stack.fleet({name: member.kubeconfig for name, member in members.items()}, "web")
    await stack.upload(with_failing_hook())
    given = {"releaseName": "shop", "chart": "charts/failing", "targets": ["paris"]}
    remediation = {"retries": 1, "remedy": "UNINSTALL"}
    await stack.create(group="web", values={"phase": "Failed"}, remediation=remediation, **given)

    async def shown() -> Any:
        lines = await working.fine("deploy", "get", "web/shop")
        return lines if any("is held" in line and "NOT_INSTALLED" in line for line in lines) else None

    lines = await eventually(shown)
    assert "Failures:     1 retry, then UNINSTALL" in lines
    assert any("generation 1 is held, because it failed: " in line for line in lines), lines
    refused = await working("rollout", "lift-hold", "web/shop", "--cluster", "berlin")
    assert "No generation of web/shop on berlin is held." in refused.err
    done = await working("rollout", "lift-hold", "web/shop", "--cluster", "paris")
    assert done.words == ["Hold of generation 1 of web/shop on paris lifted."]
