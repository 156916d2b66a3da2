"""What the command line answers, as far as it is worked out without a server."""

import pytest

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
