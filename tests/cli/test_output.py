"""What the command line answers, as far as it is worked out without a server."""

import pytest
import yaml

from cli.commands.deployments import why
from cli.output import Format, Output, one_line
from cli.progress import _Bars
from cli.terminal import printable, tell


@pytest.mark.parametrize(
    ("sentences", "line"),
    [
        ([], ""),
        (['name: wanted "a", found "b"'], 'name: wanted "a", found "b"'),
        (
            ["replicas: wanted 2, found 5", "port: wanted 1, found 2"],
            "replicas: wanted 2, found 5; port: wanted 1, found 2",
        ),
        (["It can't be reached.", "replicas: wanted 2,\nfound 5"], "It can't be reached. replicas: wanted 2, found 5"),
        (["It has failed.", "It has failed."], "It has failed."),
    ],
)
def test_reasons_stand_in_one_line_and_apart_from_each_other(sentences: list[str], line: str) -> None:
    assert one_line(sentences) == line


@pytest.mark.parametrize(
    ("generation", "origin"), [(2, "changed by hand at revision 7"), (1, "generation 2 is not rolled out yet")]
)
def test_a_difference_says_where_it_comes_from(generation: int, origin: str) -> None:
    reasons = [
        {"code": "SECRET", "message": "A secret has another value."},
        {"code": "CHART_VERSION", "message": "The chart is 1.0.0, wanted 1.1.0."},
        {"code": "VALUES", "message": "replicas: wanted 3, found 5"},
    ]
    target = {"generation": generation, "revision": 7, "reasons": reasons, "activity": None, "valuesRenewed": False}
    target["error"] = {"message": "Helm failed."}
    told = "The chart is 1.0.0, wanted 1.1.0; replicas: wanted 3, found 5"
    assert why(target, 2) == f"{told}; {origin}; A secret has another value. Helm failed."
    assert (
        why(target)
        == "The chart is 1.0.0, wanted 1.1.0. replicas: wanted 3, found 5; A secret has another value. Helm failed."
    )
    target["activity"] = {"message": "Helm upgrades the release."}
    assert why(target).startswith("Helm upgrades the release. The chart is 1.0.0")


HOSTILE = "a\x1b[2J\x1b]0;title\x07\x9b1A\u202eb\r\n\tc"
SHOWN = r"a\u001b[2J\u001b]0;title\u0007\u009b1A\u202eb" + "\n\tc"


def test_control_characters_of_charts_and_clusters_are_not_executed_by_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert printable(HOSTILE) == SHOWN
    output = Output(Format.TABLE)
    output.text(HOSTILE)
    output.diff("+" + HOSTILE)
    output.listing([{"name": HOSTILE}], {"NAME": lambda row: row["name"]}, name=str)
    tell(HOSTILE)
    shown = "".join(capsys.readouterr())
    assert set("\x1b\x07\x9b\u202e").isdisjoint(shown)
    assert shown.count(r"\u001b[2J") == 4


@pytest.mark.parametrize("form", [Format.JSON, Format.YAML])
def test_programs_read_the_same_text_whatever_control_characters_it_has(
    capsys: pytest.CaptureFixture[str], form: Format
) -> None:
    Output(form).data({"output": HOSTILE}, [])
    shown = capsys.readouterr().out
    assert set("\x1b\x07\x9b\u202e").isdisjoint(shown)
    assert yaml.safe_load(shown) == {"output": HOSTILE}


def test_the_text_of_an_error_is_not_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    error = {"message": "Helm says: [/bold] [red]", "output": None, "advice": "Fix the chart.", "code": "x"}
    result = {"clusterName": "paris", "state": "FAILED", "summary": "failed", "activity": None, "error": error}
    with _Bars() as bars:
        bars.show([result])
    assert "[/bold] [red]" in capsys.readouterr().err
