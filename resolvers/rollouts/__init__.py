"""Rollouts in waves."""
