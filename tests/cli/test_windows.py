"""`polyhelm window`."""

import re
from pathlib import Path

from simulator import Member
from tests.cli.polyhelm import Polyhelm
from tests.windows.samples import FREEZE, frozen_now

PAGE = Path(__file__).parents[2] / "docs" / "windows.md"

OFFICE = ("--kind", "allow", "--rule", "FREQ=WEEKLY;BYDAY=MO,TU", "--starts", "2026-01-05T09:00", "--duration", "8h")


async def test_a_window_is_created_changed_shown_and_deleted(polyhelm: Polyhelm) -> None:
    done = await polyhelm("window", "create", "office", *OFFICE, "--label", "env=prod", "--override-role", "deployer")
    assert (done.code, done.words) == (0, ["office created."])
    (found,) = (await polyhelm("window", "ls", "-o", "json")).data
    assert (found["selector"], found["overrideRole"], found["timeZone"]) == (
        {"labels": {"env": "prod"}},
        "DEPLOYER",
        "UTC",
    )
    again = await polyhelm("window", "create", "office", *OFFICE)
    assert again.words == ["Error: The window is at version 1, and not at 0. Read it again, then change it."]
    changed = await polyhelm(
        *("window", "update", "office", "--duration", "90m", "--label", "", "--override-role", "none"),
        *("--reason", "Nobody is there.", "-o", "json"),
    )
    fields = ("duration", "selector", "overrideRole", "reason", "version", "rule", "kind")
    assert [changed.data[field] for field in fields] == [
        *("1h30m", None, "NONE", "Nobody is there.", 2),
        *("FREQ=WEEKLY;BYDAY=MO,TU", "ALLOW"),
    ]
    shown = await polyhelm.fine("window", "show", "office")
    assert shown[:8] == [
        "Name:              office",
        "Kind:              ALLOW",
        "Scope:             organization",
        "Rule:              FREQ=WEEKLY;BYDAY=MO,TU",
        "Starts:            2026-01-05T09:00 UTC",
        "Duration:          1h30m",
        "Holds rollbacks:   no",
        "Override:          none",
    ]
    assert len(shown) == 8 + 1 + 1 + 5
    assert (await polyhelm("window", "rm", "office", "--yes")).words == ["office deleted."]
    assert await polyhelm.fine("window", "ls", "-o", "name") == []


async def test_what_is_wrong_with_a_window_is_said_with_an_example(polyhelm: Polyhelm) -> None:
    wrong = [*OFFICE]
    wrong[3] = "FREQ=WEEKLY;BYDAY=MONDAY"
    refused = await polyhelm("window", "create", "office", *wrong)
    assert refused.code == 1
    assert (
        "BYDAY is a list of MO, TU, WE, TH, FR, SA and SU, each with a number or without."
        " Examples: BYDAY=MO,TU and BYDAY=-1FR."
    ) in refused.err
    assert (await polyhelm("window", "update", "office")).words[0] == "Error: There is nothing to change."
    missing = await polyhelm("window", "show", "office")
    assert missing.words == [
        "Error: There is no change window 'office'.",
        "Next: List change windows: polyhelm window ls",
    ]


async def test_the_status_says_for_each_cluster_whether_changes_are_held(
    polyhelm: Polyhelm, members: dict[str, Member]
) -> None:
    await polyhelm.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    freeze = frozen_now()
    created = await polyhelm(
        *("window", "create", "freeze", "--kind", "deny", "--rule", "FREQ=YEARLY", "--cluster", "paris"),
        *("--starts", freeze["starts"], "--duration", freeze["duration"], "--reason", "Moving house."),
    )
    assert created.code == 0, created
    rows = {row["name"]: row["window"] for row in (await polyhelm("window", "status", "-o", "json")).data}
    assert {name: window["closed"] for name, window in rows.items()} == {name: name == "paris" for name in members}
    (line,) = (await polyhelm.fine("window", "status", "paris"))[1:]
    assert line.startswith("paris     fleet   held      20")
    assert line.endswith("freeze    The window freeze allows no changes: Moving house.")


async def test_the_commands_on_the_page_work_as_they_are_written(
    polyhelm: Polyhelm, members: dict[str, Member]
) -> None:
    await polyhelm.stack.fleet({name: member.kubeconfig for name, member in members.items()}, "web")
    blog = await polyhelm.stack.create(group="web", releaseName="blog")
    await polyhelm.stack.mutate("setChangeWindow", "__typename", **FREEZE | frozen_now())
    script = "set -eu\n" + "".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    lines = await polyhelm.shell(f"OPERATION={blog['operation']['id']}\n{script}echo done")
    assert lines[-2:] == [f"{blog['operation']['id']} passes.", "done"], lines
    windows = (await polyhelm("window", "ls", "-o", "json")).data
    assert {window["name"]: window["duration"] for window in windows} == {
        "office": "10h",
        "year-end": "14d",
        "year-end-freeze": "1h",
    }
