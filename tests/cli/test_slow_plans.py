"""Plans that take longer than a request, followed by the command line."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from simulator import Member
from tests.cli.polyhelm import serving
from tests.cli.terminal import terminal
from tests.cli.test_apply import FILE
from tests.deployments.slow import open_slow
from tests.stack import Stack


async def test_a_slow_plan_is_followed_with_a_bar_until_it_is_there(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    async with open_slow(new_stack, simulated, tmp_path) as slow, serving(slow.stack, tmp_path / "home") as program:
        (program.home / "shop.yaml").write_text(FILE)
        async with terminal(program, "deploy", "apply", "-f", "shop.yaml", "--dry-run") as screen:
            await screen.shows("Planning fleet/shop")
            await screen.shows("0/2")
            slow.let_go()
            shown = await screen.shows("fleet/shop would be created:")
            assert await screen.ended() == 0
        assert "Planning" not in shown
        assert [line.split()[:2] for line in shown.splitlines() if "INSTALL" in line] == [
            ["berlin", "INSTALL"],
            ["paris", "INSTALL"],
        ]


async def test_without_a_terminal_the_progress_of_a_slow_plan_is_a_line_and_a_late_error_ends_it(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    async with open_slow(new_stack, simulated, tmp_path) as slow, serving(slow.stack, tmp_path / "home") as program:
        (program.home / "shop.yaml").write_text(FILE)
        slow.let_go()
        done = await program("deploy", "diff", "-f", "shop.yaml")
        assert done.code == 0
        assert any("# fleet/shop on " in line for line in done.lines)
        for member in slow.members:
            member.faults.hang = True
        done = await program("deploy", "apply", "-f", "shop.yaml", "--dry-run")
        assert (done.code, done.lines) == (1, [])
        assert done.words[0].startswith("Error: fleet/shop: ")
