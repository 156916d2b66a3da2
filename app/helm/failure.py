"""What a failed Helm run means: Helm's own words to an error of one of the two kinds."""

import re
import signal

from app.clusters.member import THROTTLED, UNAUTHORIZED, UNREACHABLE
from app.errors import ActionError, PermanentError, TemporaryError
from app.helm.confinement import Limits

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


# How Go's runtime ends where it is given no more memory.
_OUT_OF_MEMORY = re.compile(
    r"(fatal error|runtime): [^\n]*"
    r"(out of memory|cannot allocate|failed to reserve|failed to create new OS thread|goroutine stack exceeds)"
)
_FILE_TOO_LARGE = re.compile(r"^Error: [^\n]*write [^\n]*: file too large$", re.MULTILINE)


def beyond_limits(code: int, cpu_seconds: float, stderr: str, limits: Limits) -> ActionError | None:
    """The error of a run that needed more than it may have, or was ended by the system; None for any other."""
    if _OUT_OF_MEMORY.match(stderr):
        megabytes = limits.memory // 2**20
        return PermanentError("helm_memory", f"Helm needs more than {megabytes:,} MiB of memory for this chart.")
    # The kernel counts the limit by its clock's ticks, and what was used more exactly: they differ by a third at times.
    if code == -signal.SIGKILL and cpu_seconds >= limits.cpu / 2:
        return PermanentError("helm_cpu", f"Helm needs more than {limits.cpu} s of CPU time for this chart.")
    if _FILE_TOO_LARGE.search(stderr):
        return PermanentError("helm_output_too_large", f"What Helm renders has more than {limits.output:,} bytes.")
    if code < 0:
        name = signal.Signals(-code).name
        return TemporaryError("helm_killed", f"Helm was ended from outside ({name}), as where memory runs short.")
    return None


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
