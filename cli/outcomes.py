"""What became of an operation on one cluster, and what a plan says of one, in words."""

from typing import Any

from cli.output import one_line

ENDED = ("SUCCEEDED", "FAILED", "SUPERSEDED", "CANCELLED")

_DOING = {"INSTALL": "installing", "UPGRADE": "upgrading", "ROLLBACK": "rolling back", "UNINSTALL": "uninstalling"}
_DONE = {
    "NONE": "unchanged",
    "INSTALL": "installed",
    "UPGRADE": "upgraded",
    "ROLLBACK": "rolled back",
    "UNINSTALL": "uninstalled",
}


def outcome(result: Any) -> str:
    """The state of a result in words: what is being done, or what came of it."""
    action, state = result["action"], result["state"]
    if state == "SUCCEEDED":
        return _DONE[action]
    if state == "RUNNING":
        return _DOING.get(action, "waiting for cluster")
    if state == "PENDING":
        return "pending"
    words = str(state).lower()
    return words if action == "NONE" else f"{action.lower()} {words}"


def outcome_error(result: Any) -> str:
    """The same, with the error of a result that has one."""
    return outcome(result) + (f": {_with_output(result['error'])}" if result["error"] else "")


def plan_why(target: Any) -> str:
    """Why something would be done on a cluster, or can't be."""
    sentences = [reason["message"] for reason in target["reasons"]]
    return one_line([*sentences, *([plan_error(target)] if target["error"] else [])])


def plan_error(target: Any) -> str:
    return _with_output(target["error"])


def _with_output(error: Any) -> str:
    text = str(error["message"]) + (f" ({error['output'].strip()})" if error["output"] else "")
    return " ".join(text.split())
