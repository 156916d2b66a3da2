"""What fields of targets and deployments ask for about rollouts."""

from app.delivery.queries import open_holds, present_rollouts, target_states
from app.tables.rollouts import GenerationHold
from schema.loading import Loader, many, one

rollout_by_deployment = one(present_rollouts)
state_by_target = one(target_states)
holds_by_deployment: Loader[int, list[GenerationHold]] = many(open_holds, lambda row: (row.deployment_id, row))
