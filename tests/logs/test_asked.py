"""What is asked of a log: the bounds of the request."""

import pytest

from app.core.errors import ValidationFailed
from app.logs.options import LogOptions


@pytest.mark.parametrize(
    ("asked", "code", "path"),
    [
        (LogOptions(search="x" * 201), "search_too_long", ("search",)),
        (LogOptions(tail=-1), "page_size", ("tail",)),
        (LogOptions(tail=5001), "page_size", ("tail",)),
        (LogOptions(since_seconds=0), "invalid_input", ("sinceSeconds",)),
    ],
)
def test_a_request_out_of_bounds_is_refused(asked: LogOptions, code: str, path: tuple[str, ...]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        asked.check()
    assert (caught.value.code, caught.value.path) == (code, path)


def test_a_request_within_the_bounds_is_accepted() -> None:
    LogOptions(search="x" * 200, tail=5000, since_seconds=1).check()
