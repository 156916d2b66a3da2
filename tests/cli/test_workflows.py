"""`polyhelm workflow`."""

from tests.automation.walk import run_of_another
from tests.cli.polyhelm import Polyhelm
from tests.stack import eventually

HELLO = """# Greets.
name: hello
steps:
  - {name: greet, type: log, inputs: {message: Hello.}}
"""


async def test_workflows_are_applied_from_files_shown_listed_and_deleted(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "hello.yaml").write_text(HELLO)
    applied = await polyhelm("workflow", "apply", "-f", "hello.yaml")
    assert applied.words == ["hello.yaml: hello is at revision 1."]
    (polyhelm.home / "hello.yaml").write_text(HELLO.replace("Hello.", "Hi."))
    again = await polyhelm("workflow", "apply", "-f", "hello.yaml", "-o", "json")
    assert [(row["name"], row["revision"]) for row in again.data] == [("hello", 2)]
    assert await polyhelm.fine("workflow", "show", "hello") == HELLO.replace("Hello.", "Hi.").splitlines()
    assert await polyhelm.fine("workflow", "show", "hello", "--revision", "1") == HELLO.splitlines()
    assert (await polyhelm("workflow", "show", "hello", "--revision", "3")).words == [
        "Error: There is no revision 3 of hello.",
        "Next: List them: polyhelm workflow history hello",
    ]
    assert await polyhelm.fine("workflow", "history", "hello", "-o", "name") == ["2", "1"]
    rows = (await polyhelm("workflow", "history", "hello", "-o", "json")).data
    assert [row.keys() for row in rows] == [{"number", "author", "createdAt"}] * 2
    assert await polyhelm.fine("workflow", "ls", "-o", "name") == ["hello"]
    assert "log" in await polyhelm.fine("workflow", "types", "-o", "name")
    deleted = await polyhelm("workflow", "rm", "hello", "--yes")
    assert deleted.words == ["hello deleted."]
    assert (await polyhelm("workflow", "show", "hello")).words == [
        "Error: There is no workflow 'hello'.",
        "Next: List workflows: polyhelm workflow ls",
    ]


async def test_the_problems_of_a_definition_are_printed_with_their_places(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "wrong.yaml").write_text(HELLO.replace("type: log", "type: lock"))
    refused = await polyhelm("workflow", "apply", "-f", "wrong.yaml")
    assert refused.code != 0
    assert refused.words[0] == "Error: The input is not valid."
    assert refused.words[1].strip().startswith("definition.steps.0.type: There is no step type 'lock'; the types are: ")
    assert await polyhelm.fine("workflow", "ls", "-o", "name") == []


RELEASE = """name: release
parameters: {properties: {who: {type: string}}}
steps:
  - {name: greet, type: log, inputs: {message: "Hello, ${{ parameters.who }}."}}
  - {name: wait, type: signal, inputs: {signal: go}}
  - {name: review, type: approve, inputs: {message: Go?}}
"""


async def test_runs_are_started_watched_steered_and_read(working: Polyhelm) -> None:
    polyhelm = working
    (polyhelm.home / "release.yaml").write_text(RELEASE)
    await polyhelm.fine("workflow", "apply", "-f", "release.yaml")
    refused = await polyhelm("workflow", "start", "release", "-p", "who")
    assert refused.words[0] == "Error: 'who' is not of the form NAME=VALUE."
    [run] = await polyhelm.fine("workflow", "start", "release", "-p", "who=Ada", "--id", "paris")
    assert await polyhelm.fine("workflow", "runs", "--id", "paris", "-o", "name") == [run]
    await polyhelm.fine("workflow", "signal", run, "go", "--payload", '{"a": 1}')

    async def waits() -> bool:
        return "review: approval" in (await polyhelm("workflow", "runs")).out

    await eventually(waits)
    own = await polyhelm("workflow", "approve", run)
    assert own.words == ["Error: The user who started a run cannot approve its steps. Ask another user to."]
    assert (await polyhelm("workflow", "reject", run, "--comment", "No.")).words == ["review rejected."]
    watched = await polyhelm("workflow", "watch", run)
    assert (watched.code, watched.words) == (1, ["Error: The run paris of release is FAILED."])
    assert watched.lines[-4:-1] == [
        "  greet SUCCEEDED",
        "  wait SUCCEEDED",
        "  review FAILED: admin rejected it: No.",
    ]
    assert await polyhelm.fine("workflow", "logs", run, "--step", "greet") == ["greet: Hello, Ada."]
    assert (await polyhelm("workflow", "approve", run)).words[0] == "Error: No step of the run waits for an approval."
    [run] = await polyhelm.fine("workflow", "start", "release", "-p", "who=Ada")
    await polyhelm.fine("workflow", "cancel", run)
    assert (await polyhelm("workflow", "watch", run)).code == 1
    [run] = await polyhelm.fine("workflow", "start", "release", "-p", "who=Ada")
    assert await polyhelm.fine("workflow", "terminate", run, "--reason", "An incident.") == []
    assert await polyhelm.fine("workflow", "runs", "-o", "name") == []
    assert (await polyhelm("workflow", "watch", "cnVuOjE=")).words[0] == "Error: There is no run 'cnVuOjE='."


async def test_a_run_that_waits_for_another_one_says_so(working: Polyhelm) -> None:
    outer = "name: outer\nsteps: [{name: below, type: run-workflow, inputs: {workflow: inner}}]\n"
    inner = "name: inner\nsteps: [{name: wait, type: signal, inputs: {signal: go}}]\n"
    for name, text in (("inner", inner), ("outer", outer)):
        (working.home / f"{name}.yaml").write_text(text)
        await working.fine("workflow", "apply", "-f", f"{name}.yaml")
    await working.fine("workflow", "start", "outer")

    async def waits() -> bool:
        return "below: run" in (await working("workflow", "runs")).out

    await eventually(waits)


async def test_the_token_of_a_step_completes_it_once(polyhelm: Polyhelm) -> None:
    await run_of_another(polyhelm.stack)
    token = "canary of greeting"
    both = await polyhelm("workflow", "complete", token, "--result", "1", "--error", "No.")
    assert both.words == ["Error: The input is not valid.", "  error: Give either a result or an error."]
    done = await polyhelm("workflow", "complete", "-", "--result", '{"digest": "a"}', stdin=f"{token}\n")
    assert done.words == ["The step has its result."]
    again = await polyhelm("workflow", "complete", token, "--result", '{"digest": "a"}')
    assert again.words == ["The step had this result already."]
    other = await polyhelm("workflow", "complete", token, "--error", "No.")
    assert other.words == ["Error: The step with this token has another result already."]
    assert (await polyhelm("workflow", "complete", "unknown")).words == ["Error: No step has this token."]
