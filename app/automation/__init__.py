"""Workflows of an organization: their definitions, as stored."""
