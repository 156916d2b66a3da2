"""`polyhelm step`."""

from tests.cli.polyhelm import Polyhelm

GREET = """name: greet
parameters: {required: [who], properties: {who: {type: string}}}
steps:
  - {name: say, type: log, inputs: {message: "Hello, ${{ parameters.who }}."}}
"""
USE = "name: use\nsteps:\n  - {name: a, type: greet, inputs: {who: Ada}}\n"


async def test_step_definitions_are_applied_shown_listed_used_and_deleted(polyhelm: Polyhelm) -> None:
    (polyhelm.home / "greet.yaml").write_text(GREET)
    (polyhelm.home / "use.yaml").write_text(USE)
    assert (await polyhelm("step", "apply", "-f", "greet.yaml")).words == ["greet.yaml: greet is at revision 1."]
    (polyhelm.home / "greet.yaml").write_text(GREET.replace("Hello", "Hi"))
    again = await polyhelm("step", "apply", "-f", "greet.yaml", "-o", "json")
    assert [(row["name"], row["revision"]) for row in again.data] == [("greet", 2)]
    assert await polyhelm.fine("step", "show", "greet") == GREET.replace("Hello", "Hi").splitlines()
    assert await polyhelm.fine("step", "show", "greet", "--revision", "1") == GREET.splitlines()
    assert (await polyhelm("step", "show", "greet", "--revision", "3")).words == [
        "Error: There is no revision 3 of greet.",
        "Next: List them: polyhelm step history greet",
    ]
    assert await polyhelm.fine("step", "history", "greet", "-o", "name") == ["2", "1"]
    assert await polyhelm.fine("step", "ls", "-o", "name") == ["greet"]
    await polyhelm.fine("workflow", "apply", "-f", "use.yaml")
    used = await polyhelm("step", "rm", "greet", "--yes")
    assert used.words[0] == "Error: greet is a step type of use. Change these first."
    await polyhelm.fine("workflow", "rm", "use", "--yes")
    assert (await polyhelm("step", "rm", "greet", "--yes")).words == ["greet deleted."]
    assert (await polyhelm("step", "show", "greet")).words == [
        "Error: There is no step definition 'greet'.",
        "Next: List step definitions: polyhelm step ls",
    ]
