"""What fields of many objects ask for about rollouts."""

from app.delivery.queries import (
    check_runs,
    costing,
    decisions,
    last_measurements,
    state_counts,
    superseding,
    waves,
)
from app.tables.rollouts import CheckMeasurement, CheckRun, GateDecision, Rollout, RolloutWave
from schema.loading import Loader, by_id, existing, many, one

rollout_by_id = by_id(Rollout)
rollout_superseding = one(superseding)
state_counts_by_rollout = existing(state_counts)
waves_by_rollout: Loader[int, list[RolloutWave]] = many(waves, lambda row: (row.rollout_id, row))
decisions_by_rollout: Loader[int, list[GateDecision]] = many(decisions, lambda row: (row.rollout_id, row))
measurements_by_run: Loader[int, list[CheckMeasurement]] = many(last_measurements, lambda row: (row.run_id, row))
checks_by_rollout: Loader[int, list[CheckRun]] = many(check_runs, lambda row: (row.rollout_id, row))
costing_by_rollout: Loader[int, list[int]] = many(costing, lambda row: row)
