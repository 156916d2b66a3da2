"""What became of an operation on one cluster, and what a plan says of one, in words."""

from typing import Any

from cli.output import one_line

ENDED = ("SUCCEEDED", "FAILED", "SUPERSEDED", "CANCELLED")

RESULT_FIELDS = "clusterName action state summary activity { phase message } error { code message output advice }"
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
