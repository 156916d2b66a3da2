"""Definitions that users write in YAML: how they are read, and how their revisions are kept."""
