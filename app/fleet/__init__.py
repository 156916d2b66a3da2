"""What spans subjects: the overview, and changes of clusters, groups, secrets and roles that affect deployments."""
