"""The Helm binary: how it is found and run, and what its failures mean."""
