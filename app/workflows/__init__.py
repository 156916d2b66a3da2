"""Workflow definitions: their language, the check when one is saved, and what happens next in a run.

Like `app/rollouts/`, this package has no I/O.
"""
