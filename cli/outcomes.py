"""Texts for the outcome of an operation or a plan on one cluster."""

from collections.abc import Iterable
from typing import Any

from cli.output import one_line

ENDED = ("SUCCEEDED", "FAILED", "SUPERSEDED", "CANCELLED")

_RELEASE = "clusterName namespace releaseName reason objects { kind name namespace }"
ABANDONED_FIELDS = f"abandoned {{ {_RELEASE} }}"
RESULT_FIELDS = (
    "clusterName action state summary activity { phase message } error { code message output advice }"
    f" {ABANDONED_FIELDS}"
)
_OBJECTS = 20
"""The maximum number of objects of a release that are listed."""

_TELLING = ("HOOK", "WAITING", "WAITING_FOR_SLOT", "WAITING_FOR_WINDOW", "WAITING_FOR_DEPENDENCY")
"""Phases of an open result that are more informative than its summary."""


def outcome(result: Any) -> str:
    """Returns the current activity or the outcome."""
    return str(result["summary"])


def outcome_error(result: Any) -> str:
    """Returns the outcome with the error and its advice, or with the current phase of an open result."""
    if result["activity"] and result["activity"]["phase"] in _TELLING:
        return f"{outcome(result)}: {result['activity']['message']}"
    error = result["error"]
    if not error:
        return outcome(result)
    return f"{outcome(result)}: {one_line(filter(None, (_with_output(error), error['advice'])))}"


def is_done(result: Any) -> bool:
    """Returns whether the result is successful. A release that was left behind on request is a success."""
    return result["state"] == "SUCCEEDED" or bool(result["abandoned"])


def abandoned_by(operation: Any | None) -> list[Any]:
    """Returns the releases that an operation has left behind. None stands for an operation that was deleted with
    its deployment."""
    results = operation["results"] if operation else []
    return [result["abandoned"] for result in results if result["abandoned"]]


def tell_abandoned(releases: Iterable[Any]) -> None:
    """Prints what stays on clusters, even with --quiet, because Polyhelm no longer manages it."""
    from cli.terminal import tell

    for left in releases:
        where = f"{left['releaseName']} in namespace {left['namespace']} of {left['clusterName']}"
        tell(f"Left behind: {where}: {left['reason']}")
        if left["objects"]:
            tell(f"  Its objects: {_objects(left)}")


def _objects(left: Any) -> str:
    names = [f"{one['kind']} {one['namespace']}/{one['name']}" for one in left["objects"]]
    more = len(names) - _OBJECTS
    return ", ".join(names[:_OBJECTS]) + (f" and {more} more" if more > 0 else "")


def plan_why(target: Any) -> str:
    """Returns the reason for a planned action or its error, and the warnings of the cluster's API server."""
    sentences = [reason["message"] for reason in target["reasons"]]
    warnings = [f"Warning: {warning}" for warning in target["warnings"]]
    return one_line([*sentences, *([plan_error(target)] if target["error"] else []), *warnings])


def plan_error(target: Any) -> str:
    return _with_output(target["error"])


def _with_output(error: Any) -> str:
    message, output = (" ".join(str(error[field] or "").split()) for field in ("message", "output"))
    return message if output.removeprefix("Error: ") in message else f"{message} ({output})"
