"""What is asked of a log: the bounds of the request."""

import pytest

from app.core.errors import ValidationFailed
from app.logs.asked import Asked


@pytest.mark.parametrize(
    ("asked", "code", "path"),
    [
        (Asked(search="x" * 201), "search_too_long", ("search",)),
        (Asked(tail=-1), "page_size", ("tail",)),
        (Asked(tail=5001), "page_size", ("tail",)),
        (Asked(since_seconds=0), "invalid_input", ("sinceSeconds",)),
    ],
)
def test_a_request_out_of_bounds_is_refused(asked: Asked, code: str, path: tuple[str, ...]) -> None:
    with pytest.raises(ValidationFailed) as caught:
        asked.check()
    assert (caught.value.code, caught.value.path) == (code, path)


def test_a_request_within_the_bounds_is_accepted() -> None:
    Asked(search="x" * 200, tail=5000, since_seconds=1).check()
