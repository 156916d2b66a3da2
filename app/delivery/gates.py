"""What a rollout waits for, as it is stored and shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.rollouts.progress import Gate
from app.rollouts.states import GateKind, GateState
from app.tables.rollouts import RolloutWave

_MOST = 20
"""The targets that are stored with a gate."""

_MESSAGES = {
    GateKind.APPROVAL: "The wave has to be approved.",
    GateKind.WINDOW: "No change window is open.",
    GateKind.SOAK: "The wave soaks before the next one begins.",
    GateKind.CHECK: "A check has not passed.",
    GateKind.BUDGET: "As many targets are unavailable as the rollout may make unavailable at once.",
    GateKind.UNREACHABLE: "Too many targets of the wave are unreachable.",
    GateKind.OTHER_OPERATION: "Another operation works on these targets.",
    GateKind.EARLIER_ROLLOUT: "An earlier rollout of the deployment has not ended.",
}


def stored_gates(
    gates: Sequence[Gate], waves: Sequence[RolloutWave], before: Sequence[dict[str, Any]], moment: datetime
) -> list[dict[str, Any]]:
    """The gates as JSON. A gate that existed before keeps the time since when it exists."""
    since = {_key(each): each["since"] for each in before}
    found = []
    for gate in gates:
        is_check = gate.kind is GateKind.CHECK
        message = f"The check {gate.message} has not passed." if is_check else gate.message
        stored = {
            "kind": gate.kind,
            "wave": gate.wave,
            "state": GateState.WAITING,
            "check": gate.message if is_check else None,
            "message": message or _MESSAGES[gate.kind],
            "until": gate.until.isoformat() if gate.until else None,
            "targets": list(gate.targets[:_MOST]),
            "count": len(gate.targets),
            "approvals": waves[gate.wave].rule["approvals"] if gate.kind is GateKind.APPROVAL else None,
        }
        stored["since"] = since.get(_key(stored), moment.isoformat())
        found.append(stored)
    return found


def _key(stored: dict[str, Any]) -> tuple[Any, ...]:
    return stored["kind"], stored["wave"], stored["check"]
