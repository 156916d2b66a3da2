"""The Helm binary: which one, how it is run, and what its failures mean."""
