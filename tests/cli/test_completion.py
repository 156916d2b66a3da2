"""What the shell is told to complete: quick, and silent where nothing is known."""

import shutil

import pytest

from simulator import Member
from tests.cli.polyhelm import PROGRAM, Polyhelm


async def completed(program: Polyhelm, line: str) -> list[str]:
    """What bash offers after this line."""
    words = line.split(" ")
    done = await program.installed(_POLYHELM_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert (done.code, done.err) == (0, "")
    return [name for name in done.lines if name]


async def test_commands_options_and_names_are_completed(polyhelm: Polyhelm, members: dict[str, Member]) -> None:
    await polyhelm.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    await polyhelm.stack.create(releaseName="shop")
    assert await completed(polyhelm, "polyhelm sta") == ["status"]
    assert await completed(polyhelm, "polyhelm status --wat") == ["--watch"]
    assert await completed(polyhelm, "polyhelm cluster show ") == ["berlin", "paris"]
    assert await completed(polyhelm, "polyhelm cluster show p") == ["paris"]
    assert await completed(polyhelm, "polyhelm group show ") == ["fleet"]
    assert await completed(polyhelm, "polyhelm group add fleet b") == ["berlin"]
    assert await completed(polyhelm, "polyhelm deploy get ") == ["fleet/shop"]
    assert await completed(polyhelm, "polyhelm deploy get fleet/s") == ["fleet/shop"]
    assert await completed(polyhelm, "polyhelm repo refresh ") == ["charts"]
    assert await completed(polyhelm, "polyhelm chart show ch") == ["charts/web"]
    assert await completed(polyhelm, "polyhelm status -o ") == ["table", "json", "yaml", "name"]


@pytest.mark.parametrize("gone", [{"POLYHELM_SERVER": "http://127.0.0.1:1"}, {"POLYHELM_TOKEN": "nobody's"}, {}])
async def test_completion_offers_nothing_if_the_server_is_unknown(polyhelm: Polyhelm, gone: dict[str, str]) -> None:
    polyhelm.signed_in = polyhelm.signed_in | gone if gone else {}
    assert await completed(polyhelm, "polyhelm cluster show ") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_the_script_is_printed_or_put_where_the_shell_finds_it(polyhelm: Polyhelm, shell: str) -> None:
    printed = (await polyhelm("completion", shell)).out
    assert "_POLYHELM_COMPLETE=complete_" in printed
    done = await polyhelm("completion", shell, "--install")
    (path,) = [path for path in polyhelm.home.rglob("*polyhelm*") if path.is_file()]
    assert (done.code, done.words) == (
        0,
        [f"Completion installed in {path}. It takes effect in new shells."],
    )
    assert path.read_text().strip() == printed.strip()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
async def test_bash_takes_the_script(polyhelm: Polyhelm) -> None:
    line = f"""bash -c 'source <({PROGRAM} completion bash); complete -p polyhelm'"""
    assert await polyhelm.shell(line) == ["complete -o nosort -F _polyhelm_completion polyhelm"] or (
        await polyhelm.shell(line) == ["complete -o default -F _polyhelm_completion polyhelm"]
    )
