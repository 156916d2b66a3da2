"""What a failed run means: where it failed decides the kind, and Helm's real words the name of what is permanent."""

import json

import pytest

from app.core.errors import ActionError, PermanentError, TemporaryError
from app.helm.failure import MAX_OUTPUT, beyond_limits, failure
from app.helm.ledger import Ledger
from app.helm.request import Request, read_request
from app.releases.error_codes import ActionCode
from app.releases.scrubbing import NOTHING, Scrubber
from app.sandbox.limits import Limits

RECORDS = "/api/v1/namespaces/shop/secrets"
NEW_RECORD = Request("POST", RECORDS, "sh.helm.release.v1.web.v2", writes=True, revision=2)
CONFIG = read_request("PATCH", "/api/v1/namespaces/shop/configmaps/web")
VERSION = read_request("GET", "/version")
LOST = "The connection to the API server failed: it was closed"


def ledger(*answers: tuple[Request, int, str] | Request) -> Ledger:
    """Of a run with these requests; those without an answer were cut off after they were sent."""
    kept = Ledger()
    for answer in answers:
        request, status, message = answer if isinstance(answer, tuple) else (answer, 0, "")
        exchange = kept.begin(request, 0)
        kept.sent(exchange)
        if status:
            body = {"kind": "Status", "message": message, "code": status} if status >= 400 else {}
            kept.answered(exchange, status, None, json.dumps(body).encode())
        else:
            kept.failed(exchange, TemporaryError(ActionCode.CLUSTER_UNREACHABLE, LOST))
        kept.ended(exchange, 0)
    return kept


def failed(kept: Ledger, words: str, scrubber: Scrubber = NOTHING) -> ActionError:
    error = failure(kept, 1, words, scrubber)
    assert error is not None
    return error


WROTE = ((VERSION, 200, ""), (NEW_RECORD, 201, ""))
RENDERED = ((VERSION, 200, ""),)
# Words that charts, webhooks and policies may say.
WORDS = [
    "connection refused",
    "Unauthorized",
    "the server has received too many requests and has asked us to try again later",
    "i/o timeout",
    "etcdserver: request timed out",
    "another operation (install/upgrade/rollback) is in progress",
    "cannot re-use a name that is still in use",
    "timed out waiting for the condition",
]


@pytest.mark.parametrize("words", WORDS)
def test_a_chart_that_fails_does_so_for_good_whatever_it_says(words: str) -> None:
    error = failed(ledger(*RENDERED), f"Error: execution error at (web/templates/a.yaml:1:4): {words}\n")
    assert (type(error), error.code, error.wrote) == (PermanentError, "chart_not_rendered", False)


@pytest.mark.parametrize("words", WORDS)
def test_a_refusal_by_a_webhook_is_permanent_whatever_its_message(words: str) -> None:
    denied = f'admission webhook "policy.example.com" denied the request: {words}'
    error = failed(ledger(*WROTE, (CONFIG, 403, denied)), f"Error: UPGRADE FAILED: {denied}\n")
    assert (type(error), error.code, error.wrote) == (PermanentError, "cluster_refused", True)
    assert error.message == f"The webhook policy.example.com refuses configmaps/web: {words}"


@pytest.mark.parametrize("words", [*WORDS, "execution error at (web/templates/a.yaml:1:4): no"])
def test_our_connection_that_failed_is_the_cause_whatever_helm_says(words: str) -> None:
    error = failed(ledger(VERSION), f"Error: {words}\n")
    assert (type(error), error.code, error.wrote) == (TemporaryError, "cluster_unreachable", False)
    assert (error.message, error.output) == (LOST, f"Error: {words}")
    error = failed(ledger(*WROTE, CONFIG), f"Error: {words}\n")
    assert (type(error), error.code, error.wrote) == (TemporaryError, "cluster_unreachable", True)


def test_a_refused_read_is_a_matter_of_credentials() -> None:
    error = failed(ledger((VERSION, 401, "Unauthorized")), "Error: Kubernetes cluster unreachable: no\n")
    assert (type(error), error.code, error.wrote) == (TemporaryError, "cluster_unauthorized", False)


@pytest.mark.parametrize(
    "words",
    [
        "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
        "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
        "Error: another operation (install/upgrade/rollback) is in progress",
    ],
)
def test_a_release_that_changed_since_we_looked_is_looked_at_again(words: str) -> None:
    error = failed(ledger(*RENDERED), f"{words}\n")
    assert (type(error), error.code, error.wrote) == (TemporaryError, "release_changed", False)


def test_helm_ending_well_is_no_failure_unless_the_record_was_not_written() -> None:
    assert failure(ledger(*WROTE), 0, "", NOTHING) is None
    put = read_request("PUT", f"{RECORDS}/sh.helm.release.v1.web.v2")
    for kept in (ledger(*WROTE, put), ledger(*WROTE, (put, 503, "busy"))):
        error = failure(kept, 0, "", NOTHING)
        assert isinstance(error, TemporaryError)
        assert (error.code, error.wrote) == ("cluster_unreachable", True)


def test_values_of_secrets_are_taken_out_of_the_api_servers_words() -> None:
    kept = ledger(*WROTE, (CONFIG, 422, 'spec.password: Invalid value: "hunter22"'))
    error = failed(kept, 'Error: UPGRADE FAILED: Invalid value: "hunter22"\n', Scrubber(["hunter22"]))
    assert "hunter22" not in f"{error.message} {error.output}"


AFTER_WRITING = [
    ("helm_timed_out", "Error: INSTALLATION FAILED: context deadline exceeded"),
    ("helm_timed_out", "Error: UPGRADE FAILED: timed out waiting for the condition"),
    (
        "helm_timed_out",
        "Error: UPGRADE FAILED: release shop failed, and has been rolled back due to atomic being set: timed"
        " out waiting for the condition",
    ),
    ("chart_not_rendered", "Error: INSTALLATION FAILED: failed pre-install: resource name may not be empty"),
    ("api_removed", "Error: failed to delete release: shop"),
    ("helm_failed", "Error: UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job failed: x\n\n"),
]
BEFORE_WRITING = [
    (
        "resource_exists",
        'Error: INSTALLATION FAILED: Unable to continue with install: ConfigMap "shop" in namespace '
        '"default" exists and cannot be imported into the current release: invalid ownership metadata; '
        'label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"',
    ),
    (
        "resource_exists",
        "Error: rendered manifests contain a resource that already exists. Unable to continue with update",
    ),
    (
        "values_refused",
        "Error: INSTALLATION FAILED: values don't meet the specifications of the schema(s) in the "
        "following chart(s):\nweb:\n- replicas: Invalid type. Expected: integer, given: string\n",
    ),
    (
        "chart_not_rendered",
        "Error: INSTALLATION FAILED: execution error at (web/templates/config.yaml:1:4): a name is needed",
    ),
    (
        "chart_not_rendered",
        'Error: INSTALLATION FAILED: parse error at (web/templates/config.yaml:1): function "no" not defined',
    ),
    (
        "chart_not_rendered",
        "Error: UPGRADE FAILED: template: web/templates/config.yaml:1:9: executing "
        '"web/templates/config.yaml" at <.Values.a.b>: nil pointer evaluating interface {}.b',
    ),
    (
        "chart_not_rendered",
        "Error: INSTALLATION FAILED: YAML parse error on web/templates/config.yaml: error converting "
        "YAML to JSON: yaml: line 2: mapping values are not allowed in this context",
    ),
    (
        "api_removed",
        "Error: UPGRADE FAILED: unable to build kubernetes objects from current release manifest: resource "
        'mapping not found for name: "a" namespace: "" from "": no matches for kind "Widget" in version '
        '"example.com/v1beta1"\nensure CRDs are installed first',
    ),
    (
        "cluster_refused",
        "Error: INSTALLATION FAILED: unable to build kubernetes objects from release manifest: resource "
        'mapping not found for name: "a" namespace: "" from "": no matches for kind "Widget" in version '
        '"example.com/v1"',
    ),
    (
        "cluster_refused",
        "Error: INSTALLATION FAILED: unable to build kubernetes objects from release manifest: error "
        'validating "": error validating data: unknown field "spec.no" in io.k8s.api.core.v1.ConfigMap',
    ),
    ("helm_failed", "Error: INSTALLATION FAILED: something that nobody has seen yet"),
    ("helm_failed", 'Error: UPGRADE FAILED: "shop" has no deployed releases'),
    ("helm_failed", ""),
]


@pytest.mark.parametrize(("code", "words"), BEFORE_WRITING)
def test_a_failure_before_the_first_write_is_permanent(code: str, words: str) -> None:
    error = failed(ledger(*RENDERED), f"{words}\n")
    assert (type(error), error.code, error.output, error.wrote) == (PermanentError, code, words.strip(), False)


@pytest.mark.parametrize(("code", "words"), AFTER_WRITING)
def test_a_failed_hook_or_wait_is_a_permanent_failure(code: str, words: str) -> None:
    error = failed(ledger(*WROTE), f"{words}\n")
    assert (type(error), error.code, error.output, error.wrote) == (PermanentError, code, words.strip(), True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("Error: UPGRADE FAILED: no", "UPGRADE FAILED: no"),
        ("Error: first\nsecond", "first"),
        ("Error: values are wrong:\n- a", "values are wrong"),
        ("Error: " + "x" * 1000, "x" * 500),
        ("", "Helm failed without any output."),
        ("panic: runtime error", "panic: runtime error"),
        (
            'Error: INSTALLATION FAILED: 1 error occurred:\n\t* ConfigMap "a" is invalid: no\n\n',
            'INSTALLATION FAILED: ConfigMap "a" is invalid: no',
        ),
    ],
)
def test_the_message_is_the_first_sentence(words: str, message: str) -> None:
    assert failed(ledger(*RENDERED), words).message == message


def test_warnings_are_left_out() -> None:
    error = failed(
        ledger(*RENDERED),
        "WARNING: Kubernetes configuration file is group-readable. connection refused\n"
        "W1121 12:00:00.000000    1 warnings.go:70] unknown field, connection refused\n"
        "I1121 12:00:00.000000    1 request.go:1] Waited for 1s due to client-side throttling, too many requests\n"
        "level=WARN msg=connection refused\n"
        "Error: INSTALLATION FAILED: no\n",
    )
    assert (error.code, error.output) == ("helm_failed", "Error: INSTALLATION FAILED: no")


def test_the_end_of_a_long_output_is_kept() -> None:
    error = failed(ledger(*RENDERED), "Error: " + "x" * MAX_OUTPUT + "\nno matches for kind")
    assert error.output is not None
    assert len(error.output) == MAX_OUTPUT
    assert error.code == "cluster_refused"


LIMITS = Limits(memory=2**30, cpu=60)


@pytest.mark.parametrize(
    ("code", "cpu_seconds", "words", "expected"),
    [
        (2, 1, "fatal error: runtime: out of memory\n\nruntime stack:\n", "helm_memory"),
        (2, 1, "fatal error: out of memory allocating heap arena metadata\n", "helm_memory"),
        (2, 1, "runtime: out of memory: cannot allocate 4194304-byte block (66306048 in use)\n", "helm_memory"),
        (2, 1, "runtime: goroutine stack exceeds 1000000000-byte limit\n", "helm_memory"),
        (-9, 60, "", "helm_cpu"),
        (-9, 45, "", "helm_cpu"),
        (-9, 1, "", "helm_killed"),
        (-11, 60, "", "helm_killed"),
        (1, 1, "Error: write /dev/stdout: file too large\n", "helm_output_too_large"),
        (1, 1, "level=WARN msg=noise\nError: write /dev/stdout: file too large\n", "helm_output_too_large"),
        (1, 1, "Error: execution error at (web/templates/a.yaml:1:4): fatal error: out of memory\n", None),
        (1, 60, "Error: UPGRADE FAILED: timed out waiting for the condition\n", None),
    ],
)
def test_the_exceeded_limit_of_a_run_is_known(code: int, cpu_seconds: float, words: str, expected: str | None) -> None:
    found = beyond_limits(code, cpu_seconds, words, LIMITS, wrote=True)
    assert (found.code if found else None) == expected
    assert found is None or found.wrote
    assert isinstance(found, TemporaryError if expected == "helm_killed" else PermanentError | None)
