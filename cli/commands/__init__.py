"""The commands, a module for each subject of the API."""
