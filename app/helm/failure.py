"""Classifies a failed Helm run as an error of one of the two kinds (docs/decisions/failures.md).

The kind depends on where the run failed, according to the ledger of its requests and the exit code. Helm's output
contains text of charts and of whatever a member passes on: it is shown, and only chooses between codes of permanent
errors.
"""

import re
import signal

from app.core.errors import ActionError, PermanentError, TemporaryError
from app.helm.ledger import Ledger, Stage
from app.releases.error_codes import ActionCode
from app.releases.scrubbing import WITHHELD, Scrubber
from app.releases.texts import without_objects
from app.sandbox.limits import Limits

MAX_OUTPUT = 16_000
"""The number of characters of Helm's output that are kept."""
MAX_SEARCHED = 4 * MAX_OUTPUT
"""The number of characters of Helm's output that are searched for secrets: one may begin before or end after the part
that is kept."""


# Helm's whole error message if the release has changed since Polyhelm looked.
_LOST_RACE = re.compile(
    r"Error: (INSTALLATION FAILED: |UPGRADE FAILED: )?(cannot re-use a name that is still in use"
    r"|another operation \(install/upgrade/rollback\) is in progress)"
)
_BEFORE_WRITING = (
    (
        ActionCode.CHART_NOT_RENDERED,
        r"execution error at|parse error at|template: |error converting YAML to JSON|YAML parse error"
        r"|failed to render|unable to build kubernetes objects.*error parsing|resource name may not be empty$",
    ),
    (ActionCode.API_REMOVED, r"unable to build kubernetes objects from current release manifest"),
    (ActionCode.VALUES_REFUSED, r"values don't meet the specifications of the schema"),
    (
        ActionCode.RESOURCE_EXISTS,
        r"rendered manifests contain a resource that already exists|invalid ownership metadata",
    ),
    (ActionCode.CLUSTER_REFUSED, r"error validating|unable to build kubernetes objects|no matches for kind"),
)
# A wait that timed out has made a revision. Each retry would make another one, so the failure is reported instead.
_AFTER_WRITING = (
    (
        ActionCode.HELM_TIMED_OUT,
        r"timed out waiting for the condition|context deadline exceeded|timeout waiting for",
    ),
    (ActionCode.CHART_NOT_RENDERED, r"resource name may not be empty$"),
    # No request to delete an object has failed: Helm cannot determine which requests to send.
    (ActionCode.API_REMOVED, r"^Error: failed to delete release: \S+$"),
)

# How Go's runtime ends if it gets no more memory.
_OUT_OF_MEMORY = re.compile(
    r"(fatal error|runtime): [^\n]*"
    r"(out of memory|cannot allocate|failed to reserve|failed to create new OS thread|goroutine stack exceeds)"
)
_FILE_TOO_LARGE = re.compile(r"^Error: [^\n]*write [^\n]*: file too large$", re.MULTILINE)


def beyond_limits(code: int, cpu_seconds: float, stderr: str, limits: Limits, *, wrote: bool) -> ActionError | None:
    """The error of a run that exceeded its limits or was killed by the system; None for any other run."""
    if _OUT_OF_MEMORY.match(stderr):
        megabytes = limits.memory // 2**20
        words = f"Helm needs more than {megabytes:,} MiB of memory for this chart."
        return PermanentError(ActionCode.HELM_MEMORY, words, wrote=wrote)
    # The kernel enforces the limit in ticks of its clock, and measures what was used more precisely: at times they
    # differ by a third.
    if code == -signal.SIGKILL and limits.cpu is not None and cpu_seconds >= limits.cpu / 2:
        words = f"Helm needs more than {limits.cpu} s of CPU time for this chart."
        return PermanentError(ActionCode.HELM_CPU, words, wrote=wrote)
    if _FILE_TOO_LARGE.search(stderr):
        words = f"Helm's output has more than {limits.output:,} bytes."
        return PermanentError(ActionCode.HELM_OUTPUT_TOO_LARGE, words, wrote=wrote)
    if code < 0:
        name = signal.Signals(-code).name
        words = f"Helm was killed by the system ({name}), for example because the machine ran out of memory."
        return TemporaryError(ActionCode.HELM_KILLED, words, wrote=wrote)
    return None


def failure(ledger: Ledger, code: int, stderr: str, scrubber: Scrubber) -> ActionError | None:
    """The error of a run that ended with this exit code and this output; None if it succeeded."""
    words = _without_warnings(without_objects(stderr))[-MAX_SEARCHED:]
    output = scrubber.clean(words)[-MAX_OUTPUT:]
    cause, wrote = ledger.cause(), ledger.progress.wrote
    if not code:
        if ledger.last_record_is_written:
            return None
        message = "Helm succeeded, but the last write of the release's record failed."
        cleaned = scrubber.clean(cause.output) if cause and cause.output else output
        return TemporaryError(ActionCode.CLUSTER_UNREACHABLE, message, cleaned, wrote=wrote)
    if cause is not None:
        withheld = f"{scrubber.clean(ledger.refused, instead='An object')} was refused. {WITHHELD}"
        cause.message = scrubber.clean(cause.message, instead=withheld)
        cause.output = output or (scrubber.clean(cause.output) if cause.output else cause.output)
        cause.wrote = wrote
        return cause
    message = _sentence(output)
    if _LOST_RACE.fullmatch(words):
        return TemporaryError(ActionCode.RELEASE_CHANGED, message, output, wrote=wrote)
    patterns = _BEFORE_WRITING if ledger.progress.stage is Stage.CHECKING else _AFTER_WRITING
    kind = next((kind for kind, pattern in patterns if re.search(pattern, words, re.DOTALL)), ActionCode.HELM_FAILED)
    return PermanentError(kind, message, output, wrote=wrote)


def _without_warnings(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if not re.match(r"^(WARNING: |[WI]\d{4} |level=(WARN|INFO))", line)]
    return "\n".join(lines).strip()


def _sentence(output: str) -> str:
    # Refusals of the API server come as a list, below a line that only counts them.
    cleaned = re.sub(r"\d+ errors? occurred:\s+\* ", "", output.removeprefix("Error: "), count=1)
    first = cleaned.split("\n", 1)[0].strip()
    return (first[:500] or "Helm failed without any output.").rstrip(":")
