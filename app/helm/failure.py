"""What a failed Helm run means: Helm's own words to an error of one of the two kinds."""

import re

from app.clusters.member import THROTTLED, UNAUTHORIZED, UNREACHABLE
from app.errors import ActionError, PermanentError, TemporaryError

MAX_OUTPUT = 16_000
"""Characters of Helm's output that are kept with an error."""

NAME_TAKEN = "release_name_taken"
LOCKED = "release_locked"
TIMED_OUT = "helm_timed_out"

_TEMPORARY = (
    (LOCKED, r"another operation \(install/upgrade/rollback\) is in progress"),
    (THROTTLED, r"too many requests|TooManyRequests|client rate limiter"),
    (UNAUTHORIZED, r"Unauthorized|the server has asked for the client to provide credentials"),
    (
        UNREACHABLE,
        r"connection refused|connection reset|no such host|no route to host|network is unreachable|i/o timeout"
        r"|TLS handshake timeout|Kubernetes cluster unreachable|unexpected EOF|http2: client connection lost"
        r"|etcdserver: |apiserver not ready|the server is currently unable to handle the request"
        r"|Client\.Timeout exceeded|leader changed",
    ),
)
_PERMANENT = (
    # A wait that ran out has made a revision. Trying again would make another one each time, so it is reported instead.
    (TIMED_OUT, r"timed out waiting for the condition|context deadline exceeded|timeout waiting for"),
    (NAME_TAKEN, r"cannot re-use a name that is still in use"),
    ("resource_exists", r"rendered manifests contain a resource that already exists|invalid ownership metadata"),
    ("values_refused", r"values don't meet the specifications of the schema"),
    (
        "chart_not_rendered",
        r"execution error at|parse error at|template: |error converting YAML to JSON|YAML parse error"
        r"|failed to render|unable to build kubernetes objects.*error parsing",
    ),
    (
        "cluster_refused",
        r"is invalid:|is forbidden|admission webhook|error validating|unable to build kubernetes objects"
        r"|no matches for kind|unable to create new content",
    ),
)


def failure(stderr: str) -> ActionError:
    """The error that Helm's words on standard error tell of."""
    output = _without_warnings(stderr)[-MAX_OUTPUT:]
    message = _sentence(output)
    # Which kind is told by the last words: a release that failed for good may name an earlier, passing trouble.
    for code, pattern in _PERMANENT[:1]:
        if re.search(pattern, output):
            return PermanentError(code, message, output)
    for code, pattern in _TEMPORARY:
        if re.search(pattern, output):
            return TemporaryError(code, message, output)
    for code, pattern in _PERMANENT[1:]:
        if re.search(pattern, output, re.DOTALL):
            return PermanentError(code, message, output)
    return PermanentError("helm_failed", message, output)


def _without_warnings(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if not re.match(r"^(WARNING: |[WI]\d{4} |level=(WARN|INFO))", line)]
    return "\n".join(lines).strip()


def _sentence(output: str) -> str:
    # What the API server refuses comes as a list, below a line that only counts it.
    told = re.sub(r"\d+ errors? occurred:\s+\* ", "", output.removeprefix("Error: "), count=1)
    first = told.split("\n", 1)[0].strip()
    return (first[:500] or "Helm failed without a word.").rstrip(":")
