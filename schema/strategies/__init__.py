"""The strategies of rollouts: how changes reach the targets of a deployment."""
