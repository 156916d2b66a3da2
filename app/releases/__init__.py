"""The heart: pure functions from what is wanted and what is there to a status and an action. No I/O in this folder."""
