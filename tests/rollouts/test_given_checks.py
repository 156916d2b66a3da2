from typing import Any

import pytest

from app.rollouts.given_checks import check_problems
from schema.strategies.checks import CheckInput, ObjectCheckInput, stored_check


def web(**given: Any) -> ObjectCheckInput:
    return ObjectCheckInput(**{"kind": "Deployment", "name": "web", "passes": "true"} | given)


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({}, (), "A check has exactly one of health, object."),
        ({"health": True, "object": web()}, (), "A check has exactly one of health, object."),
        ({"object": web(passes=None)}, ("object",), "A check needs a condition: `passes`, `fails` or both."),
        ({"object": web(kind="Secret")}, ("object", "kind"), "A check cannot examine a Secret."),
        ({"object": web(kind="../x")}, ("object", "kind"), "It is not the kind of an object, such as Deployment."),
        ({"object": web(name="")}, ("object", "name"), "The name of an object has between 1 and 253 characters."),
        ({"health": True, "interval": "x"}, ("interval",), "'x' is not a duration such as 30s, 15m, 1h30m or 7d."),
        ({"health": True, "count": 0}, ("count",), "A check is measured between 1 and 100 times."),
        ({"health": True, "error_limit": -1}, ("errorLimit",), "A limit is between 0 and 100."),
    ],
)
def test_an_invalid_check_has_a_problem_with_its_path(
    given: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    assert list(check_problems(stored_check(CheckInput(name="one", **given)))) == [(path, message)]


def test_valid_checks_have_no_problems() -> None:
    for given in ({"health": True}, {"object": web(passes=None, fails="false")}):
        assert list(check_problems(stored_check(CheckInput(name="one", **given)))) == []
