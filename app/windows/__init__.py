"""Change windows: stored, changed, and applied to targets."""
