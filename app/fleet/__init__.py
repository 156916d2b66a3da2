"""Use cases across subjects: the overview, and changes of clusters, groups, secrets and roles."""
