"""`polyhelm schedule`."""

from tests.cli.polyhelm import Polyhelm

GREET = """name: greet
parameters: {required: [who], properties: {who: {type: string}}}
steps:
  - {name: greet, type: log, inputs: {message: "Hello, ${{ parameters.who }}."}}
"""


async def test_schedules_are_set_listed_shown_paused_resumed_and_deleted(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "greet.yaml").write_text(GREET)
    await polyhelm.fine("workflow", "apply", "-f", "greet.yaml")
    assert (await polyhelm("schedule", "set", "daily")).words == [
        "Error: There is no schedule 'daily' yet, and a new one needs a workflow and times.",
        "Next: Add --workflow and --cron: polyhelm schedule set daily --workflow WORKFLOW --cron '@daily'",
    ]
    made = await polyhelm("schedule", "set", "daily", "--workflow", "greet", "--cron", "0 0 1 1 *", "-p", "who=Ada")
    assert made.words[0].startswith("daily: At 00:00 on January 1 (UTC). Next: ")
    changed = await polyhelm("schedule", "set", "daily", "--overlap", "queue-one", "--catch-up", "10m", "-o", "json")
    assert changed.data["overlap"] == "QUEUE_ONE"
    assert (changed.data["catchUp"], changed.data["parameters"], changed.data["version"]) == ("10m", {"who": "Ada"}, 2)
    refused = await polyhelm("schedule", "set", "daily", "--cron", "0 0 31 2 *")
    assert refused.words[1].strip().startswith("cron: Bad day-of-month. Write minute, hour, ")
    assert await polyhelm.fine("schedule", "ls", "-o", "name") == ["daily"]
    shown = await polyhelm.fine("schedule", "show", "daily")
    assert "Cron:          0 0 1 1 * (At 00:00 on January 1)" in shown
    assert (await polyhelm("schedule", "pause", "daily")).words == [
        "daily is paused. Resume it: polyhelm schedule resume daily"
    ]
    assert [row["isPaused"] for row in (await polyhelm("schedule", "ls", "-o", "json")).data] == [True]
    assert (await polyhelm("schedule", "resume", "daily")).words[0].startswith("daily is resumed. Next: ")
    assert (await polyhelm("schedule", "rm", "daily", "--yes")).words == ["daily deleted."]
    assert (await polyhelm("schedule", "show", "daily")).words == [
        "Error: There is no schedule 'daily'.",
        "Next: List schedules: polyhelm schedule ls",
    ]
