"""What an error of an API server means, whoever sent the request."""

import pytest

from app.clusters.refusals import Refusal, RefusalKind, not_now


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"kind": "Status"}, RefusalKind.UNAUTHENTICATED),
        (403, {"kind": "Status"}, RefusalKind.FORBIDDEN),
        (404, {"kind": "Status"}, RefusalKind.NOT_FOUND),
        (409, {"kind": "Status", "reason": "AlreadyExists"}, RefusalKind.EXISTS),
        (409, {"kind": "Status", "reason": "Conflict"}, RefusalKind.CONFLICT),
        (410, {"kind": "Status"}, RefusalKind.EXPIRED),
        (422, {"kind": "Status"}, RefusalKind.INVALID),
        (429, {"kind": "Status"}, RefusalKind.THROTTLED),
        (500, {"kind": "Status", "message": "etcdserver: request timed out"}, RefusalKind.UNAVAILABLE),
        (500, {"kind": "Status", "message": "a webhook says: etcdserver: request timed out"}, RefusalKind.FAILED),
        (503, None, RefusalKind.UNAVAILABLE),
        (599, [], RefusalKind.FAILED),
    ],
)
def test_the_status_and_the_status_object_decide(status: int, body: object, kind: RefusalKind) -> None:
    assert Refusal.of(status, body).kind is kind


def test_a_server_that_sends_no_status_object_is_not_an_api_server() -> None:
    assert Refusal.of(404, {"kind": "Status", "message": "gone"}) == Refusal(404, "gone", "", is_of_api_server=True)
    others: list[object] = [None, [], "<html>", {"kind": "Page"}]
    assert not any(Refusal.of(404, body).is_of_api_server for body in others)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "no", "reason": "Forbidden"}, "no"),
        ({"reason": "Forbidden"}, "Forbidden"),
        ({"message": 7}, "7"),
        ({}, "HTTP status 418"),
    ],
)
def test_a_refusal_is_quoted_by_its_message_or_else_its_reason(body: object, words: str) -> None:
    assert Refusal.of(418, body).words == words
    assert len(Refusal.of(418, {"message": "x" * 2000}).words) == 1000


@pytest.mark.parametrize(
    ("status", "code", "message", "pause"),
    [
        (401, "cluster_unauthorized", "The API server does not accept the credentials (401). Renew them.", None),
        (403, "cluster_unauthorized", "The credentials do not allow this: no", None),
        (429, "cluster_throttled", "The API server is throttling requests (429).", 7),
        (503, "cluster_unreachable", "The API server failed: no", 7),
        (404, "cluster_unreachable", "The API server failed: no", 7),
    ],
)
def test_a_request_that_may_be_answered_later_fails_with_what_keeps_it(
    status: int, code: str, message: str, pause: float | None
) -> None:
    error = not_now(Refusal.of(status, {"kind": "Status", "message": "no"}), 7, advice=" Renew them.")
    assert (error.code, error.message, error.output, error.retry_after) == (code, message, "no", pause)


def test_an_object_that_it_quotes_is_not_among_its_words() -> None:
    message = 'patch: Invalid value: "map[data:map[b:aHVudGVyMg==]]": cannot convert int64 to string'
    words = Refusal.of(422, {"kind": "Status", "message": message}).words
    assert words == "patch: Invalid value: (the object, which is not shown): cannot convert int64 to string"
