"""Change windows, and to which clusters, groups and targets they apply."""
