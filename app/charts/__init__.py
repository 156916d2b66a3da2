"""Charts: where they come from, how one is checked, and where it is kept so that every worker can read it."""
