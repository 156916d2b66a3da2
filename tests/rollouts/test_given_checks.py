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


ADDRESS = "Must be a URL such as https://example.com, at most 2,000 characters."


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({}, (), "Must have exactly one of health, object, http, prometheus, job."),
        ({"health": True, "object": web()}, (), "Must have exactly one of health, object, http, prometheus, job."),
        ({"object": web(passes=None)}, ("object",), "A check needs a condition: `passes`, `fails` or both."),
        ({"object": web(kind="Secret")}, ("object", "kind"), "A check cannot examine a Secret."),
        ({"object": web(kind="../x")}, ("object", "kind"), "Not a valid kind, such as Deployment."),
        ({"object": web(name="")}, ("object", "name"), "Must have between 1 and 253 characters."),
        ({"http": http(url="ftp://a")}, ("http", "url"), ADDRESS),
        ({"http": http(url="https://")}, ("http", "url"), ADDRESS),
        (
            {"http": http(url="https://a:b@example.com")},
            ("http", "url"),
            "Must not contain credentials: use `secretHeaders`.",
        ),
        ({"http": http(method="PUT")}, ("http", "method"), "Must be one of GET, HEAD, POST."),
        ({"http": http(body="x")}, ("http", "body"), "Only POST requests have a body, at most 65,536 characters."),
        ({"http": http(timeout="5m")}, ("http", "timeout"), "The timeout must be between 1s and 60s."),
        (
            {"http": http(headers=[HeaderInput(name="Host", value="x")])},
            ("http", "headers", "0", "name"),
            "Not a valid header name, or a header that cannot be set.",
        ),
        (
            {"http": http(headers=[HeaderInput(name="X-A", value="a\r\nX-B: b")])},
            ("http", "headers", "0", "value"),
            "Must be printable ASCII, at most 4,000 characters.",
        ),
        (
            {"prometheus": PrometheusCheckInput(url="https://a", query=" ", passes="true")},
            ("prometheus", "query"),
            "Must have between 1 and 4,096 characters.",
        ),
        (
            {"prometheus": PrometheusCheckInput(url="https://a", query="up")},
            ("prometheus",),
            "A check needs a condition: `passes`, `fails` or both.",
        ),
        ({"health": True, "interval": "x"}, ("interval",), "'x' is not a duration such as 30s, 15m, 1h30m or 7d."),
        ({"health": True, "count": 0}, ("count",), "Must be between 1 and 100."),
        ({"health": True, "error_limit": -1}, ("errorLimit",), "Must be between 0 and 100."),
    ],
)
def test_an_invalid_check_has_a_problem_with_its_path(
    given: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    assert list(check_problems(stored_check(CheckInput(name="one", **given)))) == [(path, message)]


def test_valid_checks_have_no_problems() -> None:
    for given in ({"health": True}, {"object": web(passes=None, fails="false")}, {"http": http()}):
        assert list(check_problems(stored_check(CheckInput(name="one", **given)))) == []
