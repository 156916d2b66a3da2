"""API versions that Kubernetes deprecates and removes."""
