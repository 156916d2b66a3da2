"""What the command line answers, as far as it is worked out without a server."""

import pytest

from cli.commands.deployments import why
from cli.output import one_line


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
    ("generation", "origin"), [(2, "changed by hand at revision 7"), (1, "generation 2 is not there yet")]
)
def test_a_difference_says_where_it_comes_from(generation: int, origin: str) -> None:
    reasons = [
        {"code": "SECRET", "message": "A secret has another value."},
        {"code": "CHART_VERSION", "message": "The chart is 1.0.0, wanted 1.1.0."},
        {"code": "VALUES", "message": "replicas: wanted 3, found 5"},
    ]
    target = {"generation": generation, "revision": 7, "reasons": reasons, "error": {"message": "Helm failed."}}
    told = "The chart is 1.0.0, wanted 1.1.0; replicas: wanted 3, found 5"
    assert why(target, 2) == f"{told}; {origin}; A secret has another value. Helm failed."
    assert (
        why(target)
        == "The chart is 1.0.0, wanted 1.1.0. replicas: wanted 3, found 5; A secret has another value. Helm failed."
    )
