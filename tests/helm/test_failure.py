"""Helm's real words, and what they mean for us: try again, or tell at once."""

import pytest

from app.errors import ActionError, PermanentError, TemporaryError
from app.helm.confinement import Limits
from app.helm.failure import MAX_OUTPUT, beyond_limits, failure

SERVER = 'Get "https://10.0.0.1:6443/version"'
TEMPORARY = [
    (
        "release_locked",
        "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
    ),
    (
        "cluster_throttled",
        "Error: INSTALLATION FAILED: the server has received too many requests and has asked us to try again later",
    ),
    ("cluster_throttled", "Error: client rate limiter Wait returned an error: context canceled"),
    ("cluster_throttled", "Error: query: failed to query with labels: TooManyRequests"),
    (
        "cluster_unauthorized",
        "Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials",
    ),
    ("cluster_unauthorized", "Error: query: failed to query with labels: Unauthorized"),
    (
        "cluster_unreachable",
        f"Error: Kubernetes cluster unreachable: {SERVER}: dial tcp 10.0.0.1:6443: connect: connection refused",
    ),
    ("cluster_unreachable", f"Error: INSTALLATION FAILED: {SERVER}: dial tcp: lookup paris.example: no such host"),
    ("cluster_unreachable", f"Error: UPGRADE FAILED: {SERVER}: dial tcp 10.0.0.1:6443: connect: no route to host"),
    (
        "cluster_unreachable",
        f"Error: UPGRADE FAILED: {SERVER}: dial tcp 10.0.0.1:6443: connect: network is unreachable",
    ),
    ("cluster_unreachable", f"Error: UPGRADE FAILED: {SERVER}: dial tcp 10.0.0.1:6443: i/o timeout"),
    ("cluster_unreachable", f"Error: UPGRADE FAILED: {SERVER}: net/http: TLS handshake timeout"),
    (
        "cluster_unreachable",
        f"Error: UPGRADE FAILED: {SERVER}: read tcp 10.0.0.2:1->10.0.0.1:6443: read: connection reset by peer",
    ),
    ("cluster_unreachable", f"Error: UPGRADE FAILED: {SERVER}: unexpected EOF"),
    ("cluster_unreachable", "Error: UPGRADE FAILED: http2: client connection lost"),
    ("cluster_unreachable", "Error: UPGRADE FAILED: create: failed to create: etcdserver: request timed out"),
    ("cluster_unreachable", "Error: UPGRADE FAILED: etcdserver: leader changed"),
    ("cluster_unreachable", "Error: INSTALLATION FAILED: create: failed to create: apiserver not ready"),
    ("cluster_unreachable", "Error: the server is currently unable to handle the request"),
    (
        "cluster_unreachable",
        f"Error: {SERVER}: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
    ),
]
PERMANENT = [
    ("helm_timed_out", "Error: INSTALLATION FAILED: context deadline exceeded"),
    ("helm_timed_out", "Error: UPGRADE FAILED: timed out waiting for the condition"),
    (
        "helm_timed_out",
        "Error: UPGRADE FAILED: release shop failed, and has been rolled back due to atomic being set: timed"
        " out waiting for the condition",
    ),
    ("helm_timed_out", f"Error: UPGRADE FAILED: {SERVER}: connection refused: timed out waiting for the condition"),
    ("release_name_taken", "Error: INSTALLATION FAILED: cannot re-use a name that is still in use"),
    (
        "resource_exists",
        'Error: INSTALLATION FAILED: Unable to continue with install: ConfigMap "shop" in namespace'
        ' "default" exists and cannot be'
        " imported into the current release: invalid ownership metadata; label validation error: missing key"
        ' "app.kubernetes.io/managed-by": must be set to "Helm"',
    ),
    (
        "resource_exists",
        "Error: rendered manifests contain a resource that already exists. Unable to continue with update",
    ),
    (
        "values_refused",
        "Error: INSTALLATION FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\n"
        "web:\n- replicas: Invalid type. Expected: integer, given: string\n",
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
        'Error: UPGRADE FAILED: template: web/templates/config.yaml:1:9: executing "web/templates/config.yaml" at'
        " <.Values.a.b>: nil pointer evaluating interface {}.b",
    ),
    (
        "chart_not_rendered",
        "Error: INSTALLATION FAILED: YAML parse error on web/templates/config.yaml: error converting YAML to"
        " JSON: yaml: line"
        " 2: mapping values are not allowed in this context",
    ),
    (
        "cluster_refused",
        'Error: UPGRADE FAILED: cannot patch "shop" with kind Deployment: Deployment.apps "shop" is invalid:'
        " spec.selector: Invalid value: field is immutable",
    ),
    (
        "cluster_refused",
        'Error: INSTALLATION FAILED: namespaces "shop" is forbidden: User "polyhelm" cannot create resource'
        ' "namespaces"',
    ),
    (
        "cluster_refused",
        'Error: INSTALLATION FAILED: admission webhook "policy.example.com" denied the request: no',
    ),
    (
        "cluster_refused",
        "Error: INSTALLATION FAILED: unable to build kubernetes objects from release manifest: resource"
        ' mapping not found for name: "a"'
        ' namespace: "" from "": no matches for kind "Widget" in version "example.com/v1"',
    ),
    (
        "cluster_refused",
        "Error: INSTALLATION FAILED: unable to build kubernetes objects from release manifest: error"
        ' validating "": error validating'
        ' data: unknown field "spec.no" in io.k8s.api.core.v1.ConfigMap',
    ),
    (
        "cluster_refused",
        'Error: create: failed to create: secrets "a" is forbidden: unable to create new content in'
        " namespace shop because it is being terminated",
    ),
    ("helm_failed", "Error: INSTALLATION FAILED: something that nobody has seen yet"),
    ("helm_failed", 'Error: UPGRADE FAILED: "shop" has no deployed releases'),
    ("helm_failed", ""),
]


@pytest.mark.parametrize(("code", "words"), TEMPORARY)
def test_it_is_tried_again(code: str, words: str) -> None:
    assert told(failure(f"{words}\n")) == (TemporaryError, code, words)


@pytest.mark.parametrize(("code", "words"), PERMANENT)
def test_it_is_told_at_once(code: str, words: str) -> None:
    assert told(failure(f"{words}\n")) == (PermanentError, code, words.strip())


def told(error: ActionError) -> tuple[type[ActionError], str, str | None]:
    return type(error), error.code, error.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("Error: UPGRADE FAILED: no", "UPGRADE FAILED: no"),
        ("Error: first\nsecond", "first"),
        ("Error: values are wrong:\n- a", "values are wrong"),
        ("Error: " + "x" * 1000, "x" * 500),
        ("", "Helm failed without a word."),
        ("panic: runtime error", "panic: runtime error"),
        (
            'Error: INSTALLATION FAILED: 1 error occurred:\n\t* ConfigMap "a" is invalid: no\n\n',
            'INSTALLATION FAILED: ConfigMap "a" is invalid: no',
        ),
    ],
)
def test_the_message_is_the_first_sentence(words: str, message: str) -> None:
    assert failure(words).message == message


def test_warnings_are_left_out() -> None:
    error = failure(
        "WARNING: Kubernetes configuration file is group-readable. connection refused\n"
        "W1121 12:00:00.000000    1 warnings.go:70] unknown field, connection refused\n"
        "I1121 12:00:00.000000    1 request.go:1] Waited for 1s due to client-side throttling, too many requests\n"
        "level=WARN msg=connection refused\n"
        "Error: INSTALLATION FAILED: cannot re-use a name that is still in use\n"
    )
    assert told(error) == (
        PermanentError,
        "release_name_taken",
        "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
    )


def test_of_many_words_the_last_are_kept() -> None:
    error = failure("Error: " + "x" * MAX_OUTPUT + "\nconnection refused")
    assert error.output is not None
    assert len(error.output) == MAX_OUTPUT
    assert error.code == "cluster_unreachable"


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
def test_what_a_run_needed_too_much_of_is_told_apart(
    code: int, cpu_seconds: float, words: str, expected: str | None
) -> None:
    found = beyond_limits(code, cpu_seconds, words, LIMITS)
    assert (found.code if found else None) == expected
    assert isinstance(found, TemporaryError if expected == "helm_killed" else PermanentError | None)
