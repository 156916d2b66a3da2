"""Which objects of releases use API versions that a version of Kubernetes deprecates or no longer serves. Pure."""
