"""What spans subjects: the overview of all clusters, deployments and statuses."""
