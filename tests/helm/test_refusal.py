"""What the answers of an API server mean: words of real ones, and of what may answer in their place."""

import json

import pytest

from app.clusters.service_accounts import ServiceAccount
from app.core.errors import ActionError, PermanentError, TemporaryError
from app.helm.refusal import trouble
from app.helm.request import Request

WRITE = Request("POST", "/api/v1/namespaces/shop/configmaps", "web", writes=True)
READ = Request("GET", "/api/v1/namespaces/shop/configmaps/web")


def answered(request: Request, status: int, message: str, reason: str = "") -> ActionError | None:
    body = {"kind": "Status", "apiVersion": "v1", "message": message, "reason": reason, "code": status}
    return trouble(request, status, None, json.dumps(body).encode())


REFUSED = [
    (
        500,
        'Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post'
        ' "https://policy.hooks.svc:443/check?timeout=5s": dial tcp 10.0.0.1:443: connect: connection refused',
        "The webhook policy.example.com (service policy in namespace hooks) must approve configmaps/web, but does not"
        ' answer: failed to call webhook: Post "https://policy.hooks.svc:443/check?timeout=5s": dial tcp 10.0.0.1:443:'
        " connect: connection refused",
    ),
    (
        500,
        'Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post'
        ' "https://policy.example.com:8443/check?timeout=5s": context deadline exceeded',
        "The webhook policy.example.com (https://policy.example.com:8443/check) must approve configmaps/web, but does"
        ' not answer: failed to call webhook: Post "https://policy.example.com:8443/check?timeout=5s": context deadline'
        " exceeded",
    ),
    (
        403,
        'admission webhook "policy.example.com" denied the request: 503 too many requests, Unauthorized',
        "The webhook policy.example.com refuses configmaps/web: 503 too many requests, Unauthorized",
    ),
    (
        400,
        'admission webhook "policy.example.com" denied the request without explanation',
        "The webhook policy.example.com refuses configmaps/web: no reason was given",
    ),
    (
        403,
        'pods "web" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2',
        "The quota small refuses configmaps/web: exceeded quota: small, requested: pods=1, used: pods=2, limited:"
        " pods=2",
    ),
    (
        422,
        "configmaps \"web\" is forbidden: ValidatingAdmissionPolicy 'no-webs' with binding 'everywhere' denied request:"
        " connection refused",
        "The policy no-webs (binding everywhere) refuses configmaps/web: connection refused",
    ),
    (
        403,
        'pods "web" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
        "The pod security standard restricted:latest refuses configmaps/web: violates PodSecurity"
        ' "restricted:latest": runAsNonRoot != true',
    ),
    (
        500,
        "etcdserver: request is too large",
        "The API server refuses configmaps/web: etcdserver: request is too large",
    ),
    (
        422,
        'ConfigMap "Web" is invalid: metadata.name: Invalid value: "Web"',
        'The API server refuses configmaps/web: ConfigMap "Web" is invalid: metadata.name: Invalid value: "Web"',
    ),
    (404, 'namespaces "shop" not found', 'The API server refuses configmaps/web: namespaces "shop" not found'),
    (413, "Request entity too large: limit is 3145728", None),
    (500, "Internal error occurred: etcdserver: request timed out", None),  # said by a webhook, for instance
]


@pytest.mark.parametrize(("status", "words", "message"), REFUSED)
def test_a_refused_write_is_permanent_and_says_who_refuses(status: int, words: str, message: str | None) -> None:
    found = answered(WRITE, status, words)
    assert isinstance(found, PermanentError)
    assert (found.code, found.output) == ("cluster_refused", words)
    assert found.message == (message or f"The API server refuses configmaps/web: {words}")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "the server is currently unable to handle the request"),
        (504, "Timeout: request did not complete within the allotted timeout"),
        (502, "bad gateway"),
        (500, "etcdserver: request timed out"),
        (500, "etcdserver: request timed out, possibly due to previous leader failure"),
        (500, "etcdserver: leader changed"),
        (500, "rpc error: code = Unavailable desc = error reading from server: EOF"),
        (409, "Operation cannot be fulfilled on configmaps: the object has been modified"),
    ],
)
def test_a_write_that_the_server_could_not_do_now_may_succeed_later(status: int, words: str) -> None:
    found = answered(WRITE, status, words)
    assert isinstance(found, TemporaryError)
    assert (found.code, found.message) == (
        "cluster_unreachable",
        f"The API server did not accept configmaps/web: {words}",
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[]", b'{"kind": "Other"}'])
@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_answer_that_is_not_from_an_api_server_is_no_permanent_refusal(status: int, body: bytes) -> None:
    assert isinstance(trouble(WRITE, status, None, body), TemporaryError)


def test_an_object_that_exists_already_is_reported_as_that() -> None:
    found = answered(WRITE, 409, 'configmaps "web" already exists', "AlreadyExists")
    assert isinstance(found, PermanentError)
    assert (found.code, found.message) == (
        "resource_exists",
        'configmaps/web already exists: configmaps "web" already exists',
    )


@pytest.mark.parametrize("request_", [WRITE, READ])
def test_a_pause_that_is_asked_for_is_kept(request_: Request) -> None:
    found = trouble(request_, 429, "7", b"{}")
    assert isinstance(found, TemporaryError)
    assert (found.code, found.retry_after) == ("cluster_throttled", 7)
    for date, seconds in (("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 21 Oct 9015 07:28:00 GMT", 3600)):
        found = trouble(request_, 429, date, b"{}")
        assert isinstance(found, TemporaryError)
        assert found.retry_after == seconds


@pytest.mark.parametrize("asked", ["9" * 9, "9" * 400, "inf", "-1", "soon", ""])
def test_no_pause_is_longer_than_an_hour(asked: str) -> None:
    found = trouble(WRITE, 429, asked, b"{}")
    assert isinstance(found, TemporaryError)
    assert found.retry_after == (3600 if asked == "9" * 9 else None)


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (READ, 401, "cluster_unauthorized"),
        (WRITE, 401, "cluster_unauthorized"),
        (READ, 403, "cluster_unauthorized"),
        (READ, 500, "cluster_unreachable"),
        (READ, 503, "cluster_unreachable"),
    ],
)
def test_credentials_and_reads_that_fail_may_work_later(request_: Request, status: int, code: str) -> None:
    found = answered(request_, status, "no")
    assert isinstance(found, TemporaryError)
    assert found.code == code


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        (READ, 200, ""),
        (READ, 404, "NotFound"),
        (Request("DELETE", "/api/v1/namespaces/shop/configmaps/web", writes=True), 404, "NotFound"),
    ],
)
def test_errors_after_which_helm_continues_are_not_failures(request_: Request, status: int, reason: str) -> None:
    assert answered(request_, status, "", reason) is None


def test_a_namespace_that_is_being_deleted_is_a_temporary_failure() -> None:
    words = (
        'configmaps "web" is forbidden: unable to create new content in namespace shop because it is being terminated'
    )
    found = answered(WRITE, 403, words, "Forbidden")
    assert isinstance(found, TemporaryError)
    assert (found.code, found.output) == ("namespace_terminating", words)
    assert found.message.startswith("The namespace shop is being deleted, and nothing can be created in it until")
    said = f'admission webhook "policy.example.com" denied the request: {words}'
    assert isinstance(answered(WRITE, 403, said), PermanentError)


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_a_conversion_webhook_that_fails_is_named_and_fails_for_good(request_: Request) -> None:
    words = (
        'conversion webhook for shop.test/v1, Kind=Widget failed: Post "https://converter.hooks.svc:443/?timeout=30s":'
        ' service "converter" not found'
    )
    found = answered(request_, 500, words)
    assert isinstance(found, PermanentError)
    assert (found.code, found.output) == ("cluster_refused", words)
    assert found.message == (
        "The conversion webhook of shop.test/v1, Kind=Widget (service converter in namespace hooks) must convert"
        f" configmaps/web, but fails: {words}"
    )
    assert isinstance(answered(READ, 500, f"a webhook says: {words}"), TemporaryError)


@pytest.mark.parametrize("body", [b"", b"<html>default backend - 404</html>", b"404 page not found\n"])
def test_a_404_that_is_not_from_an_api_server_does_not_mean_that_an_object_is_missing(body: bytes) -> None:
    found = trouble(READ, 404, None, body)
    assert isinstance(found, TemporaryError)
    assert found.code == "cluster_unreachable"
    for path in ("/apis/metrics.k8s.io/v1beta1", "/openapi/v3/apis/apps/v1"):
        assert trouble(Request("GET", path), 404, None, body) is None


@pytest.mark.parametrize("request_", [READ, WRITE])
def test_what_a_service_account_may_not_do_is_refused_for_good(request_: Request) -> None:
    words = 'configmaps "web" is forbidden: User "system:serviceaccount:shop:deployer" cannot get resource "configmaps"'
    body = json.dumps({"kind": "Status", "message": words}).encode()
    found = trouble(request_, 403, None, body, ServiceAccount("shop", "deployer"))
    assert isinstance(found, PermanentError)
    assert (found.code, found.output) == ("service_account_forbidden", words)
