"""What a pipeline relies on: all files are applied, plans with errors are not, exit codes say what differs, removals
are confirmed, and nobody who stops reading gets a traceback."""

import asyncio
import base64
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import PROGRAM, Polyhelm
from tests.cli.terminal import terminal
from tests.cli.test_apply import FILE
from tests.contract.helm import Helm
from tests.sample_charts import archive, chart_files

NAMES = ("paris", "berlin", "oslo", "rome")


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(polyhelm: Polyhelm, members: dict[str, Member]) -> AsyncIterator[Polyhelm]:
    """Paris and Berlin in the group `fleet`, the chart charts/web, and no worker: what is applied is accepted alone."""
    await polyhelm.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    (polyhelm.home / "shop.yaml").write_text(FILE)
    (polyhelm.home / "cart.yaml").write_text(FILE.replace("shop", "cart"))
    yield polyhelm


async def deployments(program: Polyhelm) -> list[str]:
    return sorted(await program.fine("deploy", "ls", "-o", "name"))


async def test_all_files_that_are_named_are_applied(fleet: Polyhelm) -> None:
    done = await fleet("deploy", "apply", "-f", "shop.yaml", "-f", "cart.yaml", "--yes", "--no-wait", "-o", "name")
    assert (done.code, done.lines) == (0, ["fleet/shop", "fleet/cart"])
    assert await deployments(fleet) == ["fleet/cart", "fleet/shop"]


async def test_a_folder_stands_for_the_files_in_it_and_a_dash_for_standard_input(fleet: Polyhelm) -> None:
    folder = fleet.home / "all"
    (folder / "deeper").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "one.yaml").write_text(FILE.replace("shop", "one") + "---\n" + FILE.replace("shop", "two"))
    (folder / "deeper/three.yml").write_text(FILE.replace("shop", "three"))
    (folder / ".git/four.yaml").write_text("not: ours")
    (folder / "README.md").write_text("Nothing to apply.")
    given = ("deploy", "apply", "-f", "all", "-f", "-", "--yes", "--no-wait", "-q")
    done = await fleet(*given, stdin=FILE.replace("shop", "five"))
    assert (done.code, done.words) == (0, [])
    assert await deployments(fleet) == ["fleet/five", "fleet/one", "fleet/three", "fleet/two"]

    (fleet.home / "empty").mkdir()
    done = await fleet("deploy", "apply", "-f", "empty", "--yes")
    assert (done.code, done.words) == (2, ["Error: empty contains no file that ends in .yaml, .yml, .json."])


async def test_nothing_is_done_where_one_file_is_not_there_or_not_valid(fleet: Polyhelm) -> None:
    (fleet.home / "wrong.yaml").write_text(FILE.replace("chart:", "chrat:"))
    (fleet.home / "again.yaml").write_text(FILE)

    async def refused(*files: str) -> list[str]:
        named = [word for file in files for word in ("-f", file)]
        done = await fleet("deploy", "apply", *named, "--yes")
        assert (done.code, done.lines) == (2, [])
        return done.words

    assert await refused("nowhere.yaml", "shop.yaml", "missing.yaml") == [
        "Error: nowhere.yaml cannot be read: No such file or directory",
        "  missing.yaml cannot be read: No such file or directory",
    ]
    assert (await refused("shop.yaml", "wrong.yaml"))[1:3] == [
        "  wrong.yaml:1: `chart` is missing",
        "  wrong.yaml:5: `chrat` is not known: did you mean `chart`?",
    ]
    assert await refused("shop.yaml", "again.yaml") == [
        "Error: A deployment is given twice.",
        "  again.yaml: fleet/shop is also in shop.yaml",
        "Next: Give it only once.",
    ]
    assert await deployments(fleet) == []


async def test_an_option_that_takes_one_value_is_not_given_twice(fleet: Polyhelm) -> None:
    done = await fleet("status", "--group", "fleet", "--group", "other")
    assert done.code == 2
    assert "--group is given twice. It takes one value." in done.err


async def test_a_cluster_that_the_plan_could_not_ask_is_an_error_of_the_plan(
    fleet: Polyhelm, members: dict[str, Member]
) -> None:
    apply = ("deploy", "apply", "-f", "shop.yaml", "--yes", "--no-wait", "-q")
    await fleet.fine(*apply)
    (fleet.home / "shop.yaml").write_text(FILE.replace("replicas: 2", "replicas: 4"))
    members["paris"].faults.down = True
    done = await fleet(*apply)
    assert (done.code, done.words[0]) == (1, "Error: The plan has errors; nothing was applied.")
    assert done.words[1].startswith("  fleet/shop on paris: ")
    assert (await fleet("deploy", "get", "fleet/shop", "-o", "json")).data["generation"] == 1
    await fleet.fine(*apply, "--despite-errors")
    assert (await fleet("deploy", "get", "fleet/shop", "-o", "json")).data["generation"] == 2


async def test_exit_codes_distinguish_equal_different_and_failed(working: Polyhelm, members: dict[str, Member]) -> None:
    await working.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    (working.home / "shop.yaml").write_text(FILE)
    (working.home / "other.yaml").write_text(FILE.replace("replicas: 2", "replicas: 5"))

    async def codes(*more: str) -> list[int]:
        commands = (
            ("deploy", "diff", "-f", "shop.yaml"),
            ("deploy", "diff", "fleet/shop"),
            ("deploy", "apply", "-f", "shop.yaml", "--dry-run"),
            ("reconcile", "fleet/shop", "--dry-run"),
            ("status",),
        )
        return [(await working(*command, *more)).code for command in commands]

    await working.fine("deploy", "apply", "-f", "shop.yaml", "--yes", "-q")
    assert await codes("--exit-code") == [0, 0, 0, 0, 0]
    for command in ("diff", "apply"):
        more = ["--dry-run"] if command == "apply" else []
        assert (await working("deploy", command, "-f", "other.yaml", *more, "--exit-code")).code == 2
        assert (await working("deploy", command, "-f", "other.yaml", *more)).code == 0

    await Helm.at(working.home, members["paris"].kubeconfig)("uninstall", "shop", "--namespace", "default")
    identity = (await working("deploy", "get", "fleet/shop", "-o", "json")).data["id"]
    await working.stack.until_status(identity, "paris", "NOT_INSTALLED")
    assert await codes("--exit-code") == [2, 2, 2, 2, 2]
    assert await codes() == [0, 0, 0, 0, 0]

    members["paris"].faults.down = True
    await working.stack.until_status(identity, "paris", "UNKNOWN")
    assert await codes("--exit-code") == [1, 1, 1, 1, 2]  # the status of a cluster that can't be asked is UNKNOWN
    assert await codes() == [1, 1, 1, 1, 0]

    for wrong in (
        ("deploy", "diff", "--exit-code", "--bogus"),
        ("deploy", "diff", "--exit-code"),
        ("deploy", "diff", "-f", "nowhere.yaml", "--exit-code"),
        ("deploy", "dif", "--exit-code"),
        ("status", "--exit-code", "--server", "http://127.0.0.1:1"),
        ("deploy", "apply", "-f", "shop.yaml", "--exit-code"),
    ):
        assert (await working(*wrong)).code == 1, wrong


@pytest.mark.parametrize("command", [("commands",), ("deploy", "diff", "-f", "long.yaml"), ("cluster", "--help")])
async def test_a_closed_output_pipe_ends_the_program_without_an_error(
    fleet: Polyhelm, members: dict[str, Member], command: tuple[str, ...]
) -> None:
    text = FILE.replace("{replicas: 2}", "{note: " + "x" * 200_000 + "}")
    (fleet.home / "long.yaml").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, *command),
        cwd=fleet.home,
        env=fleet.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout._transport.close()  # type: ignore[attr-defined]  # before anything is written
    said = await process.stderr.read()
    assert (await process.wait(), said) == (-signal.SIGPIPE, b"")


@pytest_asyncio.fixture(loop_scope="session")
async def four(fleet: Polyhelm, simulated: object) -> AsyncIterator[Polyhelm]:
    """Two more clusters in the group, and the deployment shop on all four of them."""
    for name in ("oslo", "rome"):
        member = simulated(name)  # type: ignore[operator]
        (fleet.home / f"{name}.yaml").write_text(member.kubeconfig)
        await fleet.stack.register(name, member.kubeconfig)
        await fleet.fine("group", "add", "fleet", name)
    await fleet.fine("deploy", "apply", "-f", "shop.yaml", "--yes", "--no-wait", "-q")
    (fleet.home / "fewer.yaml").write_text(FILE.replace("  paris", "  rome") + "targets: [rome]\n")
    yield fleet


async def test_removing_many_targets_needs_their_number_and_yes_is_no_answer(four: Polyhelm) -> None:
    apply = ("deploy", "apply", "-f", "fewer.yaml", "--yes", "--no-wait", "--despite-errors")
    done = await four(*apply)
    assert (done.code, done.words) == (
        2,
        [
            "Error: This requires confirmation: 3 clusters would be removed: berlin, oslo, paris.",
            "Next: Add --confirm-removal 3 to confirm it.",
        ],
    )
    assert done.lines[-1] == "  Removed from the targets: berlin, oslo, paris (3)"
    done = await four(*apply, "--confirm-removal", "2")
    assert (done.code, done.words[0]) == (
        2,
        "Error: --confirm-removal is 2, but 3 clusters would be removed: berlin, oslo, paris.",
    )
    assert (await four("deploy", "get", "fleet/shop", "-o", "json")).data["generation"] == 1
    await four.fine(*apply, "--confirm-removal", "3")
    found = (await four("deploy", "get", "fleet/shop", "-o", "json")).data
    assert (found["generation"], found["desired"]["targets"]) == (2, ["rome"])
    assert (await four(*apply, "--confirm-removal", "3")).code == 0  # a pipeline that runs again


@pytest.mark.parametrize(("typed", "code", "generation"), [("y\n", 1, 1), ("3\n", 0, 2)])
async def test_on_a_terminal_the_number_is_typed(four: Polyhelm, typed: str, code: int, generation: int) -> None:
    async with terminal(four, "deploy", "apply", "-f", "fewer.yaml", "--yes", "--no-wait") as screen:
        await screen.shows("Type the number of clusters to confirm:")
        screen.type(typed)
        assert await screen.ended() == code
    assert (await four("deploy", "get", "fleet/shop", "-o", "json")).data["generation"] == generation


async def test_removing_many_members_of_a_group_needs_their_number(four: Polyhelm) -> None:
    remove = ("group", "remove", "fleet", "berlin", "oslo", "paris", "--yes", "--no-wait")
    done = await four(*remove)
    assert (done.code, done.words) == (
        2,
        [
            "Error: This requires confirmation: 3 clusters would be removed: berlin, oslo, paris.",
            "Next: Add --confirm-removal 3 to confirm it.",
        ],
    )
    assert (await four(*remove, "--confirm-removal", "3")).words == ["The group fleet has 1 member."]


async def test_a_chart_that_fails_on_one_cluster_is_not_applied_by_yes(fleet: Polyhelm, tmp_path: Path) -> None:
    files = chart_files(name="broken") | {"templates/fail.yaml": '{{ if .Values.broken }}{{ fail "no luck" }}{{ end }}'}
    await fleet.stack.upload(base64.b64encode(archive(files, root="broken")).decode())
    text = FILE.replace("charts/web", "charts/broken").replace("paris: {replicas: 3}", "paris: {broken: true}")
    for more in ((), ("--no-wait",), ("-q",), ("-o", "json")):
        done = await fleet("deploy", "apply", "-f", "-", "--yes", *more, stdin=text)
        assert (done.code, done.words[-1].split(":")[0]) == (1, "Next")
    assert await deployments(fleet) == []
