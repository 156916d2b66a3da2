"""The commands, in a module for each subject of the API."""
