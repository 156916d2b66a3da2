"""What became of an operation on one cluster, and what a plan says of one, in words."""

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
"""Objects of a release that are listed at most."""

_TELLING = ("HOOK", "WAITING", "WAITING_FOR_SLOT")
"""Phases of an open result that say more than its summary."""


def outcome(result: Any) -> str:
    """What is being done, or what came of it."""
    return str(result["summary"])


def outcome_error(result: Any) -> str:
    """The same, with the error of a result that has one and what to do about it, or what an open one is in or waits
    for."""
    if result["activity"] and result["activity"]["phase"] in _TELLING:
        return f"{outcome(result)}: {result['activity']['message']}"
    error = result["error"]
    return f"{outcome(result)}: {_with_output(error)} {error['advice']}".rstrip() if error else outcome(result)


def is_done(result: Any) -> bool:
    """Whether what was asked for is done, a release that was left behind as asked for included."""
    return result["state"] == "SUCCEEDED" or bool(result["abandoned"])


def abandoned_by(operation: Any | None) -> list[Any]:
    """The releases that an operation has left behind; None is one that went with its deployment."""
    results = operation["results"] if operation else []
    return [result["abandoned"] for result in results if result["abandoned"]]


def tell_abandoned(releases: Iterable[Any]) -> None:
    """Tells of what stays on clusters, even when asked to be quiet: nobody else looks after it."""
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
    """Why something would be done on a cluster, or can't be, and what its API server warns of."""
    sentences = [reason["message"] for reason in target["reasons"]]
    warnings = [f"Warning: {warning}" for warning in target["warnings"]]
    return one_line([*sentences, *([plan_error(target)] if target["error"] else []), *warnings])


def plan_error(target: Any) -> str:
    return _with_output(target["error"])


def _with_output(error: Any) -> str:
    text = str(error["message"]) + (f" ({error['output'].strip()})" if error["output"] else "")
    return " ".join(text.split())
