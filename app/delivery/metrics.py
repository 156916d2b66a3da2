"""Metrics of rollouts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import func, select, text
from sqlmodel import col

from app.core.services import Services
from app.rollouts import states
from app.rollouts.checks import CheckKind
from app.rollouts.states import OPEN, Answer, GateKind, RolloutPhase
from app.tables.rollouts import Rollout

_BUCKETS = (1, 5, 30, 60, 300, 1800, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600)
ROLLOUTS = Gauge("polyhelm_rollouts", "Rollouts that have not ended, by phase.", ["phase"])
WAITING = Gauge(
    "polyhelm_rollout_waiting_targets", "Targets of rollouts that wait for a gate, by kind of gate.", ["gate"]
)
GATE_SECONDS = Histogram(
    "polyhelm_rollout_gate_seconds", "How long rollouts waited for gates, by kind of gate.", ["gate"], buckets=_BUCKETS
)
CHECKS = Counter(
    "polyhelm_rollout_check_measurements_total", "Measurements of checks, by kind and answer.", ["kind", "answer"]
)
LEAD_SECONDS = Histogram(
    "polyhelm_rollout_lead_seconds",
    "How long it took from a change until its rollout succeeded.",
    buckets=_BUCKETS,
)


# A gate that names no targets holds all that have not moved in its wave and in later ones.
_WAITING = text("""
    WITH gate AS (
        SELECT r.id, g ->> 'kind' AS kind, (g ->> 'wave')::int AS wave, (g ->> 'count')::int AS count
        FROM rollout r, jsonb_array_elements(r.gates) g
        WHERE r.phase = ANY(:open)
    )
    SELECT kind, sum(
        CASE WHEN count > 0 THEN count ELSE (
            SELECT count(*) FROM rollout_target t
            WHERE t.rollout_id = gate.id AND t.wave >= gate.wave AND t.state = ANY(:waiting)
        ) END
    )
    FROM gate GROUP BY kind
""")
_COUNTS = select(col(Rollout.phase), func.count()).where(col(Rollout.phase).in_(OPEN)).group_by(col(Rollout.phase))


async def count_rollouts(services: Services) -> None:
    """Sets the number of rollouts that have not ended, and of the targets that wait in them."""
    counts = {row[0]: row[1] for row in await services.database.rows(_COUNTS)}
    for phase in OPEN:
        ROLLOUTS.labels(phase).set(counts.get(phase, 0))
    given = _WAITING.bindparams(open=[*OPEN], waiting=[*states.WAITING])
    waiting = {row[0]: int(row[1]) for row in await services.database.rows(given)}
    for kind in GateKind:
        WAITING.labels(kind).set(waiting.get(kind, 0))


def note_gates(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], moment: datetime) -> None:
    """Observes the gates that have opened."""
    still = {(gate["kind"], gate["wave"], gate["check"]) for gate in after}
    for gate in before:
        if (gate["kind"], gate["wave"], gate["check"]) not in still:
            waited = moment - datetime.fromisoformat(gate["since"])
            GATE_SECONDS.labels(gate["kind"]).observe(waited.total_seconds())


def note_measurement(kind: CheckKind, answer: Answer) -> None:
    CHECKS.labels(kind, answer).inc()


def note_end(row: Rollout) -> None:
    if row.phase is RolloutPhase.SUCCEEDED and row.ended_at is not None:
        LEAD_SECONDS.observe((row.ended_at - row.created_at).total_seconds())
