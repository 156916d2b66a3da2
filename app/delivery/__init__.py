"""Rollouts as they are stored, run and steered. `app/rollouts/` decides what happens next in one."""
