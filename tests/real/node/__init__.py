"""Tests with real pods, on one node that they share. Where the machine can have none, they are skipped with the reason,
which pytest prints at the end."""
