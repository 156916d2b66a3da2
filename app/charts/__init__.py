"""Charts: their sources, their checks, and their storage, which every worker can read."""
