"""Which objects of releases use API versions that a version of Kubernetes deprecates or no longer serves, and manifests
with the API versions that replace them. Pure."""
