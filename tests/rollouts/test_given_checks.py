from typing import Any

import pytest

from app.rollouts.given_checks import check_problems
from schema.strategies.checks import (
    CheckInput,
    HeaderInput,
    HttpCheckInput,
    ObjectCheckInput,
    PrometheusCheckInput,
    stored_check,
)


def web(**given: Any) -> ObjectCheckInput:
    return ObjectCheckInput(**{"kind": "Deployment", "name": "web", "passes": "true"} | given)


def http(**given: Any) -> HttpCheckInput:
    return HttpCheckInput(**{"url": "https://example.com"} | given)


ADDRESS = "It is not an address such as https://example.com, with at most 2,000 characters."


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({}, (), "A check has exactly one of health, object, http, prometheus, job."),
        ({"health": True, "object": web()}, (), "A check has exactly one of health, object, http, prometheus, job."),
        ({"object": web(passes=None)}, ("object",), "A check needs a condition: `passes`, `fails` or both."),
        ({"object": web(kind="Secret")}, ("object", "kind"), "A check cannot examine a Secret."),
        ({"object": web(kind="../x")}, ("object", "kind"), "It is not the kind of an object, such as Deployment."),
        ({"object": web(name="")}, ("object", "name"), "The name of an object has between 1 and 253 characters."),
        ({"http": http(url="ftp://a")}, ("http", "url"), ADDRESS),
        ({"http": http(url="https://")}, ("http", "url"), ADDRESS),
        (
            {"http": http(url="https://a:b@example.com")},
            ("http", "url"),
            "It must not contain credentials: use `secretHeaders`.",
        ),
        ({"http": http(method="PUT")}, ("http", "method"), "A method is one of GET, HEAD, POST."),
        ({"http": http(body="x")}, ("http", "body"), "A body is sent with POST, and has at most 65,536 characters."),
        ({"http": http(timeout="5m")}, ("http", "timeout"), "A request takes between 1s and 60s."),
        (
            {"http": http(headers=[HeaderInput(name="Host", value="x")])},
            ("http", "headers", "0", "name"),
            "It is not the name of a header that can be set.",
        ),
        (
            {"http": http(headers=[HeaderInput(name="X-A", value="a\r\nX-B: b")])},
            ("http", "headers", "0", "value"),
            "The value of a header is printable ASCII.",
        ),
        (
            {"prometheus": PrometheusCheckInput(url="https://a", query=" ", passes="true")},
            ("prometheus", "query"),
            "A query has between 1 and 4,096 characters.",
        ),
        (
            {"prometheus": PrometheusCheckInput(url="https://a", query="up")},
            ("prometheus",),
            "A check needs a condition: `passes`, `fails` or both.",
        ),
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
    for given in ({"health": True}, {"object": web(passes=None, fails="false")}, {"http": http()}):
        assert list(check_problems(stored_check(CheckInput(name="one", **given)))) == []
